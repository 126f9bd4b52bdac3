import { z } from "zod";
import { at, found, numberOf, problemOf, readJson, textOf } from "./json-records.ts";
import { activity, bytesOf, essentials, idOf } from "./ocsf.ts";
import { isRecord, skip, type Ingested, type Origin, type Raw, type Source } from "./source.ts";

/** One job of `sacct --json`. Numbers may be plain, or objects with `set` and `number`, as newer versions write them. */
const job = z.looseObject({
  job_id: z.union([z.int(), z.string().max(64)]),
  user: z.string().max(256).nullish(),
  name: z.string().max(1024).nullish(),
  cluster: z.string().max(256).nullish(),
});

/** Most steps of one job that are added up. */
const maxSteps = 100_000;

export const slurm: Source = {
  id: "slurm",
  title: "Slurm accounting (sacct --json; shape of usage unverified)",
  cannotSee: [
    "Which files a job read, and where it sent them",
    "Jobs that still run, and what is done on login nodes without a job",
    "Reads that the plugin does not count: without jobacct_gather and its file system plugin there are no bytes",
    "Who really started a job under a shared account",
  ],
  requires: [
    "Accounting by slurmdbd, with JobAcctGatherType set",
    "sacct --json of finished jobs, e.g. every hour, posted here or kept in a file",
  ],
  logsources: [{ product: "slurm", service: "accounting" }],

  read: (record, from) =>
    readJson(
      record,
      (it) => (Array.isArray(it.jobs) ? it.jobs : undefined),
      (value) => one(value, from),
    ),
};

function one(value: Raw, from: Origin): Ingested {
  const read = job.safeParse(value);
  if (!read.success) return problemOf(read.error, "job");
  const it = read.data;
  const end = plain(at(value, "time", "end"));
  const start = plain(at(value, "time", "start"));
  if (end === undefined || end <= 0) return skip("a job that still runs");
  if (start === undefined || end > 8.64e12) return skip("a job that never started");
  const steps = Array.isArray(value.steps) ? value.steps.filter(isRecord).slice(0, maxSteps) : [];
  const disk = sum(steps, "fs", "disk");
  const gpu = sum(steps, "gres", "gpuutil");
  const asked = allocated(value, "gres", "gpu");
  const user = it.user && !it.user.startsWith("anonymous@") ? it.user : undefined;
  const cluster = it.cluster || "slurm";
  const { comment: _comment, ...kept } = value;
  return found(
    {
      ...essentials({
        id: idOf("slurm", from.source, cluster, it.job_id, start),
        from,
        time: Math.round(end * 1000),
        activity: activity.jobStart,
        product: "Slurm",
        principal: user ?? `host:${cluster}`,
        uid: String(it.job_id),
        originalTime: String(end),
        raw: JSON.stringify(kept),
      }),
      ...(user === undefined && { vouched: false }),
      operation: "job",
      actor: { user: { name: user ?? "unknown" } },
      device: { hostname: cluster, type_id: 0 },
      job: {
        name: it.name || String(it.job_id),
        ...(textOf(value, "submit_line") !== undefined && { cmd_line: textOf(value, "submit_line") }),
      },
      unmapped: {
        seconds: Math.round(end - start),
        ...(disk !== undefined && { read_bytes: disk }),
        ...(gpu !== undefined && { gpu_use: gpu }),
        gpus: asked ?? 0,
        ...(textOf(value, "account") !== undefined && { account: textOf(value, "account") }),
      },
    },
    kept,
  );
}

/** A number, plain or `{ "set": true, "infinite": false, "number": 5 }`. */
function plain(value: unknown): number | undefined {
  if (isRecord(value)) return value.set === false || value.infinite === true ? undefined : numberOf(value, "number");
  return numberOf({ value }, "value");
}

/** The total of a resource over all steps. What a step used is told twice, in and out: the larger counts. */
function sum(steps: readonly Raw[], type: string, name: string): number | undefined {
  let total: number | undefined;
  for (const it of steps) {
    const used = [at(it, "tres", "requested", "total"), at(it, "tres", "consumed", "total")].map((list) =>
      countIn(list, type, name),
    );
    const known = used.filter((count) => count !== undefined);
    if (known.length > 0) total = (total ?? 0) + Math.max(...known);
  }
  return total === undefined ? undefined : bytesOf(total);
}

function allocated(value: Raw, type: string, name: string): number | undefined {
  return countIn(at(value, "tres", "allocated"), type, name);
}

function countIn(list: unknown, type: string, name: string): number | undefined {
  if (!Array.isArray(list)) return undefined;
  const entry = list.find((it) => isRecord(it) && it.type === type && it.name === name);
  return entry === undefined ? undefined : plain(at(entry, "count"));
}
