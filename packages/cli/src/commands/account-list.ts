import { accountPage, grantsText } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import type { ExitCode } from "../error.ts";
import { dataOption, known, withSession } from "../server-client.ts";
import { timeText } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";
import { padEnd } from "../text/width.ts";

const options = { ...configOption, ...dataOption } as const;

export const accountList = command({
  summary: "Lists who may sign in by name, as what, and when each was last here",
  usage: "",
  positionals: [0, 0],
  options,
  examples: [{ line: "outweigh account list", about: "Name, role, state, and who made it" }],
  run,
});

async function run({ values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const { items, spaces } = await withSession(values.data ?? config.server.data, (api) =>
    known(accountPage, api.get("/api/accounts")),
  );
  if (json) {
    const iso = (ms: number) => new Date(ms).toISOString();
    const accounts = items.map(({ createdAt, lastSeenAt, ...it }) => ({
      ...it,
      createdAt: iso(createdAt),
      ...(lastSeenAt !== undefined && { lastSeenAt: iso(lastSeenAt) }),
    }));
    terminal.printJson({ accounts, spaces });
    return 0;
  }
  if (items.length === 0)
    terminal.print(
      "No account: the one-time links of npx outweigh open sign in. npx outweigh account add NAME --role admin makes the first.",
    );
  for (const { name, grants, state, by, createdBy, lastSeenAt } of items) {
    const seen = lastSeenAt === undefined ? "never seen" : `seen ${timeText(lastSeenAt)}`;
    const vouched = by === "provider" ? " by the identity provider" : "";
    terminal.print(
      `${padEnd(visible(name), 24)} ${padEnd(grantsText(grants), 28)} ${padEnd(state + vouched, 10)} ${seen} · made by ${visible(createdBy)}`,
    );
  }
  return 0;
}
