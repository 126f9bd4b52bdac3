import { scanReport, type OcsfEvent, type ScannedCopy, type ScannedModel, type ScanReport } from "@outweigh/schema";
import { essentials, idOf } from "./ocsf.ts";
import { isShallow, maxDepth, parseJson, skip, type Origin, type Raw, type Source } from "./source.ts";

/** Longest report we read, in UTF-16 units: a host with a hundred thousand copies fits. */
const maxReportLength = 64 * 1024 * 1024;

export const scan: Source = {
  id: "scan",
  title: "Scan of a host",
  cannotSee: [
    "Files in folders that the scanning user may not read, in memory, in image stores that are not docker's, and on other hosts",
    "A copy that was encrypted; a quantised, pruned or fine-tuned one where the scan had no fingerprint of the model",
    "Who made a copy, and when: a scan sees what lies there, not what happened",
  ],
  requires: ["A digest in the register for each protected model: outweigh register writes it"],
  logsources: [{ product: "outweigh", service: "scan" }],

  read(record, from) {
    if (record.length > maxReportLength) return { ok: false, reason: `longer than ${maxReportLength} characters` };
    const parsed = parseJson(record);
    if ("reason" in parsed) return { ok: false, reason: parsed.reason };
    if (!isShallow(parsed.value)) return { ok: false, reason: `report: nested deeper than ${maxDepth}` };
    const report = scanReport.safeParse(parsed.value);
    if (!report.success) {
      const [issue] = report.error.issues;
      return { ok: false, reason: `${issue?.path.join(".") || "report"}: ${issue?.message ?? "not a scan report"}` };
    }
    const events: OcsfEvent[] = [];
    const raw: Raw[] = [];
    for (const model of report.data.models) {
      if (model.name === undefined) continue;
      for (const copy of model.copies) {
        events.push(toEvent(report.data, model, copy, from));
        raw.push({ ...copy });
      }
    }
    return events.length === 0 ? skip("a scan that found no copy of a registered model") : { ok: true, events, raw };
  },
};

/** A copy of a registered model on a disk. The same copy seen by two scans is two sightings with two ids. */
function toEvent(report: ScanReport, model: ScannedModel, copy: ScannedCopy, from: Origin): OcsfEvent {
  const host = report.host ?? "this host";
  const path = copy.container === undefined ? copy.path : `${copy.container}!${copy.path}`;
  const where = { host, path, digest: copy.digest };
  return {
    ...essentials({
      id: idOf("scan", host, path, copy.digest, report.finishedAt),
      from,
      time: Date.parse(report.finishedAt),
      // Nobody acted: a scan observed. OCSF 1001 File System Activity has no such id, so 99 with its name.
      activity: [1001, 99],
      product: "Outweigh scan",
      principal: `host:${host}`,
      originalTime: report.finishedAt,
      raw: JSON.stringify({ ...where, copy }),
    }),
    activity_name: "Seen",
    status_id: 1,
    operation: "seen",
    artifact: `file:${path}`,
    weights: true,
    ...(model.name !== undefined && { model: model.name }),
    actor: { app_name: "outweigh scan" },
    device: { hostname: host, type_id: 0 },
    file: {
      name: path.slice(path.lastIndexOf("/") + 1),
      path,
      type_id: 1,
      size: copy.bytes,
      ...(copy.sha256 !== undefined && { hashes: [{ algorithm_id: 3, algorithm: "SHA-256", value: copy.sha256 }] }),
    },
    unmapped: {
      digest: copy.digest,
      format: copy.format,
      complete: copy.complete,
      declared: copy.declared ?? "unknown",
      readable_by: copy.readableBy,
      ...(model.verdict?.["watched"] === true && { unsure: true }),
    },
  };
}
