import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { CliError } from "./error.ts";
import { unreadable } from "./paths.ts";

/** Longest rule, proof, playbook or policy we read, in bytes: a rule is a page. */
const maxContentBytes = 1024 * 1024;
/** Most files of detection content: ten times SigmaHQ. */
const maxContentFiles = 50_000;

/** Detection content as the server takes it. */
export interface Content {
  readonly rules: readonly (RuleFile & { readonly proof?: string })[];
  readonly playbooks: readonly { readonly id: string; readonly text: string }[];
  readonly policy: string;
  /** Checked measures. `id` is the file's stem. */
  readonly controls: readonly { readonly id: string; readonly text: string }[];
  /** Which sources fill what a rule may name. */
  readonly logsources: string;
  /** Names of techniques and mitigations. */
  readonly techniques: string;
  /** Ways to take weights, as a report groups them. */
  readonly vectors: string;
}

export interface RuleFile {
  readonly path: string;
  readonly text: string;
}

/** A rule with its proof, if there is one beside it. `name` is the stem of both. */
export interface ProvableRule extends RuleFile {
  readonly name: string;
  readonly proof?: string;
}

/** Where the content that comes with Outweigh lies: in a clone beside `packages`, in a published package inside it. */
export function ownContentFolder(): string {
  const beside = join(import.meta.dirname, "..", "..", "..", "content");
  return existsSync(beside) ? beside : join(import.meta.dirname, "..", "content");
}

/** Reads all content, with the user's own folders of rules. @throws {CliError} USAGE if a folder cannot be read. */
export function readContent(folders: readonly string[] = []): Content {
  const folder = ownContentFolder();
  return {
    rules: [join(folder, "rules"), ...folders].flatMap((it) => readProvable(it)),
    playbooks: list(join(folder, "playbooks"), ".md").map((path) => ({ id: basename(path, ".md"), text: read(path) })),
    policy: read(join(folder, "policy.yml")),
    logsources: read(join(folder, "logsources.yml")),
    techniques: read(join(folder, "techniques.yml")),
    vectors: read(join(folder, "rand.yml")),
    controls: list(join(folder, "controls"), ".yml").map((path) => ({ id: basename(path, ".yml"), text: read(path) })),
  };
}

const logsourceList = z.array(z.object({ logsource: z.record(z.string(), z.string()) }));

/** Every logsource of which a source here sends events, as far as our content names it. */
export function ownLogsources(): Readonly<Record<string, string>>[] {
  return logsourceList.parse(parse(read(join(ownContentFolder(), "logsources.yml")))).map((it) => it.logsource);
}

/** The rules that come with Outweigh, and those in the folders of a configuration. */
export function readRulesInUse(folders: readonly string[]): RuleFile[] {
  return [join(ownContentFolder(), "rules"), ...folders].flatMap((it) => readRules(it));
}

/** The rules below a folder, without their proofs, by path. */
export function readRules(folder: string): RuleFile[] {
  return list(folder, ".yml")
    .filter((it) => !it.endsWith(".test.yml"))
    .map((path) => readRule(path));
}

/** One file of rules. @throws {CliError} USAGE if it cannot be read or is too long. */
export function readRule(path: string): RuleFile {
  return { path, text: read(path) };
}

/** The rules below a folder with what proves them. */
export function readProvable(folder: string): ProvableRule[] {
  return readRules(folder).map((it) => {
    const proof = it.path.replace(/\.yml$/, ".test.yml");
    const name = basename(it.path, ".yml");
    return { ...it, name, ...(existsSync(proof) && { proof: read(proof) }) };
  });
}

function list(folder: string, ending: string): string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((it) => it.endsWith(ending));
    if (names.length <= maxContentFiles) return names.sort().map((it) => join(folder, it));
    throw new CliError("USAGE", `${folder} has ${names.length} files, at most ${maxContentFiles} are read`);
  } catch (cause) {
    throw unreadable(folder, cause);
  }
}

function read(path: string): string {
  try {
    const text = readFileSync(path, "utf8");
    if (text.length <= maxContentBytes) return text;
    throw new CliError("USAGE", `${path} is longer than ${maxContentBytes} bytes`);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** A path as people name it: relative to where they are, if it is below. */
export function shownPath(path: string): string {
  const from = relative(process.cwd(), path);
  return from === "" || from.startsWith("..") || from.startsWith(sep) ? path : from;
}
