import { maxDays } from "./limits.ts";

const dayMs = 86_400_000;

/** The prefixes that a configured one stands for: one for each UTC day between two times, where it names days. The oldest first. */
export function prefixesOf(prefix: string, from: number, to: number): string[] {
  if (!prefix.includes("{")) return [prefix];
  const found = new Set<string>();
  const first = Math.max(Math.floor(from / dayMs), Math.floor(to / dayMs) - maxDays);
  for (let day = first; day <= Math.floor(to / dayMs); day++) {
    const [yyyy = "", mm = "", dd = ""] = new Date(day * dayMs).toISOString().slice(0, 10).split("-");
    found.add(prefix.replaceAll("{yyyy}", yyyy).replaceAll("{mm}", mm).replaceAll("{dd}", dd));
  }
  return [...found];
}
