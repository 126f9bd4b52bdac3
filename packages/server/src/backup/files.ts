// The files of a data folder that no engine keeps: keys, tokens, and records that wait to be read.
import { createReadStream } from "node:fs";
import { appendFile, mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Bytes of one line: small enough to be held, large enough for few lines. */
const partBytes = 768 * 1024;

/**
 * What is left out: the engines' own folders, which come as rows; quarantined weights, which are no record of ours; and what tells of
 * a running process.
 */
const leftOut = new Set(["state", "events", "quarantine", "links", "server.json", "server.log"]);

/** Whether a file may be in a backup: what is left out is not put back either, or it would be an engine's that nobody made. */
export function isOwnFile(path: string): boolean {
  return !leftOut.has(path.split("/")[0] ?? "");
}

/** Paths of files below a data folder, with slashes, in their order. Links are not followed: we make none. */
export async function ownFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (below: string): Promise<void> => {
    for (const it of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = below === "" ? it.name : `${below}/${it.name}`;
      if (leftOut.has(path)) continue;
      if (it.isDirectory()) await walk(path);
      else if (it.isFile()) found.push(path);
    }
  };
  await walk("");
  return found.sort();
}

/** A file's parts in Base64; an empty file has one, which is empty. */
export async function* partsOf(folder: string, path: string): AsyncGenerator<string> {
  let any = false;
  for await (const part of createReadStream(join(folder, path), { highWaterMark: partBytes })) {
    any = true;
    yield Buffer.from(part as Uint8Array).toString("base64");
  }
  if (!any) yield "";
}

/** Adds a part to a file, which is ours alone to read. */
export async function addPart(folder: string, path: string, base64: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true, mode: 0o700 });
  await appendFile(join(folder, path), Buffer.from(base64, "base64"), { mode: 0o600 });
}
