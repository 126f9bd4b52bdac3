// Latency at a steady pace: requests begin when they are due, whether earlier ones were answered or not, and are timed from then.
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Proxy } from "./proxies.ts";
import { spread } from "./streams.ts";

/** Requests a second. */
const pace = 1_000;
const connections = 64;

/** So many seconds at the pace. @returns Median and 99th percentile, in µs. */
export async function latency(
  target: Proxy,
  path: string,
  bodies: readonly string[],
  seconds: number,
): Promise<readonly [number, number]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const headers = { "content-type": "application/json", ...target.headers };
  const took: number[] = [];
  const all = pace * seconds;
  const begin = performance.now() + 5;
  let left = all;
  await new Promise<void>((done) => {
    const one = (due: number, body: string) => {
      const length = { "content-length": Buffer.byteLength(body) };
      const req = request(target.url + path, { method: "POST", agent, headers: { ...headers, ...length } }, (res) => {
        res.resume();
        res.on("end", () => {
          took.push((performance.now() - due) * 1000);
          if (--left === 0) done();
        });
      });
      req.on("error", () => {
        if (--left === 0) done();
      });
      req.end(body);
    };
    void (async () => {
      let sent = 0;
      while (sent < all) {
        // What is late by the timer's grain counts from when it was due, for every target alike.
        for (; sent < all && begin + (sent * 1000) / pace <= performance.now(); sent++)
          one(performance.now(), bodies[sent % bodies.length] ?? "");
        await sleep(0);
      }
    })();
  });
  agent.destroy();
  return spread(took);
}
