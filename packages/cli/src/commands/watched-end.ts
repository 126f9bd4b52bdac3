import { watchedKind } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { dataOption, withSession } from "../server-client.ts";
import { visible } from "../text/visible.ts";

const options = {
  ...configOption,
  ...dataOption,
  reason: { type: "string", value: "TEXT", about: "Why, for the evidence" },
} as const;

export const watchedEnd = command({
  summary: "Ends the watch of one before its time",
  usage: "KIND NAME --reason TEXT",
  positionals: [2, 2],
  options,
  about: [
    `KIND and NAME as outweigh watched lists them: ${watchedKind.options.join(", ")}.`,
    "To watch it again, close its incident as a true positive once more.",
  ],
  examples: [
    { line: "outweigh watched end host gpu-7 --reason 'set up anew'", about: "A host: the model stays watched" },
  ],
  run,
});

async function run({
  positionals: [word, name = ""],
  values,
  json,
  terminal,
}: Call<typeof options>): Promise<ExitCode> {
  const { reason } = values;
  const { data: kind } = watchedKind.safeParse(word);
  if (kind === undefined || reason === undefined) throw new CliError("USAGE", `expected ${watchedEnd.usage}`);
  const { config } = loadConfig(values.config);
  await withSession(values.data ?? config.server.data, (api) =>
    api.post("/api/watched/end", { body: { kind, name, reason } }),
  );
  if (json) terminal.printJson({ ended: { kind, name } });
  else terminal.print(visible(`The ${kind} ${name} is not watched any more.`));
  return 0;
}
