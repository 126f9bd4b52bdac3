import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** What a file of ours holds; made at the first time, for its owner alone, and on disk before it is used. */
export function secretFile(dataDir: string, name: string, make: () => string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, name);
  let file: number;
  try {
    file = openSync(path, "wx", 0o600);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    return readFileSync(path, "utf8").trim();
  }
  try {
    const text = make();
    writeSync(file, `${text}\n`);
    fsyncSync(file);
    return text.trim();
  } finally {
    closeSync(file);
  }
}
