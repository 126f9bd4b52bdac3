/** A part of a date that a rule may ask for: `TimeCreated|hour: 3`. */
export const momentParts = ["minute", "hour", "day", "week", "month", "year"] as const;
export type MomentPart = (typeof momentParts)[number];

// ISO 8601, RFC 3339 and the common form with a blank instead of T; what follows the minutes does not matter.
const written = /^\s*(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2}))?/;

/** Numbers below it are seconds since 1970, others milliseconds: it is the year 5138 in seconds and 1973 in milliseconds. */
const firstMilliseconds = 1e11;

/**
 * The part of a date that a field holds; undefined if it holds no date, or the date has no such part.
 *
 * A written date is taken as it stands, without its zone, as the specification asks (Modifiers Appendix 2.1.0, Time
 * Modifiers); a number counts seconds or milliseconds since 1970, in UTC. `week` is ISO 8601's, 1 to 53.
 */
export function momentPart(value: string | number | boolean, part: MomentPart): number | undefined {
  if (typeof value === "boolean") return undefined;
  const match = typeof value === "string" ? written.exec(value) : null;
  if (match) {
    const [, year, month, day, hour, minute] = match.map((it) => (it === undefined ? undefined : Number(it)));
    return pick({ year: year ?? 0, month: month ?? 0, day: day ?? 0, hour, minute }, part);
  }
  const number = typeof value === "number" ? value : /^\d{9,14}(?:\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  const date = new Date(Math.abs(number) < firstMilliseconds ? number * 1000 : number);
  if (Number.isNaN(date.getTime())) return undefined;
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
  return pick({ year, month, day, hour: date.getUTCHours(), minute: date.getUTCMinutes() }, part);
}

interface Moment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number | undefined;
  readonly minute: number | undefined;
}

function pick(moment: Moment, part: MomentPart): number | undefined {
  if (moment.month < 1 || moment.month > 12 || moment.day < 1 || moment.day > 31) return undefined;
  return part === "week" ? week(moment) : moment[part];
}

/** ISO 8601: a week belongs to the year of its Thursday, and the first week of a year holds its first Thursday. */
function week({ year, month, day }: Moment): number {
  const date = new Date(Date.UTC(year, month - 1, day));
  const thursday = date.getTime() + (3 - ((date.getUTCDay() + 6) % 7)) * 86_400_000;
  const firstDay = Date.UTC(new Date(thursday).getUTCFullYear(), 0, 1);
  return Math.floor((thursday - firstDay) / (7 * 86_400_000)) + 1;
}
