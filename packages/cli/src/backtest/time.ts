import { CliError } from "../error.ts";

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000 };

/**
 * A moment as people write it, in ms since 1970: a day, a day and time (UTC unless it says another zone), or so many
 * hours or days ago.
 *
 * @throws {CliError} USAGE naming the option.
 */
export function timeOf(text: string, now: number, option: string): number {
  const ago = /^(\d{1,5})([hd])$/.exec(text);
  if (ago) return Math.max(0, now - Number(ago[1]) * (unitMs[ago[2] ?? ""] ?? 0));
  const written = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  const time = written ? Date.parse(`${written[1]}T${written[2] ?? "00:00"}${written[3] ?? "Z"}`) : Number.NaN;
  if (Number.isNaN(time) || time < 0)
    throw new CliError(
      "USAGE",
      `${option} is ${JSON.stringify(text)}, expected 2026-11-01, 2026-11-01T08:00Z, 30d or 12h`,
    );
  return time;
}
