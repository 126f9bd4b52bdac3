// Amounts as the console and the alerts write them: one number has one text everywhere.

const units = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Bytes in decimal units: "26.1 GB". Never rounds up into "1000 MB". */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const shown = unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, "");
  return `${shown} ${units[unit]}`;
}

/** A part of the whole: "100 %" is said of all of it alone, "0 %" of nothing alone. */
export function shareText(fraction: number): string {
  if (fraction >= 1) return "100 %";
  if (fraction <= 0) return "0 %";
  if (fraction < 0.01) return "< 1 %";
  return fraction > 0.99 ? "> 99 %" : `${Math.round(fraction * 100)} %`;
}

/** "412,880". */
export function countText(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** "1 copy", "3 copies". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** "11.2 s", "3 min 20 s". */
export function durationText(ms: number): string {
  if (ms < 99_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** "2026-11-25 09:00:00Z", from ms since 1970. */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")}Z`;
}
