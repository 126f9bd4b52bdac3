import { useSyncExternalStore } from "react";
import type { Zone } from "./format/time.ts";

/** How one person likes to read. Kept in this browser alone; everything else is in the URL. */
export interface Preferences {
  readonly theme: "system" | "dark" | "light";
  readonly density: "compact" | "comfortable";
  readonly zone: Zone;
}

/** The same name as in public/before.js, which reads it before the first paint. */
const key = "outweigh.preferences";

const fallback: Preferences = { theme: "system", density: "compact", zone: "utc" };
let current = stored();
const readers = new Set<() => void>();

export function usePreferences(): Preferences {
  return useSyncExternalStore(
    (reader) => {
      readers.add(reader);
      return () => readers.delete(reader);
    },
    () => current,
  );
}

export function prefer(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(key, JSON.stringify(current));
  } catch {
    // A browser that stores nothing still shows what was chosen, until it is closed.
  }
  show();
  for (const it of readers) it();
}

/** The next of the three themes: what one key goes through. */
export function nextTheme(): void {
  const order = ["system", "dark", "light"] as const;
  prefer({ theme: order[(order.indexOf(current.theme) + 1) % order.length] ?? "system" });
}

/** Rows of a list in px, as `--row` has them. */
export function rowHeight({ density }: Preferences): number {
  return density === "compact" ? 32 : 40;
}

function show(): void {
  const { dataset } = document.documentElement;
  if (current.theme === "system") delete dataset["theme"];
  else dataset["theme"] = current.theme;
  dataset["density"] = current.density;
}

function stored(): Preferences {
  try {
    const read: Partial<Preferences> = JSON.parse(localStorage.getItem(key) ?? "{}") ?? {};
    return {
      theme: read.theme === "dark" || read.theme === "light" ? read.theme : fallback.theme,
      density: read.density === "comfortable" ? "comfortable" : fallback.density,
      zone: read.zone === "local" ? "local" : fallback.zone,
    };
  } catch {
    return fallback;
  }
}
