import type { NewToken } from "@outweigh/schema";
import type { Terminal } from "./terminal.ts";

/** Prints a secret that is told once: it alone on stdout, what it is good for beside it. */
export function printSecret(
  { token, secret }: NewToken,
  { json, terminal }: { readonly json: boolean; readonly terminal: Terminal },
): void {
  if (json) terminal.printJson({ name: token.name, source: token.source, secret });
  else terminal.print(secret);
  terminal.say(`the token ${token.name} sends records of ${token.source}: keep it, it is shown this once`);
}
