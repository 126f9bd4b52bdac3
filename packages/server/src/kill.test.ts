// The promise that everything else rests on: the server may be killed at any moment. What it acknowledged is there, once.
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { appendFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  accessLine,
  aFolder,
  eventually,
  signIn,
  spawnServer,
  type ServerProcess,
  type Visitor,
} from "./testing/a-server.ts";

const kills = 20;
/** The longest that the last server may take to work off what the killed ones left, in ms: minutes on a machine that has other work. */
const settleMs = 300_000;

const configuration = (log: string) => ({
  models: [{ name: "acme-13b", class: "private" as const, places: ["hf:acme/acme-13b"], bytes: 1_000_000_000 }],
  sources: [
    { name: "pushed", kind: "http-access" as const },
    { name: "tailed", kind: "http-access" as const, paths: [log] },
  ],
});

/** Writes a log as a web server does, rotated by renaming, until told to stop. */
class Writer {
  lines = 0;
  #running = true;
  #done: Promise<void>;
  readonly #log: string;
  /** None is deleted: what goes unread is lost with every reader. */
  #rotations = 0;

  constructor(log: string) {
    this.#log = log;
    this.#done = this.#write();
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  async #write(): Promise<void> {
    while (this.#running) {
      const count = 1 + Math.floor(Math.random() * 5);
      const lines = Array.from({ length: count }, () => `${accessLine(`tailed-${this.lines++}.safetensors`)}\n`).join(
        "",
      );
      // A writer's buffer ends where it ends: often in the middle of a line.
      const cut = Math.floor(Math.random() * lines.length);
      appendFileSync(this.#log, lines.slice(0, cut));
      await sleep(Math.random() * 10);
      appendFileSync(this.#log, lines.slice(cut));
      if (Math.random() < 0.03) this.#rotate();
      await sleep(5 + Math.random() * 10);
    }
  }

  #rotate(): void {
    for (let n = this.#rotations++; n >= 1; n--) renameSync(`${this.#log}.${n}`, `${this.#log}.${n + 1}`);
    renameSync(this.#log, `${this.#log}.1`);
    writeFileSync(this.#log, "");
  }
}

/** Sends batches over HTTP, each until it is acknowledged, whichever server is there. */
class Sender {
  acknowledged = 0;
  server: ServerProcess | undefined;
  #isStopped = false;
  #done: Promise<void>;

  constructor() {
    this.#done = this.#send();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  async #send(): Promise<void> {
    for (let batch = 0; !this.#isStopped; batch++) {
      const count = 1 + Math.floor(Math.random() * 20);
      const lines = Array.from({ length: count }, (_, i) => accessLine(`pushed-${this.acknowledged + i}.safetensors`));
      const body = `${lines.join("\n")}\n`;
      while (!(await this.#try(`batch-${batch}`, body, count))) await sleep(20);
      this.acknowledged += count;
      await sleep(5);
    }
  }

  async #try(key: string, body: string, count: number): Promise<boolean> {
    if (!this.server) return false;
    const { url, token } = this.server;
    const headers = { authorization: `Bearer ${token}`, "idempotency-key": key };
    try {
      const answer = await fetch(`${url}/api/ingest/pushed`, { method: "POST", body, headers });
      return answer.status === 200 && (JSON.parse(await answer.text()) as { accepted: number }).accepted === count;
    } catch {
      return false; // Killed before it could answer: it may have the batch or not.
    }
  }
}

test(
  `nothing is lost and nothing counts twice, killed ${kills} times while records are sent and a log is rotated`,
  { timeout: 900_000 },
  async (t) => {
    const folder = aFolder("kill");
    t.after(() => folder.remove());
    const log = join(folder.path, "access.log");
    const data = join(folder.path, "data");
    writeFileSync(log, "");
    // Watched from its first line on: what a log held and rotated away before is history.
    const first = await spawnServer(data, configuration(log));
    await first.ready;
    const writer = new Writer(log);
    const sender = new Sender();
    await stop(first.child);

    for (let kill = 0; kill < kills; kill++) {
      const { child, ready } = await spawnServer(data, configuration(log));
      // Now and then while it starts, else at any moment of its work.
      if (kill % 7 === 6) await sleep(Math.random() * 800);
      else {
        sender.server = await ready;
        await sleep(100 + Math.random() * 700);
      }
      sender.server = undefined;
      await stop(child);
    }

    const { child, ready } = await spawnServer(data, configuration(log));
    t.after(() => child.kill("SIGKILL"));
    const server = (sender.server = await ready);
    await sleep(300);
    await Promise.all([writer.stop(), sender.stop()]);
    const visitor = await signIn(server.open);
    await sourcesSettle(visitor, { pushed: sender.acknowledged, tailed: writer.lines });

    assert.ok(sender.acknowledged > 100 && writer.lines > 100, "the test was too short to show anything");
    for (const [source, count] of [
      ["pushed", sender.acknowledged],
      ["tailed", writer.lines],
    ] as const) {
      const names = await storedNames(visitor, source);
      const wanted = Array.from({ length: count }, (_, i) => `${source}-${i}.safetensors`);
      assert.deepEqual(names.toSorted(), wanted.toSorted(), `events of ${source}`);
    }
    const all = sender.acknowledged + writer.lines;
    const { body: books } = await visitor.get("/api/models/acme-13b");
    assert.equal(books.coalition.bytes, all * 100, "the ledger's bytes");
    const { body: evidence } = await visitor.get("/api/evidence");
    assert.equal(evidence.chain.ok, true, evidence.chain.problem);
    assert.equal(evidence.chain.entries, evidence.total);
    const opened = evidence.items.filter((it: { kind: string }) => it.kind === "incident-opened");
    const { body: incidents } = await visitor.get("/api/incidents");
    assert.equal(opened.length, incidents.total, "incidents and their entries");
  },
);

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((done) => child.once("exit", done));
  child.kill("SIGKILL");
  await ended;
}

/** Waits until the counts are what they must be at last; more would show here too. */
async function sourcesSettle(visitor: Visitor, wanted: Record<string, number>): Promise<void> {
  const counts = async () => {
    const { body } = await visitor.get("/api/sources");
    const rows: { name: string; events: number; rejects: number; samples: unknown[] }[] = body.items;
    return Object.fromEntries(rows.filter((it) => it.name in wanted).map((it) => [it.name, it]));
  };
  const isDone = (it: Awaited<ReturnType<typeof counts>>) =>
    Object.entries(wanted).every(([name, n]) => (it[name]?.events ?? 0) >= n);
  const found = await eventually(counts, isDone, settleMs);
  for (const [name, count] of Object.entries(wanted)) {
    assert.deepEqual([name, found[name]?.events, found[name]?.samples], [name, count, []]);
  }
}

async function storedNames(visitor: Visitor, source: string): Promise<string[]> {
  const names: string[] = [];
  for (let after = ""; ;) {
    const { body } = await visitor.get(`/api/events?filter=source:${source}&limit=500${after}`);
    names.push(...body.items.map((it: { part?: string; artifact: string }) => it.artifact.replace(/^.*\//, "")));
    if (body.next === undefined) return names;
    after = `&after=${body.next}`;
  }
}
