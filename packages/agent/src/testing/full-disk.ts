// Runs in a mount namespace of its own: fills a small disk with a spool, and looks at what is left.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { Spool } from "../watch/spool.ts";

const folder = "/mnt";
const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "none", folder], { encoding: "utf8" });
if (status !== 0) throw new Error(stderr);

const spool = new Spool(`${folder}/spool.db`);
spool.nextCounter();
const process = { pid: 1, name: "cp", command: Array.from({ length: 4 }, () => "x".repeat(200)), parents: [] };
let added = 0;
const add = (): void => {
  const id = String(++added);
  const file = { path: "/w", bytes: 1 };
  spool.add({ activity: 1, id, host: "h", time: added, sensor: "poll", what: "open", process, file });
};
for (let i = 0; spool.dropped === 0 && i < 10_000; i++) add();
// Something else takes what is left.
try {
  writeFileSync(`${folder}/filler`, Buffer.alloc(4 * 1024 * 1024));
} catch {
  // It is full now, as it was meant to be.
}
for (let i = 0; i < 100; i++) add();

const told = {
  added,
  kept: spool.waiting(),
  dropped: spool.dropped,
  problem: spool.problem,
  counters: [spool.nextCounter(), spool.nextCounter()],
};
// The disk stays full: what was sent is forgotten all the same.
spool.acknowledge(spool.next(10_000).last);
for (let last = spool.next(10_000).last; last > 0; last = spool.next(10_000).last) spool.acknowledge(last);
add();
const after = { problem: spool.problem ?? null, kept: spool.waiting() };
globalThis.process.stdout.write(JSON.stringify({ ...told, after }));
