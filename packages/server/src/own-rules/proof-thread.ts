// The thread in which proofs run: a rule that somebody has just written must not hold up what the server watches.
import { parentPort, workerData } from "node:worker_threads";
import { prove, type Proven } from "@outweigh/pipeline";

/** One proof, with what must not break it. */
export interface Proof {
  readonly name: string;
  readonly rule: string;
  readonly proof: string;
  readonly exceptions: readonly string[];
}

if (parentPort) {
  const proofs: readonly Proof[] = workerData;
  const proven: Proven[] = proofs.flatMap((it) => prove(it.name, it.rule, it.proof, it.exceptions));
  parentPort.postMessage(proven);
}
