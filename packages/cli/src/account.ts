import { grant, role, spaceName, type Grant, type Invitation } from "@outweigh/schema";
import { CliError } from "./error.ts";
import type { Terminal } from "./terminal.ts";
import { timeText } from "./text/amounts.ts";

/** The option by which roles are given. */
export const roleOption = {
  role: {
    type: "string",
    multiple: true,
    value: "ROLE",
    about: `${role.options.join(", ")}; everywhere, or in one space as ROLE:SPACE; several times`,
  },
} as const;

/** `lead`, `analyst:vision`. @throws {CliError} USAGE */
export function readGrants(texts: readonly string[]): Grant[] {
  if (texts.length === 0) throw new CliError("USAGE", `say what the role is: --role ${role.options.join("|")}`);
  return texts.map((text) => {
    const [name, space] = text.split(":", 2);
    if (!role.safeParse(name).success)
      throw new CliError("USAGE", `--role ${JSON.stringify(text)}: expected one of ${role.options.join(", ")}`);
    if (space !== undefined && !spaceName.safeParse(space).success)
      throw new CliError("USAGE", `--role ${JSON.stringify(text)}: ${JSON.stringify(space)} is no name of a space`);
    return grant.parse({ role: name, ...(space !== undefined && { space }) });
  });
}

/** The link alone on stdout: it is as good as the account until it is used. */
export function printInvitation(
  { account, path, expiresAt }: Invitation,
  url: string,
  { json, terminal }: { readonly json: boolean; readonly terminal: Terminal },
): void {
  const link = new URL(path, url).href;
  if (json) {
    const until = new Date(expiresAt).toISOString();
    terminal.printJson({ name: account.name, grants: account.grants, link, expiresAt: until });
  } else terminal.print(link);
  terminal.say(`give it to ${account.name} alone: it works once, until ${timeText(expiresAt)}`);
}
