import { theftsOf, watchDays, watched as shape, type Watched } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import type { ExitCode } from "../error.ts";
import { dataOption, known, withSession } from "../server-client.ts";
import { timeText } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";
import { padEnd } from "../text/width.ts";

const options = {
  ...configOption,
  ...dataOption,
  filter: {
    type: "string",
    value: "FILTER",
    about: "Only those that match: kind:host, incident:INC-7, a part of a name",
  },
} as const;

export const watched = command({
  summary: "Lists what is watched after confirmed thefts, until when, and for which incident",
  usage: "",
  positionals: [0, 0],
  options,
  about: [
    "Asks the running server. What is found about one that is watched counts one step more. The latest theft's come first.",
  ],
  examples: [
    { line: "outweigh watched", about: "Models, principals, hosts, places and addresses" },
    { line: "outweigh watched --filter kind:address --json", about: "Addresses alone, for a firewall" },
  ],
  run,
});

/** Rows of one request: what the server gives at once. */
const limit = 500;

async function run({ values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const { filter = "" } = values;
  const all = await withSession(values.data ?? config.server.data, async (api) => {
    const found: Watched[] = [];
    for await (const it of api.each("/api/watched", { query: { filter, limit } })) found.push(await known(shape, it));
    return found;
  });
  if (json) {
    terminal.printJson({ filter, watched: all });
    return 0;
  }
  for (const it of all) terminal.print(lineOf(it));
  if (all.length > 0) return 0;
  if (filter !== "") terminal.print(`Nothing that is watched matches ${visible(filter)}.`);
  else
    terminal.print(
      `Nothing is watched. What took part in a theft is, for ${watchDays} days, once its incident is closed as a true positive: outweigh incidents`,
    );
  return 0;
}

function lineOf({ kind, name, from, until, thefts }: Watched): string {
  const reasons = theftsOf({ thefts }).map((it) => visible(it));
  const why = reasons.length === 0 ? "an incident beyond your spaces" : reasons.join(", ");
  return `${padEnd(kind, 10)} ${padEnd(visible(name), 40)} ${timeText(from)} to ${timeText(until)} · ${why}`;
}
