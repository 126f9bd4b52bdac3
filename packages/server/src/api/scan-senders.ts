// Whose scans a token may send. A host's scan replaces the one before, so nobody sends one in another's name.
import type { Sender } from "../auth/source-tokens.ts";
import { ServerError } from "../error.ts";
import type { Context } from "./context.ts";

/** Whether records of this source are reports of scans. */
export function sendsScans({ config }: Pick<Context, "config">, source: string): boolean {
  return (config.sources.find((it) => it.name === source)?.kind ?? (source === "scan" ? "scan" : "auto")) === "scan";
}

/**
 * The report as it is taken from this sender: of its own host. What is no JSON is left to the line, which rejects it.
 *
 * @throws {ServerError} FORBIDDEN for another host's, and for a token that is bound to none.
 */
export function ownScan(body: Buffer, { host, isOwn }: Sender): Buffer {
  if (isOwn) return body;
  if (host === undefined)
    throw new ServerError("FORBIDDEN", "this token is for no host: make another with --host, and revoke this one");
  let report: unknown;
  try {
    report = JSON.parse(body.toString("utf8"));
  } catch {
    return body;
  }
  if (typeof report !== "object" || report === null || Array.isArray(report)) return body;
  const named = "host" in report ? report.host : undefined;
  if (named !== undefined && (typeof named !== "string" || named.toLowerCase() !== host.toLowerCase()))
    throw new ServerError("FORBIDDEN", `this token sends scans of ${host}, not of another host`);
  return Buffer.from(JSON.stringify({ ...report, host }));
}
