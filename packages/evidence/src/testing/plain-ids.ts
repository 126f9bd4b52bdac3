import { readFileSync } from "node:fs";

const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");

/**
 * Packs of one incident as servers made them until 2026-11-26, when documents were still named by the nouns' own ids: whole, and without
 * its principal, `arn:aws:iam::111122223333:user/mallory`.
 */
export const plainPacks = { whole: read("plain-ids.pack"), redacted: read("plain-ids-redacted.pack") } as const;
