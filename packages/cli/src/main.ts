import { readArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { commands } from "./commands.ts";
import { CliError, type ExitCode } from "./error.ts";
import { showCommandHelp, showFamilyHelp, showHelp } from "./help.ts";
import { nearest } from "./near.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";
import { visible } from "./text/visible.ts";
import { version } from "./version.ts";

/** The command line: finds the command, runs it, and turns whatever goes wrong into a message and an exit code. */
export async function main(args: readonly string[], terminal = ownTerminal()): Promise<ExitCode> {
  const stop = (ownStop ??= stopSignal());
  const json = args.includes("--json");
  try {
    return await dispatch(args, terminal, stop);
  } catch (error) {
    return explain(error, { json, terminal, stopped: stop.aborted });
  }
}

async function dispatch(args: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<ExitCode> {
  const [first] = args;
  if (first === "--version") {
    terminal.print(version);
    return 0;
  }
  if (first === "help" && args.length > 1) return dispatch([...args.slice(1), "--help"], terminal, signal);
  if (first === undefined || first === "help" || first === "--help" || first === "-h") {
    await showHelp(terminal);
    return first === undefined ? 2 : 0;
  }
  const family = familyOf(first);
  if (args.length === 2 && args[1] === "--help" && family.length > 0 && !commands.has(first)) {
    await showFamilyHelp(family, terminal);
    return 0;
  }
  const { name, load, rest } = findCommand(args);
  const command = await load();
  const { values, positionals, json, help } = readArguments(name, command, rest);
  if (help) {
    showCommandHelp(name, command, terminal);
    const parts = familyOf(name);
    if (parts.length === 0) return 0;
    terminal.print();
    await showFamilyHelp(parts, terminal);
    return 0;
  }
  return command.run({ values, positionals, json, terminal, signal });
}

interface Found {
  readonly name: string;
  readonly load: () => Promise<Command>;
  readonly rest: readonly string[];
}

/** A command has one word, or two for things: `rules test`. @throws {CliError} USAGE */
function findCommand(args: readonly string[]): Found {
  for (const words of [2, 1]) {
    const name = args.slice(0, words).join(" ");
    const load = commands.get(name);
    if (load) return { name, load, rest: args.slice(words) };
  }
  const words = args.filter((it) => !it.startsWith("-"));
  const [first = ""] = words;
  const two = words.slice(0, 2).join(" ");
  const family = familyOf(first);
  // Of a thing that has verbs, two words were meant; of anything else, one.
  const near = nearest(two, commands.keys()) ?? nearest(first, commands.keys()) ?? family[0];
  const hint =
    near === undefined
      ? "outweigh --help lists all"
      : `did you mean ${[...new Set([near, ...family])].map((it) => `"${it}"`).join(" or ")}?`;
  throw new CliError("USAGE", `there is no command ${JSON.stringify(family.length > 0 ? two : first)}; ${hint}`);
}

/** The commands that begin with a word: of a thing that has several. */
function familyOf(word: string): string[] {
  return [...commands.keys()].filter((it) => it.startsWith(`${word} `));
}

/** What went wrong, in words, and for machines as an object. A bug shows its stack: it is ours to fix. */
function explain(
  error: unknown,
  { json, terminal, stopped }: { readonly json: boolean; readonly terminal: Terminal; readonly stopped: boolean },
): ExitCode {
  const code = codeOf(error);
  const message = stopped ? "stopped" : error instanceof Error ? error.message : String(error);
  for (const line of message.split("\n")) terminal.say(`outweigh: ${visible(line)}`);
  if (code === undefined && !stopped && error instanceof Error && error.stack !== undefined) {
    for (const line of error.stack.split("\n").slice(1)) terminal.say(visible(line));
  }
  if (json) terminal.printJson({ error: stopped ? "STOPPED" : (code ?? "INTERNAL"), message });
  return error instanceof CliError && !stopped ? error.exitCode : 3;
}

/** The public code of our own errors, and the system's for files; undefined for bugs. */
function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** One for the process, however often `main` is called. */
let ownStop: AbortSignal | undefined;

/** Aborted at the first request to end; a second one ends at once. Also when the process that launched us is gone. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let stoppedAt = 0;
  const stop = (): void => {
    // One key press may reach us twice: from the terminal and through the launcher.
    if (controller.signal.aborted && performance.now() - stoppedAt > 500) process.exit(3);
    stoppedAt = performance.now();
    controller.abort(new CliError("FAILED", "stopped"));
  };
  process.on("SIGINT", stop).on("SIGTERM", stop).on("SIGHUP", stop);
  if (process.env.OUTWEIGH_LAUNCHED !== undefined && process.channel) {
    process.once("disconnect", () => controller.abort(new CliError("FAILED", "the launcher is gone")));
    process.channel.unref();
  }
  return controller.signal;
}
