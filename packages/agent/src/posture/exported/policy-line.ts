// The line of a policy that lets somebody read, and the command that takes it away.
import { textsOf } from "../values.ts";
import { commandOf, quoted } from "../way.ts";
import type { ExportedFile } from "./file.ts";
import { lineOf, pointerText } from "./json-line.ts";
import { decoded, type Statement } from "./policy.ts";

type Pointer = readonly (string | number)[];

/** One policy, and where it stands. */
export interface Held {
  readonly file: ExportedFile;
  readonly pointer: Pointer;
  readonly document: unknown;
  readonly name: string;
  /** Of a policy that is attached; absent for one that stands in the principal itself. */
  readonly arn?: string;
}

/** Who has the policy: a principal, or a group that it is in. */
export interface Holder {
  readonly kind: "role" | "user" | "group";
  readonly name: string;
}

/** Longest statement that is repeated word for word, in UTF-16 units: who reads what a cloud answered has no file to look into. */
const maxSaid = 240;

/** The statement by file, line, pointer and its own words. */
export function lineText({ file, pointer, document, name, arn }: Held, statement: Statement): string {
  const inText = decoded(document) !== undefined;
  const whole: Pointer = [...pointer, "Statement", statement.index];
  const line =
    file.text === "" ? undefined : (lineOf(file.text, inText ? pointer : whole) ?? lineOf(file.text, pointer));
  const sid = statement.sid === undefined ? "" : ` (Sid ${statement.sid.slice(0, 80)})`;
  const actions = textsOf(statement.value["Action"]).slice(0, 3).join(", ") || "all but NotAction";
  const where = `${file.path}${line === undefined ? "" : `:${line}`}#${pointerText(whole)}`;
  const said = JSON.stringify(statement.value);
  const words = said.length > maxSaid ? `${said.slice(0, maxSaid)}…` : said;
  // A policy of AWS's own is not edited: it is detached whole.
  const more = arn?.includes(":aws:policy/") === true ? "" : `: ${words}`;
  return `remove ${where}${sid}: Allow ${actions} in ${name}${more}`;
}

/** @param count Statements of the policy: of several, this one alone is taken out. */
export function lineFix(
  { kind, name: holder }: Holder,
  { name, arn }: Held,
  statement: Statement,
  count: number,
): string | undefined {
  const whose = quoted(holder);
  if (whose === undefined) return undefined;
  const policy = (verb: string) => `aws iam ${verb}-${kind}-policy --${kind}-name ${whose}`;
  const after = (command: string, rest: string | undefined) => rest && `${command} ${rest}`;
  if (arn !== undefined) return after(policy("detach"), commandOf`--policy-arn ${arn}`);
  const named = commandOf`--policy-name ${name}`;
  if (count === 1) return after(policy("delete"), named);
  const get = after(policy("get"), named);
  const put = after(policy("put"), named);
  const cut = `jq 'del(.Statement[${statement.index}])'`;
  return get && put && `${get} --query PolicyDocument | ${cut} | ${put} --policy-document file:///dev/stdin`;
}
