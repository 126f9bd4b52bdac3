// One syslog message: its head is taken off, and what it carries is a record.

/** Why a message carries no record. */
type MessageProblem = "NO_PRIORITY" | "BAD_HEAD" | "BAD_DATA" | "EMPTY";

/** What a message carries, on one line; or why it carries nothing, with the place in it. */
export type Message = { readonly record: string } | { readonly problem: MessageProblem; readonly reason: string };

const decoder = new TextDecoder();

/**
 * Reads RFC 5424, or else the older form that RFC 3164 observed, as far as writers keep to it. The record is the message; where that is
 * empty, its structured data as JSON. Line ends inside become blanks: one message is one record, whatever stands in it.
 */
export function readMessage(bytes: Uint8Array): Message {
  const text = decoder.decode(bytes);
  // RFC 5424 §6.2.1: 0 to 191, with no zero before another digit.
  const priority = /^<(0|[1-9]\d{0,2})>/.exec(text);
  if (!priority || Number(priority[1]) > 191)
    return { problem: "NO_PRIORITY", reason: "no syslog message: expected a priority, <0> to <191>, at its beginning" };
  const start = priority[0].length;
  const carried = text.startsWith("1 ", start) ? modern(text, start + 2) : older(text, start);
  if ("problem" in carried) return carried;
  const record = oneLine(carried.message) || (carried.data === undefined ? "" : JSON.stringify(carried.data));
  return record === "" ? { problem: "EMPTY", reason: "a message with nothing in it" } : { record };
}

interface Carried {
  readonly message: string;
  readonly data?: StructuredData | undefined;
}

type StructuredData = Record<string, Record<string, string>>;
type Refused = Extract<Message, { problem: MessageProblem }>;

/** Longest of each field, by RFC 5424 §6: time, host, program, process, kind of message. */
const heads = [
  ["time", 64],
  ["host", 255],
  ["program", 48],
  ["process", 128],
  ["message id", 32],
] as const;

/** RFC 5424 after its version. */
function modern(text: string, from: number): Carried | Refused {
  let at = from;
  for (const [name, most] of heads) {
    const end = text.indexOf(" ", at);
    if (end <= at || end - at > most) {
      const reason = `RFC 5424: expected the ${name} at character ${at}, 1 to ${most} characters and a blank`;
      return { problem: "BAD_HEAD", reason };
    }
    at = end + 1;
  }
  if (text[at] === "-") return bodyAt(text, at + 1, undefined);
  const elements: [string, Record<string, string>][] = [];
  while (text[at] === "[") {
    const element = elementAt(text, at);
    if ("problem" in element) return element;
    elements.push([element.id, element.values]);
    at = element.end;
  }
  if (elements.length === 0) return badData(text, at);
  return bodyAt(text, at, Object.fromEntries(elements));
}

function bodyAt(text: string, at: number, data: StructuredData | undefined): Carried | Refused {
  if (at < text.length && text[at] !== " ") return badData(text, at);
  return { message: text.slice(at + 1), ...(data && { data }) };
}

function badData(text: string, at: number): Refused {
  const found = at < text.length ? JSON.stringify(text[at]) : "the end";
  return { problem: "BAD_DATA", reason: `RFC 5424: expected structured data at character ${at}, found ${found}` };
}

/** `[id name="value" …]`, RFC 5424 §6.3. In a value, a backslash stands before `"`, `\` and `]`. */
function elementAt(text: string, start: number): { id: string; values: Record<string, string>; end: number } | Refused {
  const name = /[^\s="\]]{1,255}/y;
  name.lastIndex = start + 1;
  const id = name.exec(text)?.[0];
  if (id === undefined) return badData(text, start + 1);
  const values: [string, string][] = [];
  let at = start + 1 + id.length;
  const pair = / ([^\s="\]]{1,255})="((?:[^"\\\]]|\\[^])*)"/y;
  while (text[at] === " ") {
    pair.lastIndex = at;
    const found = pair.exec(text);
    if (!found) return badData(text, at);
    values.push([found[1] ?? "", (found[2] ?? "").replace(/\\(["\\\]])/g, "$1")]);
    at = pair.lastIndex;
  }
  if (text[at] !== "]") return badData(text, at);
  return { id, values: Object.fromEntries(values), end: at + 1 };
}

/** `Nov 26 02:03:04`, with a year where Cisco's writers put one, or the time of RFC 3339 that rsyslog writes. */
const olderTime =
  /(?:[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)) /y;
/** The host, unless what stands there is the program already. */
const olderHost = /[^\s:[\]]{1,255}(?::[^\s[\]]{0,254}[^\s[\]:])? /y;
/** The program: `nginx: `, `sshd[412]: `. */
const olderTag = /[\w./-]{1,64}(?:\[[^\]\s]{0,64}\])?:(?: |$)/y;

/** RFC 3164 §4.1, which describes what was found, not what must be: what is no head belongs to the message. */
function older(text: string, from: number): Carried {
  let at = past(olderTime, text, from);
  if (at > from) at = past(olderHost, text, at);
  at = past(olderTag, text, at);
  return { message: text.slice(at) };
}

/** Where a pattern ends that may stand at a place; the place itself where it does not. */
function past(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** A mark of UTF-8 at the beginning goes (RFC 5424 §6.4), as does the cookie that some writers put before JSON. */
function oneLine(message: string): string {
  return message
    .replace(/^\uFEFF/, "")
    .replace(/[\r\n\0]+/g, " ")
    .trim()
    .replace(/^@cee: ?/, "");
}
