import { commands } from "./commands.ts";
import { commonOptions, type Command, type Options } from "./command.ts";
import type { Terminal } from "./terminal.ts";
import { wrap } from "./text/wrap.ts";

/** Those of a thing that has several: `token --help`. */
export async function showFamilyHelp(family: readonly string[], terminal: Terminal): Promise<void> {
  for (const [name, load] of commands) {
    if (family.includes(name)) terminal.print(`  ${name.padEnd(19)}${(await load()).summary}`);
  }
  terminal.print();
  terminal.print("outweigh COMMAND --help says more.");
}

/** The list of commands. */
export async function showHelp(terminal: Terminal): Promise<void> {
  terminal.print(
    "Outweigh accounts for every copy of your models: where they are, who could take one, who did, and proof.",
  );
  terminal.print();
  terminal.print("outweigh COMMAND [options]");
  terminal.print();
  for (const [name, load] of commands) terminal.print(`  ${name.padEnd(19)}${(await load()).summary}`);
  terminal.print();
  terminal.print(
    "outweigh COMMAND --help says more. Exit codes: 0 done and clean, 1 something found, 2 wrong use, 3 failed.",
  );
}

export function showCommandHelp(name: string, it: Command, terminal: Terminal): void {
  terminal.print(`outweigh ${name} ${it.usage}`.trimEnd());
  terminal.print();
  for (const text of [`${it.summary}.`, ...(it.about ?? [])]) {
    for (const line of wrap(text, terminal.width)) terminal.print(line);
  }
  terminal.print();
  terminal.print("Options");
  const all: Options = { ...it.options, ...commonOptions };
  for (const [option, { value, about }] of Object.entries(all)) {
    const head = `  --${option}${value === undefined ? "" : ` ${value}`}`;
    for (const line of wrap(about, terminal.width, { first: `${head.padEnd(22)}  `, rest: " ".repeat(24) })) {
      terminal.print(line);
    }
  }
  terminal.print();
  terminal.print("Examples");
  for (const { line, about } of it.examples) {
    terminal.print(`  ${line}`);
    for (const text of wrap(about, terminal.width, { first: "      ", rest: "      " })) terminal.print(text);
  }
}
