import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { GatewayError } from "../error.ts";

/** What a file system answers that knows no second names of a file. */
const noLinks = new Set<unknown>(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/**
 * What a file of ours holds; made at the first time, for its owner alone, and on disk before it is used. It appears whole: of processes
 * that make it in the same moment one does, and the others read what that one made.
 *
 * @throws {GatewayError} BAD_STATE for an empty file: a secret of nothing protects nothing.
 */
export function secretFile(dataDir: string, name: string, make: () => string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, name);
  if (!existsSync(path)) place(path, `${make()}\n`);
  const text = readFileSync(path, "utf8").trim();
  if (text === "") throw new GatewayError("BAD_STATE", `${path} is empty: bring it back from a backup, or remove it`);
  return text;
}

/** Written beside, then given its name. Unlike a rename, a link replaces nothing that another process put there meanwhile. */
function place(path: string, text: string): void {
  const beside = `${path}.${randomBytes(6).toString("hex")}`;
  const file = openSync(beside, "wx", 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
    unlessThere(() => link(beside, path, text));
    fsyncSync(file); // its name, too
  } finally {
    closeSync(file);
    unlinkSync(beside);
  }
}

function link(from: string, to: string, text: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && noLinks.has(error.code))) throw error;
    writeFileSync(to, text, { flag: "wx", mode: 0o600, flush: true });
  }
}

function unlessThere(make: () => void): void {
  try {
    make();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}
