// Streams: does each event arrive on its own, and how much later than without a proxy?
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Dice } from "../extraction/dice.ts";
import type { Proxy } from "./proxies.ts";

export interface Streamed {
  /** Time from asking to the first event, and from an event's writing to its arrival, in µs: median and 99th percentile. */
  readonly firstUs: readonly [number, number];
  readonly eventUs: readonly [number, number];
  readonly lost: number;
  /** Events that arrived in one piece with another. */
  readonly merged: number;
}

const events = 40;
const everyMs = 5;
/** Mean time between the beginnings of two streams. */
const gapMs = 10;

/** A server of streams: forty events, the first at once, each with the time of its writing. */
export async function startStreams(): Promise<{ url: string; stop(): void }> {
  const server = createServer((req, res) => {
    req.resume();
    req.on("end", () => {
      res.writeHead(200, { "content-type": "text/event-stream" });
      let left = events;
      const write = () => {
        res.write(
          `data: {"t":${performance.timeOrigin + performance.now()},"choices":[{"delta":{"content":"word"}}]}\n\n`,
        );
        if (--left > 0) return;
        clearInterval(timer);
        res.end("data: [DONE]\n\n");
      };
      const timer = setInterval(write, everyMs);
      write();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** So many streams, begun as clients do that know nothing of each other (Poisson). @param seed The same for targets that are compared. */
export async function stream(target: Proxy, path: string, count: number, seed: number): Promise<Streamed> {
  const dice = new Dice(seed);
  const first: number[] = [];
  const late: number[] = [];
  let got = 0;
  let merged = 0;
  const one = () =>
    new Promise<void>((done, failed) => {
      const asked = performance.now();
      const headers = { "content-type": "application/json", ...target.headers };
      const req = request(target.url + path, { method: "POST", headers }, (res) => {
        let seen = false;
        res.on("data", (chunk: Buffer) => {
          const now = performance.timeOrigin + performance.now();
          if (!seen) first.push((performance.now() - asked) * 1000);
          seen = true;
          const times = [...chunk.toString().matchAll(/"t":([\d.]+)/g)].map(([, it]) => Number(it));
          got += times.length;
          merged += Math.max(0, times.length - 1);
          for (const it of times) late.push((now - it) * 1000);
        });
        res.on("end", done);
      });
      req.on("error", failed);
      req.end('{"model":"m","stream":true,"messages":[]}');
    });
  const running: Promise<void>[] = [];
  let due = performance.now();
  for (let i = 0; i < count; i++) {
    due -= gapMs * Math.log(dice.uniform());
    const wait = due - performance.now();
    if (wait > 0) await sleep(wait);
    running.push(one());
  }
  await Promise.all(running);
  return { firstUs: spread(first), eventUs: spread(late), lost: count * events - got, merged };
}

export function spread(values: number[]): readonly [number, number] {
  const sorted = values.sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN);
  return [at(0.5), at(0.99)];
}
