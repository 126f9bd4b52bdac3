import { grantsText, tokenPage } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import type { ExitCode } from "../error.ts";
import { dataOption, known, withSession } from "../server-client.ts";
import { timeText } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";
import { padEnd } from "../text/width.ts";

const options = { ...configOption, ...dataOption } as const;

export const tokenList = command({
  summary: "Lists the tokens of programs, what each is for, and when it was used",
  usage: "",
  positionals: [0, 0],
  options,
  about: ["No secret is shown: nobody has them but the programs that were given them."],
  examples: [{ line: "outweigh token list", about: "Name, what it is for, who made it, and when it was last used" }],
  run,
});

async function run({ values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const { items } = await withSession(values.data ?? config.server.data, (api) =>
    known(tokenPage, api.get("/api/tokens")),
  );
  if (json) {
    const iso = (ms: number) => new Date(ms).toISOString();
    const tokens = items.map(({ createdAt, lastUsedAt, expiresAt, ...it }) => ({
      ...it,
      createdAt: iso(createdAt),
      ...(lastUsedAt !== undefined && { lastUsedAt: iso(lastUsedAt) }),
      ...(expiresAt !== undefined && { expiresAt: iso(expiresAt) }),
    }));
    terminal.printJson({ tokens });
    return 0;
  }
  if (items.length === 0) terminal.print("No token: npx outweigh token create --source NAME makes one.");
  for (const { name, source, grant, createdAt, createdBy, lastUsedAt, expiresAt } of items) {
    const what = source === undefined ? `asks as ${grantsText(grant ? [grant] : [])}` : `source ${source}`;
    const ends = expiresAt === undefined ? "" : ` · ends ${timeText(expiresAt)}`;
    const used = lastUsedAt === undefined ? "never used" : `used ${timeText(lastUsedAt)}`;
    const made = `made ${timeText(createdAt)} by ${visible(createdBy)}`;
    terminal.print(`${padEnd(name, 20)} ${padEnd(what, 27)} ${used} · ${made}${ends}`);
  }
  return 0;
}
