import { Worker } from "node:worker_threads";
import type { Proven } from "@outweigh/pipeline";
import type { Proof } from "./proof-thread.ts";

/** Longest that proofs may work, in ms: whoever asked is waiting. */
const maxWorkMs = 30_000;
/** Most memory of a thread, in MiB. */
const maxHeapMb = 512;

/** Runs proofs in a thread of their own. Where they take too long or too much, each is a case that does not pass. */
export async function runProofs(proofs: readonly Proof[]): Promise<Proven[]> {
  if (proofs.length === 0) return [];
  const thread = new Worker(new URL("./proof-thread.ts", import.meta.url), {
    workerData: proofs,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Proven[]>((proven, failed) => {
      thread.once("message", proven);
      thread.once("error", failed);
      thread.once("exit", () => failed(new Error("it ended before it was done")));
      timer = setTimeout(() => failed(new Error(`it takes longer than ${maxWorkMs / 1000} s`)), maxWorkMs);
    });
  } catch (cause) {
    const problem = `the proof could not be run: ${cause instanceof Error ? cause.message : String(cause)}`;
    return proofs.map(({ name }) => ({ rule: name, case: "(proof)", kind: "attack", passed: false, problem }));
  } finally {
    clearTimeout(timer);
    thread.on("error", () => undefined);
    await thread.terminate();
  }
}
