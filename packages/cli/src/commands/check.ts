import { command, type Call } from "../command.ts";
import { checkConfig, defaultConfigFile, readText } from "../config/read.ts";
import { mistakeText } from "../config/mistake.ts";
import type { ExitCode } from "../error.ts";
import { plural } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";

const options = {} as const;

export const check = command({
  summary: "Reports every mistake of outweigh.yml, with line and path",
  usage: "[FILE]",
  positionals: [0, 1],
  options,
  about: [
    "Does only that: nothing is started, nobody is contacted. Exit 1 if there are mistakes. A variable that is named under gateway and not set here is one.",
  ],
  examples: [
    { line: "outweigh check", about: "Checks ./outweigh.yml" },
    { line: "outweigh check /etc/outweigh.yml --json", about: "The mistakes as one JSON object, for a pipeline" },
  ],
  run,
});

async function run({
  positionals: [file = defaultConfigFile],
  json,
  terminal,
}: Call<typeof options>): Promise<ExitCode> {
  const { config, mistakes } = checkConfig(readText(file), file, process.env);
  if (json) terminal.printJson({ file, ok: config !== undefined, mistakes });
  else if (!config) {
    for (const it of mistakes) terminal.print(mistakeText(it));
    terminal.print(plural(mistakes.length, "mistake"));
  } else {
    const { models, sources, gateway } = config;
    const parts = [plural(models.length, "model"), plural(sources.length, "source")];
    if (gateway) parts.push(`a gateway before ${plural(gateway.upstreams.length, "model server")}`);
    terminal.print(`${visible(file)} is good: ${parts.join(", ")}`);
  }
  return config ? 0 : 1;
}
