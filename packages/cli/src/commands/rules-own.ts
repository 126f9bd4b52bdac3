import { ownRulePage, type OwnRule } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import type { ExitCode } from "../error.ts";
import { dataOption, known, withSession } from "../server-client.ts";
import { plural, timeText } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";
import { padEnd } from "../text/width.ts";

const options = {
  ...configOption,
  ...dataOption,
  filter: { type: "string", value: "FILTER", about: "Only those that match: stage:published kind:exception" },
} as const;

export const rulesOwn = command({
  summary: "Lists the exceptions and rules that people wrote here, with what they hid or found",
  usage: "",
  positionals: [0, 0],
  options,
  about: [
    "Of the running server. A draft does nothing; on trial, what it would hide or find is counted; published, it is hidden or raised. They are written, checked and published in the console.",
  ],
  examples: [
    { line: "outweigh rules own", about: "Stage, name, matches, and when an exception ends" },
    {
      line: "outweigh rules own --filter stage:published --json",
      about: "What is in use, with its text, for a pipeline",
    },
  ],
  run,
});

/** Most that one answer tells: more than are kept. */
const limit = 500;

async function run({ values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const query = { limit, filter: values.filter };
  const { items } = await withSession(values.data ?? config.server.data, (api) =>
    known(ownRulePage, api.get("/api/own-rules", { query })),
  );
  if (json) {
    terminal.printJson({ ownRules: items.map(withTimes) });
    return 0;
  }
  if (items.length === 0)
    terminal.print("None: “This is fine” on an alert's page begins an exception, “Make a rule” on a hunt a rule.");
  for (const it of items) terminal.print(lineOf(it));
  return 0;
}

/** Times as other programs read them. */
function withTimes({ at, stageAt, endsAt, count: { lastAt, ...count }, ...it }: OwnRule): object {
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    ...it,
    at: iso(at),
    stageAt: iso(stageAt),
    ...(endsAt !== undefined && { endsAt: iso(endsAt) }),
    count: { ...count, ...(lastAt !== undefined && { lastAt: iso(lastAt) }) },
  };
}

function lineOf({ stage, kind, name, rules, count, endsAt, by }: OwnRule): string {
  const about = kind === "exception" ? ` for ${rules.map(visible).join(", ")}` : "";
  const ends = stage === "published" && endsAt !== undefined ? ` · ends ${timeText(endsAt)}` : "";
  const matches = stage === "trial" || stage === "published" ? ` · ${plural(count.matches, "match", "matches")}` : "";
  return `${padEnd(stage, 10)} ${padEnd(kind, 10)} ${visible(name)}${about}${matches}${ends} · by ${visible(by)}`;
}
