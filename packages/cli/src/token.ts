import { grantsText, type NewToken } from "@outweigh/schema";
import type { Terminal } from "./terminal.ts";

/** Prints a secret that is told once: it alone on stdout, what it is good for beside it. */
export function printSecret(
  { token, secret }: NewToken,
  { json, terminal }: { readonly json: boolean; readonly terminal: Terminal },
): void {
  const { name, source, grant, expiresAt } = token;
  const ends = expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt).toISOString() };
  if (json) terminal.printJson({ name, ...(source === undefined ? { grant } : { source }), ...ends, secret });
  else terminal.print(secret);
  const does = source === undefined ? `asks as ${grantsText(grant ? [grant] : [])}` : `sends records of ${source}`;
  terminal.say(`the token ${name} ${does}: keep it, it is shown this once`);
}
