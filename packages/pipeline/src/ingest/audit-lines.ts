/** The lines of the Linux audit log: how their fields are written and encoded. */

/** Most fields of one line that are looked at, and most arguments of one program. */
const maxFields = 2000;
const maxArguments = 4096;

/** One line of an event. */
export interface AuditLine {
  readonly node: string | undefined;
  readonly type: string;
  /** In ms since 1970. */
  readonly time: number;
  readonly stamp: string;
  readonly serial: string;
  /** As written, without quotes only for `plain` reading: see `textOf`. The enriched fields, e.g. `AUID`, are among them. */
  readonly fields: ReadonlyMap<string, string>;
}

const opening =
  /^(?:node=(\S{1,256}) )?type=([A-Z0-9_]{1,64}|UNKNOWN\[\d{1,5}\]) msg=audit\((\d{1,12})\.(\d{3}):(\d{1,20})\):?/;

/** Reads one line; undefined for what is no line of the audit log. */
export function auditLine(line: string): AuditLine | undefined {
  const it = opening.exec(line);
  if (!it) return undefined;
  const [head, node, type = "", seconds = "", ms = "", serial = ""] = it;
  const fields = new Map<string, string>();
  // 0x1d parts the raw fields from those that auditd's enriched format adds.
  for (const [, name = "", value = ""] of line
    .slice(head.length)
    .replaceAll("\u001d", " ")
    .matchAll(/(?:^|[\s,])([A-Za-z][\w-]{0,63}(?:\[\d{1,6}\])?)=("[^"]*"|'[^']*'|\S*)/g)) {
    if (fields.size >= maxFields) break;
    // The first of a name counts: what a program wrote about itself follows what the kernel wrote.
    if (!fields.has(name)) fields.set(name, value);
  }
  return { node, type, time: Number(seconds) * 1000 + Number(ms), stamp: `${seconds}.${ms}`, serial, fields };
}

/**
 * A field that the kernel writes in quotes or, when it holds blanks, quotes or control signs, as hexadecimal digits without quotes.
 * Undefined for `(null)` and for what is absent.
 */
export function textOf({ fields }: AuditLine, name: string): string | undefined {
  return decoded(fields.get(name));
}

/** A number or word that the kernel never encodes. */
export function plainOf({ fields }: AuditLine, name: string): string | undefined {
  const value = fields.get(name);
  return value === undefined || value === "(null)" || value === "?" ? undefined : value.replace(/^"([^"]*)"$/, "$1");
}

function decoded(value: string | undefined): string | undefined {
  if (value === undefined || value === "(null)") return undefined;
  if (value.startsWith('"') || value.startsWith("'")) return value.slice(1, -1);
  return hexText(value) ?? value;
}

/** Hexadecimal digits as UTF-8; undefined for what is none. */
export function hexText(hex: string): string | undefined {
  const bytes = hexBytes(hex);
  return bytes && decoder.decode(bytes);
}

function hexBytes(hex: string): Uint8Array | undefined {
  if (hex.length === 0 || hex.length % 2 !== 0 || !/^[0-9A-Fa-f]+$/.test(hex)) return undefined;
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The arguments of a program, in order. Long ones come in pieces (`a1[0]`, `a1[1]`) and over several lines. */
export function argumentsOf(lines: readonly AuditLine[]): string[] {
  const whole = new Map<number, string>();
  for (const { type, fields } of lines) {
    if (type !== "EXECVE") continue;
    for (const [name, value] of fields) {
      const [, index, piece] = /^a(\d{1,5})(\[\d+\])?$/.exec(name) ?? [];
      if (index === undefined || Number(index) >= maxArguments) continue;
      const before = piece === undefined ? "" : (whole.get(Number(index)) ?? "");
      whole.set(Number(index), before + (decoded(value) ?? ""));
    }
  }
  return [...whole].sort(([a], [b]) => a - b).map(([, it]) => it);
}

/** Where a connection goes, from the kernel's `sockaddr` in hexadecimal digits, behind which it leaves garbage. */
export function endpointOf(saddr: string | undefined): { readonly ip: string; readonly port: number } | undefined {
  const bytes = hexBytes(saddr ?? "");
  if (!bytes || bytes.length < 8) return undefined;
  const family = (bytes[0] ?? 0) + 256 * (bytes[1] ?? 0);
  const port = 256 * (bytes[2] ?? 0) + (bytes[3] ?? 0);
  if (family === 2) return { ip: bytes.subarray(4, 8).join("."), port };
  if (family !== 10 || bytes.length < 24) return undefined;
  const groups = Array.from({ length: 8 }, (_, i) => 256 * (bytes[8 + 2 * i] ?? 0) + (bytes[9 + 2 * i] ?? 0));
  const mapped = groups.slice(0, 5).every((it) => it === 0) && groups[5] === 0xffff;
  return { ip: mapped ? bytes.subarray(20, 24).join(".") : groups.map((it) => it.toString(16)).join(":"), port };
}
