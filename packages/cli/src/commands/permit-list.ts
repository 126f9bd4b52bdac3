import { actionPage } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import type { ExitCode } from "../error.ts";
import { dataOption, known, withSession } from "../server-client.ts";
import { timeText } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";
import { padEnd } from "../text/width.ts";

/** Permits that are listed: the latest. */
const most = 200;

const options = { ...configOption, ...dataOption } as const;

export const permitList = command({
  summary: "Lists permits to take a model out: asked for, holding, over",
  usage: "[MODEL]",
  positionals: [0, 1],
  options,
  examples: [
    { line: "outweigh permit list", about: "All, the latest first" },
    { line: "outweigh permit list acme-13b --json", about: "Of one model, for a program" },
  ],
  run,
});

/** What a state means of a permit. */
const words: Readonly<Record<string, string>> = {
  pending: "asked for",
  running: "being given",
  verified: "holds",
  undone: "over",
};

async function run({ positionals: [model], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const filter = `verb:permit${model === undefined ? "" : ` target:${JSON.stringify(model)}`}`;
  const { items: permits } = await withSession(values.data ?? config.server.data, (api) =>
    known(actionPage, api.get("/api/actions", { query: { filter, limit: most } })),
  );
  if (json) {
    terminal.printJson({ permits });
    return 0;
  }
  if (permits.length === 0)
    terminal.print(model === undefined ? "No permit was asked for." : visible(`No permit was asked for of ${model}.`));
  for (const { id, state, title, by, decidedBy, endsAt, reason } of permits) {
    const end = state === "verified" && endsAt !== undefined ? ` until ${timeText(endsAt)}` : "";
    const agreed = decidedBy === undefined ? "" : `, decided by ${decidedBy}`;
    terminal.print(
      visible(`${id}  ${padEnd((words[state] ?? state) + end, 32)} ${title} · asked for by ${by}${agreed}: ${reason}`),
    );
  }
  return 0;
}
