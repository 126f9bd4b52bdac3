// Captures that came to an end: put on record with the digest of each file, and removed when their time is over.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Journal } from "../record/journal.ts";
import { capturesIn } from "./captures.ts";

/** How long a sealed capture stays after its end, in ms: long enough for a case to be looked into. 30 days. */
const keepMs = 30 * 86_400_000;
/** Processes end their files within this time after an order, in ms. */
const quietMs = 3_000;
const noteName = "ended.json";

/**
 * Looks after all captures of a data folder: what no order holds any more is ended, once; what ended long ago is removed. Both stand in the
 * evidence: with the digests, a file that is opened later is known to be the one that was written.
 *
 * @param holds Whether an order of this id still holds.
 */
export function lookAfterCaptures(
  dataDir: string,
  journal: Journal,
  now: number,
  holds: (order: string) => boolean,
): void {
  const all = capturesIn(dataDir);
  if (!existsSync(all)) return;
  for (const order of readdirSync(all)) {
    const folder = join(all, order);
    const note = join(folder, noteName);
    if (existsSync(note)) {
      if (now - statSync(note).mtimeMs < keepMs) continue;
      rmSync(folder, { recursive: true, force: true });
      const text = `removed the capture of ${order}: 30 days have passed since its end`;
      journal.add({ kind: "capture-removed", by: "gateway", subject: order, text }, now);
    } else if (!holds(order)) end(folder, order, journal, now);
  }
}

function end(folder: string, order: string, journal: Journal, now: number): void {
  const names = readdirSync(folder).filter((it) => it.endsWith(".sealed"));
  if (names.some((it) => now - statSync(join(folder, it)).mtimeMs < quietMs)) return;
  const files = names.sort().map((name) => {
    const bytes = readFileSync(join(folder, name));
    return { name, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  });
  const sum = files.reduce((total, it) => total + it.bytes, 0);
  const text = `the capture of ${order} ended: ${files.length} sealed files, ${sum} bytes`;
  journal.add({ kind: "capture-ended", by: "gateway", subject: order, text, fields: { files } }, now);
  writeFileSync(join(folder, noteName), JSON.stringify({ order, files }), { mode: 0o600 });
}
