import type { ExitCode } from "./error.ts";
import type { Terminal } from "./terminal.ts";

/** One option of a command. */
export interface Option {
  readonly type: "string" | "boolean";
  readonly multiple?: boolean;
  /** What stands after it in the help: `DIR`. */
  readonly value?: string;
  readonly about: string;
}

export type Options = Readonly<Record<string, Option>>;

/** The values of a command's options, by their types. */
export type Values<Of extends Options> = {
  readonly [Name in keyof Of]: Of[Name] extends { readonly type: "boolean" }
    ? boolean
    : Of[Name] extends { readonly multiple: true }
      ? readonly string[]
      : string | undefined;
};

/** One call of a command. */
export interface Call<Of extends Options> {
  readonly values: Values<Of>;
  readonly positionals: readonly string[];
  /** Print one JSON object on stdout, and nothing else. */
  readonly json: boolean;
  readonly terminal: Terminal;
  /** Aborted when the person wants to stop. */
  readonly signal: AbortSignal;
}

interface Example {
  readonly line: string;
  readonly about: string;
}

/** A command as its file declares it. */
export interface Command<Of extends Options = Options> {
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What follows the command's name: `[PATH…]`. */
  readonly usage: string;
  /** Least and most positional arguments. */
  readonly positionals: readonly [least: number, most: number];
  readonly options: Of;
  readonly examples: readonly [Example, ...Example[]];
  /** More than the summary says, in whole sentences, for the help. */
  readonly about?: readonly string[];
  run(call: Call<Of>): Promise<ExitCode>;
}

/** Ties the types of a command's options to what `run` is given. */
export function command<const Of extends Options>(it: Command<Of>): Command {
  // The edge of types: what `readArguments` puts in, by the same table, is what `run` takes out.
  return it as unknown as Command;
}

/** Every command has these. */
export const commonOptions = {
  json: { type: "boolean", about: "Print one JSON object on stdout; progress and messages go to stderr" },
  help: { type: "boolean", about: "Show this help" },
} as const satisfies Options;

/** The option that most commands share. */
export const configOption = {
  config: { type: "string", value: "FILE", about: "The register and settings (default: ./outweigh.yml, if there)" },
} as const satisfies Options;
