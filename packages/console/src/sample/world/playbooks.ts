// What a person does, for two kinds of theft.
import type { PlaybookText } from "@outweigh/schema";

export const bulkRead: PlaybookText = {
  id: "weights-read",
  title: "Weights were read by somebody who may not",
  sections: [
    {
      heading: "What it means",
      text: "A principal that the register does not allow has read so much of a model that it may hold all of it. The bytes are gone from custody until a declared copy accounts for them.",
    },
    {
      heading: "Theft or work",
      text: "Ask who owns the principal. Work looks like this too:\n\n- a new deployment that nobody registered\n- a backup job with a borrowed role\n- a migration between buckets",
    },
    {
      heading: "What to do",
      text: "1. Revoke the key of the principal, or narrow its role to nothing.\n2. Quarantine the file if a scan found it.\n3. Ask who owns the host, *before* you close.\n4. If it was work, declare the place in `outweigh.yml` and run `outweigh check`.",
    },
    {
      heading: "What it does not see",
      text: "Reads that bypass the bucket: a snapshot, a mounted volume, a memory dump.",
    },
  ],
};

export const exposure: PlaybookText = {
  id: "exposure",
  title: "Storage was opened to others",
  sections: [
    {
      heading: "What it means",
      text: "A bucket or a file that holds weights can be read by more than its register says.",
    },
    { heading: "Theft or work", text: "Look for a change ticket at the same minute." },
    { heading: "What to do", text: "1. Close it: take the grant back.\n2. List who read meanwhile." },
    { heading: "What it does not see", text: "Reads over a signed address after the grant was taken back." },
  ],
};
