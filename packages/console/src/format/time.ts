/** Whose clock absolute times are written by. Evidence is compared between people and machines: UTC unless one chooses. */
export type Zone = "utc" | "local";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** A length of time in ms in its two largest units: "48 s", "11 min", "3 h 12 min", "2 d 3 h". */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  const min = Math.round(s / 60);
  if (min < 60) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 24) return min % 60 === 0 ? `${h} h` : `${h} h ${min % 60} min`;
  const hours = Math.round(min / 60);
  const d = Math.floor(hours / 24);
  return hours % 24 === 0 || d > 9 ? `${d} d` : `${d} d ${hours % 24} h`;
}

/** How long ago, in one unit, for lists: "2 min". A time that lies ahead by more than a minute says so: clocks differ. */
export function ago(at: number, now: number): string {
  const past = now - at;
  if (past < -minute) return `in ${coarse(-past)}`;
  return past < 10_000 ? "now" : coarse(past);
}

/** The same within a sentence: "2 min ago", "now", "in 5 min". */
export function agoInWords(at: number, now: number): string {
  const text = ago(at, now);
  return text === "now" || text.startsWith("in ") ? text : `${text} ago`;
}

function coarse(ms: number): string {
  if (ms < minute) return `${Math.floor(ms / 1000)} s`;
  if (ms < hour) return `${Math.floor(ms / minute)} min`;
  if (ms < day) return `${Math.floor(ms / hour)} h`;
  return `${Math.floor(ms / day)} d`;
}

/** Hours, minutes and seconds: "09:12:04". */
export function clock(at: number, zone: Zone): string {
  const it = fields(at, zone);
  return `${two(it.hour)}:${two(it.minute)}:${two(it.second)}`;
}

/** The calendar day: "2026-11-25". */
export function date(at: number, zone: Zone): string {
  const it = fields(at, zone);
  return `${it.year}-${two(it.month)}-${two(it.day)}`;
}

/** Day, time and zone: "2026-11-25 09:12:04 UTC". */
export function stamp(at: number, zone: Zone): string {
  return `${date(at, zone)} ${clock(at, zone)} ${zoneName(at, zone)}`;
}

/** "UTC", or the distance of the local clock from it: "UTC+1", "UTC−3:30". */
export function zoneName(at: number, zone: Zone): string {
  if (zone === "utc") return "UTC";
  const east = -new Date(at).getTimezoneOffset();
  if (east === 0) return "UTC";
  const [h, min] = [Math.floor(Math.abs(east) / 60), Math.abs(east) % 60];
  return `UTC${east > 0 ? "+" : "−"}${h}${min === 0 ? "" : `:${two(min)}`}`;
}

function fields(at: number, zone: Zone) {
  const it = new Date(at);
  if (zone === "local") {
    return {
      year: it.getFullYear(),
      month: it.getMonth() + 1,
      day: it.getDate(),
      hour: it.getHours(),
      minute: it.getMinutes(),
      second: it.getSeconds(),
    };
  }
  return {
    year: it.getUTCFullYear(),
    month: it.getUTCMonth() + 1,
    day: it.getUTCDate(),
    hour: it.getUTCHours(),
    minute: it.getUTCMinutes(),
    second: it.getUTCSeconds(),
  };
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}
