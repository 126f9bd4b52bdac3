// `npm run bench -- evidence [--json] [flips]`: the log's and the pack's speed, and turned bits given to both verifiers.
import {
  append,
  canonical,
  checkpoint,
  documentDigest,
  documentOf,
  genesis,
  packOf,
  verifyChain,
  verifyPack,
} from "@outweigh/evidence";
import type { Entry, Head, JsonObject } from "@outweigh/evidence";
import { createHash } from "node:crypto";
import { aPack, aSigner, saltKey } from "../packages/evidence/src/testing/a-log.ts";
import { flip } from "../packages/evidence/src/testing/mutate.ts";
import { noPython, verifyByPython } from "../packages/evidence/src/testing/python.ts";

const origin = "outweigh.example/bench";
const logEntries = 20_000;
const packedEvents = 1000;

/** Measures all of it. `flips` is how many bits of a small pack are turned, 1,000 unless given; `all` takes minutes. */
export async function run({ json, args }: { json: boolean; args: readonly string[] }): Promise<void> {
  const result = { log: log(), pack: pack(), turnedBits: turnedBits(args[0] ?? "1000") };
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else
    for (const [name, numbers] of Object.entries(result)) {
      process.stdout.write(`${name}\n`);
      for (const [what, it] of Object.entries(numbers))
        process.stdout.write(`  ${what.padEnd(30)} ${JSON.stringify(it)}\n`);
    }
}

function log() {
  let head: Head = genesis(origin);
  const entries: Entry[] = [];
  const appendPerSecond = perSecond(logEntries, () => {
    for (let i = 0; i < logEntries; i++) {
      const body = {
        time: i,
        kind: "alert-raised",
        by: "outweigh",
        subject: `a${i}`,
        fields: { title: "A copy left", n: i },
      };
      const next = append(head, body, saltKey);
      entries.push(next.entry);
      head = next.head;
    }
  });
  const verifyPerSecond = perSecond(logEntries, () => verifyChain(entries, genesis(origin)));
  // The floor: one hash over each entry's text, which any tamper-evident log must make.
  const texts = entries.map((it) => canonical(it));
  const hashPerSecond = perSecond(logEntries, () => {
    for (const it of texts) createHash("sha256").update(it).digest("hex");
  });
  return {
    entries: logEntries,
    appendPerSecond,
    verifyPerSecond,
    oneHashPerSecond: hashPerSecond,
    verifyToHash: verifyPerSecond / hashPerSecond,
  };
}

function pack() {
  const signer = aSigner();
  const incident = documentOf("incident", "i1", { title: "A copy left" }, saltKey);
  const events = Array.from({ length: packedEvents }, (_, i) => documentOf("event", `e${i}`, anEvent(i), saltKey));
  let head: Head = genesis(origin);
  const entries: Entry[] = [];
  for (const records of [[incident], events]) {
    const fields = { records: records.map(documentDigest) };
    const next = append(head, { time: 1, kind: "alert-raised", by: "outweigh", fields }, saltKey);
    entries.push(next.entry);
    head = next.head;
  }
  const input = {
    incident,
    alerts: [],
    events,
    entries,
    checkpoints: [checkpoint(head, 2, signer)],
    entryHashes: entries.map((it) => it.hash),
    signer,
    time: 3,
  };
  let text = "";
  const packMs = 1000 / perSecond(1, () => (text = packOf(input)));
  const verifyMs = 1000 / perSecond(1, () => verifyPack(text));
  return { events: packedEvents, bytes: Buffer.byteLength(text), packMs, verifyMs, holds: verifyPack(text).ok };
}

function anEvent(i: number): JsonObject {
  return {
    id: `e${i}`,
    time: i,
    principal: "mallory",
    class_uid: 6005,
    actor: { user: { uid: "7" } },
    raw_data: "x".repeat(400),
  };
}

function turnedBits(wanted: string) {
  const small = aPack();
  const bits = 8 * Buffer.byteLength(small);
  const count = wanted === "all" ? bits : Math.min(bits, Number(wanted));
  // Steps that share no factor with the number of bits reach all of them in the end.
  const packs = (from: number) =>
    Array.from({ length: Math.min(500, count - from) }, (_, i) => flip(small, ((from + i) * 7919) % bits));
  const found = { typescript: 0, python: 0 };
  for (let from = 0; from < count; from += 500) {
    const some = packs(from);
    found.typescript += some.filter((it) => !verifyPack(it).ok).length;
    if (!noPython) found.python += verifyByPython(some).filter((it) => !it.ok).length;
  }
  return { bits, turned: count, found: found.typescript, foundByPython: noPython || found.python };
}

function perSecond(count: number, act: () => unknown): number {
  const start = performance.now();
  act();
  return Math.round((count / (performance.now() - start)) * 1_000_000) / 1000;
}
