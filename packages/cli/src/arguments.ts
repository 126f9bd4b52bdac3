import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { commonOptions, type Call, type Command, type Options } from "./command.ts";
import { CliError } from "./error.ts";

/** A call as typed, not yet run. */
type Arguments = Pick<Call<Options>, "values" | "positionals" | "json"> & { readonly help: boolean };

/**
 * Reads what follows a command's name.
 * @throws {CliError} USAGE for an unknown option, a missing value, or too few or too many arguments.
 */
export function readArguments(
  name: string,
  { options, positionals: [least, most], usage }: Command,
  args: readonly string[],
): Arguments {
  const all: Options = { ...options, ...commonOptions };
  const config: ParseArgsOptionsConfig = Object.fromEntries(
    Object.entries(all).map(([key, { type, multiple = false }]) => [key, { type, multiple }]),
  );
  const parsed = parse(name, config, args);
  const values = Object.fromEntries(
    Object.entries(all).map(([key, { type, multiple }]) => [
      key,
      parsed.values[key] ?? (type === "boolean" ? false : multiple ? [] : undefined),
    ]),
  );
  const { positionals } = parsed;
  const help = values.help === true;
  if (!help && positionals.length < least) throw wrong(name, `expected ${usage}`);
  if (!help && positionals.length > most)
    throw wrong(name, `${JSON.stringify(positionals[most])} is one argument too many`);
  // Of the declared types: `config` above was made from the same table.
  return { values: values as Arguments["values"], positionals, json: values.json === true, help };
}

function parse(name: string, options: ParseArgsOptionsConfig, args: readonly string[]): ReturnType<typeof parseArgs> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error);
    throw wrong(name, message.replace(/\.$/, ""));
  }
}

function wrong(name: string, what: string): CliError {
  return new CliError("USAGE", `${what}; see: outweigh ${name} --help`);
}
