import { existsSync } from "node:fs";
import { connectionsOf, type Config, type ConnectionTest } from "@outweigh/schema";
import { command, type Call } from "../command.ts";
import { checkConfig, defaultConfigFile, readText } from "../config/read.ts";
import { mistakeText } from "../config/mistake.ts";
import { policyMistake } from "../config/policy-mistake.ts";
import { CliError, type ExitCode } from "../error.ts";
import { plural } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";

const options = {
  connect: { type: "boolean", about: "Also looks at the other side of each connection; changes and sends nothing" },
} as const;

export const check = command({
  summary: "Reports every mistake of outweigh.yml, with line and path, and of the policy",
  usage: "[FILE]",
  positionals: [0, 1],
  options,
  about: [
    "Does only that: nothing is started, and without --connect nobody is contacted. Exit 1 if there are mistakes. A variable that is named and not set here is one.",
  ],
  examples: [
    { line: "outweigh check", about: "Checks ./outweigh.yml" },
    {
      line: "outweigh check --connect",
      about: "And whether each connection's other side answers and takes the secret",
    },
    { line: "outweigh check /etc/outweigh.yml --json", about: "The mistakes as one JSON object, for a pipeline" },
  ],
  run,
});

async function run({ positionals: [named], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const file = named ?? defaultConfigFile;
  if (named === undefined && !existsSync(file))
    throw new CliError(
      "USAGE",
      `there is no ${file} here: outweigh init proposes one from a scan, outweigh register begins one with a model`,
    );
  const { config, mistakes } = checkConfig(readText(file), file, process.env);
  const looked = config && values.connect === true ? await look(config) : undefined;
  const policy = config && policyMistake(config);
  const isGood = config !== undefined && policy === undefined && (looked ?? []).every((it) => it.ok);
  if (json)
    terminal.printJson({
      file,
      ok: isGood,
      mistakes,
      ...(policy && { policy }),
      ...(looked && { connections: looked }),
    });
  else if (!config) {
    for (const it of mistakes) terminal.print(mistakeText(it));
    terminal.print(plural(mistakes.length, "mistake"));
  } else {
    const { models, sources, gateway } = config;
    const parts = [plural(models.length, "model"), plural(sources.length, "source")];
    if (gateway) parts.push(`a gateway before ${plural(gateway.upstreams.length, "model server")}`);
    const all = connectionsOf(config).length;
    if (all > 0) parts.push(plural(all, "connection"));
    if (config.clouds.length > 0) parts.push(plural(config.clouds.length, "cloud"));
    terminal.print(`${visible(file)} is good: ${parts.join(", ")}`);
    if (policy) terminal.print(visible(`${policy.file}: ${policy.message}`));
    for (const it of looked ?? []) terminal.print(visible(`${it.ok ? "answers" : "FAILS"}  ${it.name}: ${it.text}`));
  }
  return isGood ? 0 : 1;
}

/** One after the other, in the order of the file. */
async function look(config: Config): Promise<({ readonly name: string } & ConnectionTest)[]> {
  const { lookAt } = await import("@outweigh/server");
  const seen: ({ readonly name: string } & ConnectionTest)[] = [];
  for (const it of connectionsOf(config)) seen.push({ name: it.name, ...(await lookAt(it, process.env)) });
  return seen;
}
