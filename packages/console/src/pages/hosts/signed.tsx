import type { ScanRun } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { addresses } from "../../api/address.ts";
import { keep } from "../../api/client.ts";
import { Button } from "../../ui/button.tsx";
import { Problem } from "../../ui/states.tsx";
import { Middle, Muted, Shown } from "../../ui/text.tsx";

/** Whose key signed a scan's result, and the file by which others check it. */
export function Signed({ of }: { readonly of: ScanRun["signed"] }) {
  const file = useMutation({
    mutationFn: ({ by, finishedAt }: NonNullable<ScanRun["signed"]>) =>
      keep(addresses.signedScan(by, finishedAt), "scan.signed.json"),
  });
  if (!of) return <Muted>No signed result is kept</Muted>;
  return (
    <>
      by <Shown>{of.by}</Shown>, key <Middle copy>{of.key}</Middle>{" "}
      <Button look="quiet" onClick={() => file.mutate(of)} disabled={file.isPending}>
        Take the signed result
      </Button>
      <Muted> outweigh verify checks it on any machine</Muted>
      {file.error && <Problem error={file.error} />}
    </>
  );
}
