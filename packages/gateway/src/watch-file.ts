import { statSync } from "node:fs";

/** How often files are looked at, in ms: what a revoked key may still do. */
const everyMs = 500;

/**
 * Calls `changed` when a file was written, made or removed. It looks at the file's inode, size and time, which works on every file
 * system and for files that are replaced whole; notifications do neither.
 * @param last How it looked before it was read, if that was earlier: what was written since is told too.
 */
export function watchFile(path: string, changed: () => void, last = look(path)): { stop(): void } {
  const timer = setInterval(() => {
    const now = look(path);
    if (now === last) return;
    last = now;
    changed();
  }, everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** How a file looks: another text whenever it was written, made or removed. */
export function look(path: string): string {
  const it = statSync(path, { throwIfNoEntry: false, bigint: true });
  return it ? `${it.ino}:${it.size}:${it.mtimeNs}` : "";
}
