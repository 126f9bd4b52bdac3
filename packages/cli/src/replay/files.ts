import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../error.ts";
import { statOf } from "../paths.ts";

/** Most files of one replay: a year of CloudTrail of a large account. */
const maxFiles = 1_000_000;

export interface LogFile {
  readonly path: string;
  readonly bytes: number;
  /** When it was last written, in ms since 1970. */
  readonly writtenAt: number;
}

/**
 * The regular files that paths lead to, folders with everything below, by path. What is named may be a link; links inside
 * folders are not followed.
 * @throws {CliError} USAGE for a path that is not there.
 */
export function findLogFiles(paths: readonly string[]): LogFile[] {
  const files = new Map<string, LogFile>();
  for (const path of paths) {
    const stats = statOf(path);
    if (stats.isDirectory()) below(path, files);
    else if (stats.isFile()) files.set(path, { path, bytes: stats.size, writtenAt: stats.mtimeMs });
    else throw new CliError("USAGE", `${path} is neither a file nor a folder`);
  }
  return [...files.values()];
}

function below(folder: string, files: Map<string, LogFile>): void {
  const open = [folder];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const entry of readdirSync(at, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) open.push(path);
      else if (entry.isFile()) {
        const { size, mtimeMs } = lstatSync(path);
        files.set(path, { path, bytes: size, writtenAt: mtimeMs });
      }
      if (files.size > maxFiles) throw new CliError("USAGE", `${folder} has more than ${maxFiles} files`);
    }
  }
}
