// Runs in a thread of its own: reads blocking, so that a hanging disk or a hostile file stops neither progress nor the scan.
import { parentPort, workerData } from "node:worker_threads";
import { readCandidate, type ReadAnswer, type ReadJob } from "./read-candidate.ts";
import { walk, type Walked } from "./walk.ts";
import type { Place } from "./open-file.ts";

export type Job = { readonly kind: "walk"; readonly places: readonly Place[] } | ({ readonly kind: "read" } & ReadJob);

/** What a worker sends: signs of life while it reads, then one answer for each job. */
export type Message =
  | { readonly kind: "reading"; readonly bytes: number }
  | { readonly kind: "walked"; readonly walked: Walked }
  | { readonly kind: "read"; readonly answer: ReadAnswer };

/** How often a sign of life is sent, in ms. */
const signMs = 100;

const skip: ReadonlySet<string> = new Set(workerData.skip);

parentPort?.on("message", async (job: Job) => {
  if (job.kind === "walk") {
    send({ kind: "walked", walked: walk(job.places, skip, () => performance.now()) });
    return;
  }
  const signs = signsOfLife();
  const answer = await readCandidate(job, signs.add);
  signs.send();
  send({ kind: "read", answer });
});

function send(message: Message): void {
  parentPort?.postMessage(message);
}

/** Sums up reads and sends them from time to time; `send` sends the rest. */
function signsOfLife(): { add(bytes: number): void; send(): void } {
  let unsent = 0;
  let next = performance.now() + signMs;
  const flush = (): void => {
    send({ kind: "reading", bytes: unsent });
    unsent = 0;
    next = performance.now() + signMs;
  };
  return {
    add: (bytes) => {
      unsent += bytes;
      if (performance.now() >= next) flush();
    },
    send: flush,
  };
}
