// An agent's signature on what its scan found is checked, kept, and put on record: the server's word is not needed for it later.
import { isSignedScan, keyId, type SignedScan } from "@outweigh/evidence";
import { scanReport, type AgentReport, type ScanReport } from "@outweigh/schema";
import { ServerError } from "../error.ts";
import { self } from "../evidence/log.ts";
import { recordedFields, recordOf } from "../evidence/records.ts";
import type { StoredAgent } from "../store/agents.ts";
import { reportDigest } from "../store/scan-runs.ts";
import { addSigned, packedScan, scanId, scanSubject } from "../store/signed-scans.ts";
import type { Context } from "./context.ts";
import { registeredScan } from "./registered-scan.ts";

/**
 * What an agent's signed scan says, once it is kept with its signature.
 *
 * @throws {ServerError} BAD_REQUEST if another key than the agent's signed it, or not this, or it is no report.
 */
export async function keepSigned(
  context: Context,
  agent: StoredAgent,
  signed: NonNullable<AgentReport["signedScan"]>,
): Promise<ScanReport> {
  const { db, evidence, now } = context;
  // As bytes would have it: half a surrogate pair is none.
  const scan: SignedScan = { ...signed, report: signed.report.toWellFormed() };
  // The last 32 bytes of its SubjectPublicKeyInfo. Source: RFC 8410 §4.
  const own = Buffer.from(agent.publicKey, "base64").subarray(-32).toString("hex");
  if (scan.key !== own || !isSignedScan(scan))
    throw new ServerError("BAD_REQUEST", "signedScan: it is not signed by the agent's own key");
  const report = reportIn(scan.report);
  const host = agent.host.name;
  const stored = { host, finishedAt: Date.parse(report.finishedAt), ...scan };
  const body = await packedScan(stored);
  const digest = reportDigest(scanReport.parse(asTaken(report, context, host)));
  const recorded = new Map([recordOf("scan", scanId(stored), stored, evidence.saltKey)]);
  const text = `${host} signed its scan that ended at ${report.finishedAt}, with ${keyId(scan.key)}`;
  const decision = { kind: "scan-signed", by: self, subject: scanSubject(stored), text };
  await db.transaction().execute(async (tx) => {
    if (!(await addSigned(tx, stored, { digest, body }))) return;
    await evidence.append(
      tx,
      recordedFields(recorded).map((fields) => ({ ...decision, fields })),
      now(),
    );
  });
  return report;
}

/** An agent speaks for its own host alone, whatever it writes. */
export function asTaken(report: ScanReport, { config }: Pick<Context, "config">, host: string): ScanReport {
  return { ...registeredScan(report, config.models), host };
}

function reportIn(text: string): ScanReport {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ServerError("BAD_REQUEST", "signedScan.report: it is not JSON");
  }
  const report = scanReport.safeParse(value);
  if (report.success) return report.data;
  const [issue] = report.error.issues;
  throw new ServerError("BAD_REQUEST", `signedScan.report.${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
}
