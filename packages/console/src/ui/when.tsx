import { useSyncExternalStore } from "react";
import { ago, agoInWords, clock, stamp } from "../format/time.ts";
import { usePreferences } from "../preferences.ts";
import s from "./text.module.css";

/** How often relative times are written anew, in ms: they show minutes. */
const tickMs = 10_000;

let now = Date.now();
const readers = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;

function follow(reader: () => void): () => void {
  readers.add(reader);
  now = Date.now();
  ticking ??= setInterval(() => {
    now = Date.now();
    for (const it of readers) it();
  }, tickMs);
  return () => {
    readers.delete(reader);
    if (readers.size > 0) return;
    clearInterval(ticking);
    ticking = undefined;
  };
}

/** The time in ms, the same for the whole page, moving every ten seconds. */
export function useNow(): number {
  return useSyncExternalStore(follow, () => now);
}

/** How long ago, for lists; the absolute time stands behind it. */
export function Ago({ at, inWords = false }: { readonly at: number; readonly inWords?: boolean }) {
  const { zone } = usePreferences();
  const now = useNow();
  return (
    <time className={s.muted} dateTime={new Date(at).toISOString()} title={stamp(at, zone)}>
      {inWords ? agoInWords(at, now) : ago(at, now)}
    </time>
  );
}

/** An absolute time with its zone, for evidence; the other clock's reading stands behind it. */
export function At({ at }: { readonly at: number }) {
  const { zone } = usePreferences();
  return (
    <time dateTime={new Date(at).toISOString()} title={stamp(at, zone === "utc" ? "local" : "utc")}>
      {stamp(at, zone)}
    </time>
  );
}

/** Time of day alone, where the day and the zone stand above it. */
export function Clock({ at }: { readonly at: number }) {
  const { zone } = usePreferences();
  return (
    <time dateTime={new Date(at).toISOString()} title={stamp(at, zone)}>
      {clock(at, zone)}
    </time>
  );
}
