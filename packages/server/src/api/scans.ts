// What scans of hosts found, over time, and when hosts are asked for one.
import { keyId, signedScanLine } from "@outweigh/evidence";
import { scheduleBody, type HostScans, type ScanRun, type ScanSchedule } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { ServerError } from "../error.ts";
import { unnamedHost } from "../store/copies.ts";
import { runsOf, schedules, setSchedule } from "../store/scan-runs.ts";
import { signedMarks, signedScan, type SignedMark } from "../store/signed-scans.ts";
import { decide, personOf, reachOf, read, type Context } from "./context.ts";
import { watchedOf } from "./watch.ts";

const ofHost = z.object({ host: z.string().min(1).max(256) });
const ofSigned = ofHost.extend({ finishedAt: z.coerce.number().int().nonnegative() });
const ofAgent = z.object({ id: z.string().max(64) });
const hourMs = 3_600_000;
/** Most paths and places not seen that a page shows of one host. */
const maxShown = 1000;

export function scans(app: FastifyInstance, context: Context): void {
  const { scanned, db, agents, changes, now } = context;

  app.get("/api/scan", async () => {
    const [latest] = (await scanned.latest()).reports;
    if (!latest) throw new ServerError("NOT_FOUND", "there is no scan report yet");
    return latest;
  });

  app.get("/api/scans/:host", async (request): Promise<HostScans> => {
    const { host } = read(ofHost, request.params);
    const isIt = (name: string | undefined) => (name ?? unnamedHost).toLowerCase() === host.toLowerCase();
    const agent = agents.list().find((it) => it.revokedAt === undefined && isIt(it.host.name));
    const report = (await scanned.latest()).reports.find((it) => isIt(it.host));
    if (!agent && !report) throw new ServerError("NOT_FOUND", `no host ${host} was scanned, and none has an agent`);
    const name = report?.host ?? agent?.host.name ?? unnamedHost;
    const [runs, marks, watching] = await Promise.all([
      runsOf(db, name),
      signedMarks(db, name),
      watchedOf(context, { kind: "host", name }, reachOf(request)),
    ]);
    const signed = new Map(marks.map((it) => [it.digest, it]));
    const schedule = agent && (await schedules(db)).find((it) => it.agent === agent.id);
    return {
      runs: runs.map((it) => withSigner(it, name, signed.get(it.digest))),
      ...(schedule && { schedule: toldOf(schedule) }),
      looked: report?.looked ?? [],
      notSeen: (report?.notSeen ?? []).slice(0, maxShown).map(({ what, why }) => ({ what, why })),
      paths: (report?.paths ?? []).slice(0, maxShown),
      asked: report?.asked ?? [],
      ...watching,
    };
  });

  app.get("/api/scans/:host/signed/:finishedAt", async (request, reply) => {
    const { host, finishedAt } = read(ofSigned, request.params);
    const found = await signedScan(db, { host, finishedAt });
    if (!found) throw new ServerError("NOT_FOUND", "no signed result of this scan is kept");
    return reply
      .type("application/json")
      .header("content-disposition", 'attachment; filename="scan.signed.json"')
      .send(signedScanLine(found));
  });

  app.post("/api/hosts/:id/schedule", async (request): Promise<{ schedule?: ScanSchedule }> => {
    const by = personOf(request);
    const { everyHours, reason } = read(scheduleBody, request.body);
    const agent = agents.get(read(ofAgent, request.params).id);
    if (!agent || agent.revokedAt !== undefined) throw new ServerError("NOT_FOUND", "no such host is enrolled");
    const at = now();
    const schedule = everyHours === 0 ? undefined : { everyHours, by, at, nextAt: at + everyHours * hourMs };
    const how = schedule ? `every ${everyHours} h` : "only when it is asked";
    const text = `set ${agent.host.name} to be scanned ${how}: ${reason}`;
    await decide(context, { kind: "scans-scheduled", by, subject: `host:${agent.host.name}`, text }, (tx) =>
      setSchedule(tx, agent.id, schedule),
    );
    changes.tell("host", agent.id);
    return { ...(schedule && { schedule }) };
  });
}

function withSigner(run: ScanRun, host: string, mark: SignedMark | undefined): ScanRun {
  if (!mark) return run;
  return { ...run, signed: { by: host, key: keyId(mark.key), finishedAt: mark.finishedAt } };
}

function toldOf({ everyHours, by, at, nextAt }: ScanSchedule): ScanSchedule {
  return { everyHours, by, at, nextAt };
}
