import { basename, dirname } from "node:path";
import type { DeclaredPlace } from "./declare.ts";
import { maxSparseBytes, minAllocatedShare } from "./limits.ts";
import { isUnder } from "./mounts.ts";
import type { Candidate } from "./walk.ts";

/** `auto`: up to a budget; `full`: all; `none`: headers only, which tells structure and never identity. */
export type HashMode = "auto" | "full" | "none";

/** `model-00002-of-00005.safetensors`: shards are hashed together or not at all, or a whole copy would look incomplete. */
const shard = /-\d{5,6}-of-\d{5,6}/;

interface PlanOptions {
  readonly mode: HashMode;
  readonly budget: number;
  readonly places: readonly DeclaredPlace[];
  /** Bytes to hash of one; default: the whole file. */
  weigh?(candidate: Candidate): number;
}

/**
 * Which candidates to read whole: first what lies in a declared place, then the smallest, as long as the budget lasts. So most models
 * get an identity, and the largest are named as not hashed rather than making everybody wait.
 */
export function planHashing(
  candidates: readonly Candidate[],
  { mode, budget, places, weigh = (it) => it.bytes }: PlanOptions,
): ReadonlySet<Candidate> {
  const groups = new Map<string, Candidate[]>();
  for (const it of candidates) {
    const key = JSON.stringify([dirname(it.path), basename(it.path).replace(shard, "-#")]);
    groups.set(key, [...(groups.get(key) ?? []), it]);
  }
  const sets = [...groups.values()]
    .filter((set) => !set.some(isHollow))
    .map((set) => ({
      set,
      bytes: set.reduce((sum, it) => sum + weigh(it), 0),
      declared: set.some((it) => places.some(({ path }) => isUnder(it.path, path))),
    }))
    .toSorted((a, b) => Number(b.declared) - Number(a.declared) || a.bytes - b.bytes);
  const chosen = new Set<Candidate>();
  let left = mode === "full" ? Number.POSITIVE_INFINITY : budget;
  for (const { set, bytes } of sets) {
    if (bytes > left) continue;
    left -= bytes;
    for (const it of set) chosen.add(it);
  }
  return chosen;
}

/** A large file that is mostly holes: a download just begun, or a trap. */
export function isHollow({ bytes, allocatedBytes }: Candidate): boolean {
  return bytes > maxSparseBytes && allocatedBytes < bytes * minAllocatedShare;
}
