/** Amounts as people read them. Decimal units, as disks and networks are sold in. */
const units = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** `26.1 GB`, `900 kB`, `12 B`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const shown = unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, "");
  return `${shown} ${units[unit]}`;
}

/** `38 %`; never 0 % for something, never 100 % for less than all. */
export function percentText(fraction: number): string {
  if (fraction >= 1) return "100 %";
  const percent = fraction * 100;
  if (percent >= 99) return "99 %";
  if (percent >= 1) return `${Math.floor(percent)} %`;
  return percent > 0 ? "under 1 %" : "0 %";
}

/** `12 s`, `4 min`, `3 h`, `2 days`. */
export function spanText(ms: number): string {
  if (ms < 120_000) return `${Math.max(1, Math.round(ms / 1000))} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} days`;
}

/** `1 alert`, `3 alerts`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
