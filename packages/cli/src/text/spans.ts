import { CliError } from "../error.ts";

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A span of time as people write it, `30m`, `24h`, `7d`, in ms. @throws {CliError} USAGE */
export function spanOf(text: string, option: string): number {
  const [, count = "", unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = Number(count) * (units[unit] ?? 0);
  if (ms > 0) return ms;
  throw new CliError("USAGE", `${option} is ${JSON.stringify(text)}, expected a span such as 30m, 24h or 7d`);
}
