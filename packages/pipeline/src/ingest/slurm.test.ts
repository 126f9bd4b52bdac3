import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { eventsOf, onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { slurm } from "./slurm.ts";

const usage = (disk: number, gpu: number) => [
  { type: "fs", name: "disk", id: 6, count: disk },
  { type: "gres", name: "gpuutil", id: 1003, count: gpu },
];
const job = (over: object = {}) => ({
  job_id: 4242,
  user: "eve",
  account: "research",
  name: "copy",
  cluster: "hpc",
  submit_line: "sbatch copy.sh",
  time: { start: { set: true, infinite: false, number: 1795426000 }, end: 1795426320 },
  steps: [
    { tres: { requested: { total: usage(4.9e9, 0) }, consumed: { total: usage(100, 0) } } },
    { tres: { requested: { total: usage(1e9, 0) } } },
  ],
  tres: { allocated: [{ type: "gres", name: "gpu", count: 1 }] },
  ...over,
});

test("a job says who, how long, how much was read, and whether the GPU did anything", () => {
  const [it] = eventsOf(slurm, { jobs: [job()] });
  assert.deepEqual([it?.principal, it?.operation, it?.class_uid], ["eve", "job", 1006]);
  const { read_bytes: read, gpu_use: gpu, gpus, seconds } = Object(it?.unmapped);
  assert.deepEqual([read, gpu, gpus, seconds], [5.9e9, 0, 1, 320]);
});

test("jobs that run or never started are left out, and what is wrong is named", () => {
  assert.match(whyNot(slurm, job({ time: { start: 1, end: 0 } })), /still runs/);
  assert.match(whyNot(slurm, job({ time: { end: 5 } })), /never started/);
  assert.match(whyNot(slurm, job({ job_id: null })), /^job_id: /);
  assert.equal(onlyEvent(slurm, job({ user: "" })).principal, "host:hpc");
  fc.assert(
    fc.property(
      fc.jsonValue(),
      (it) => typeof readWith(slurm, job({ steps: it, tres: it, time: it })).ok === "boolean",
    ),
  );
});
