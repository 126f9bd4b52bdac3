import { readFileSync } from "node:fs";
import type { GradeCounts } from "@outweigh/evidence";
import { doubtText, evidenceCheckpoint, restsText, type EvidenceCheckpoint } from "@outweigh/schema";
import { z } from "zod";
import { command, type Call } from "../command.ts";
import { CliError, type ExitCode } from "../error.ts";
import { statOf, unreadable } from "../paths.ts";
import type { Terminal } from "../terminal.ts";
import { plural } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";

const options = {
  key: {
    type: "string",
    multiple: true,
    value: "KEY",
    about: "A key you trust, by id or in full; without one, any signer is accepted and named",
  },
  known: {
    type: "string",
    multiple: true,
    value: "FILE",
    about: "A checkpoint that you kept: the pack's log must have grown from it",
  },
} as const;

export const verify = command({
  summary: "Checks a pack of evidence, or a signed scan, without any server",
  usage: "FILE",
  positionals: [1, 1],
  options,
  about: [
    "Recomputes every digest, the hash chain, the checkpoints and the signatures. Exit 1 if anything does not hold.",
    "It proves that nothing was changed since it was received, not that a source told the truth.",
  ],
  examples: [
    { line: "outweigh verify incident-1.pack", about: "Says whether it holds, and who signed it" },
    {
      line: "outweigh verify incident-1.pack --key ed25519:ce2ada0b2b430c2a55cedd04b04e12bd",
      about: "Holds only if that key signed it",
    },
    {
      line: "outweigh verify /var/lib/outweigh-agent/scan.signed.json",
      about: "What an agent kept of its last scan: from whom it is, and that nothing was changed",
    },
    {
      line: "outweigh verify incident-1.pack --known 2026-11-01.json",
      about: "Holds only if the log still begins as it did that day",
    },
  ],
  run,
});

async function run({ positionals: [file = ""], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { looksSigned, maxPackBytes, maxSignedScanBytes, verifyPack } = await import("@outweigh/evidence");
  const bytes = read(file, Math.max(maxPackBytes, maxSignedScanBytes));
  if (looksSigned(bytes)) return verifyScan(bytes, { file, trusted: values.key, json, terminal });
  if (bytes.length > maxPackBytes)
    throw new CliError("USAGE", `${file} has ${bytes.length} bytes, at most ${maxPackBytes} are read of a pack`);
  const known = values.known.map(readCheckpoint);
  const report = verifyPack(bytes, {
    ...(values.key.length > 0 && { trusted: values.key }),
    ...(known.length > 0 && { known }),
  });
  // What does not hold may say anything: then it has no title of ours to show.
  const { title, id } = report.ok ? toldIn(bytes) : {};
  const isPack = report.documents + report.entries + report.checkpoints > 0;
  const seems = isPack ? undefined : seemsToBe(bytes);
  const more = { ...(title !== undefined && { title }), ...(id !== undefined && { id }), ...(seems && { seems }) };
  if (json) terminal.printJson({ ...report, ...more });
  else {
    const { ok, entries, checkpoints, documents, late, redacted, signer, incident, problems } = report;
    if (!isPack) return printNoPack({ file, seems, problem: problems[0] }, terminal);
    terminal.print(ok ? `${visible(file)} holds` : `${visible(file)} does not hold`);
    if (title !== undefined) terminal.print(`   ${terminal.bold(visible(title))}`);
    terminal.print(
      `   incident ${visible(id ?? incident ?? "unknown")}: ${plural(documents, "document")}, ${plural(entries, "entry", "entries")}, ${plural(checkpoints, "checkpoint")}`,
    );
    printGrades(report.grades, ok, terminal);
    if (late > 0) terminal.print(`   ${plural(late, "document")} put on record only when it was packed, not before`);
    if (redacted > 0) terminal.print(`   ${plural(redacted, "field")} left out on purpose; the digests hold`);
    terminal.print(
      signer === undefined
        ? "   signed by nobody"
        : `   signed by ${visible(signer)}${values.key.length > 0 ? "" : ": compare it with the key you were told"}`,
    );
    for (const it of report.scanSigners)
      terminal.print(
        `   holds what a host's agent signed with ${it}: compare it with the key that it was enrolled with`,
      );
    for (const it of problems) terminal.print(`   ! ${visible(it)}`);
  }
  return report.ok ? 0 : 1;
}

/** What its events are worth, as whoever sealed it says. Of a pack that does not hold, it says nothing that can be relied on. */
function printGrades({ redacted, ...grades }: GradeCounts, ok: boolean, terminal: Terminal): void {
  const hidden = redacted > 0 ? `; of ${redacted} the grade was left out` : "";
  terminal.print(`   rests on events: ${restsText(grades)}${hidden}`);
  const doubt = redacted > 0 ? undefined : doubtText(grades);
  if (ok && doubt !== undefined) terminal.print(`   ${doubt}`);
}

/** What is no pack at all, or nothing of one can be read. */
function printNoPack(
  { file, seems, problem }: { file: string; seems: string | undefined; problem: string | undefined },
  terminal: Terminal,
): ExitCode {
  terminal.print(
    seems === undefined ? `${visible(file)} is no pack that can be read` : `${visible(file)} is no pack: ${seems}`,
  );
  if (problem !== undefined && seems === undefined) terminal.print(`   ! ${visible(problem)}`);
  terminal.print("   outweigh pack INCIDENT > FILE makes one");
  return 1;
}

/** What people give in its place, by its first bytes; undefined for what begins like a pack. */
function seemsToBe(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 4096)).toString("latin1");
  if (head === "") return "it is empty";
  if (head.startsWith("\x1f\x8b")) return "it is packed with gzip: unpack it first";
  if (head.startsWith("PK\x03\x04")) return "it is a zip archive: unpack it first";
  if (head.startsWith("%PDF-")) return "it seems to be a report printed as PDF, which proves nothing";
  if (/^\s*<(!doctype html|html)/i.test(head)) return "it seems to be a report as a page, which proves nothing";
  if (head.includes('"type":"pack"')) return undefined;
  if (isCheckpoint(bytes)) return "it is a checkpoint: give it with --known, beside a pack";
  if (/"spec_version":\s*"2\.1"|"type":\s*"bundle"/.test(head)) return "it seems to be an export as STIX";
  if (/"class_uid":\s*200[45]/.test(head)) return "it seems to be an export as OCSF";
  if (head.startsWith("time,source,principal,")) return "it seems to be an export of events as CSV";
  if (/^\s*[{[]/.test(head)) return "it is JSON of another kind";
  return hasControls.test(head) ? "it is no text" : "it is text of another kind";
}

// oxlint-disable-next-line no-control-regex -- bytes that no text has
const hasControls = /[\x00-\x08\x0e-\x1f]/;

function isCheckpoint(bytes: Uint8Array): boolean {
  if (bytes.length > maxCheckpointBytes) return false;
  try {
    return evidenceCheckpoint.safeParse(JSON.parse(Buffer.from(bytes).toString("utf8"))).success;
  } catch {
    return false;
  }
}

interface ScanCheck extends Pick<Call<typeof options>, "json" | "terminal"> {
  readonly file: string;
  readonly trusted: readonly string[];
}

/** What an agent kept of its last scan. */
async function verifyScan(bytes: Uint8Array, { file, trusted, json, terminal }: ScanCheck): Promise<ExitCode> {
  const { keyId } = await import("@outweigh/evidence");
  const { readSignedScan } = await import("@outweigh/agent");
  const read = readSignedScan(bytes);
  const isTrusted = "problem" in read || trusted.length === 0 || read.names.some((it) => trusted.includes(it));
  const problem = "problem" in read ? read.problem : isTrusted ? undefined : "another key than those given signed it";
  const ok = problem === undefined;
  const signer = "problem" in read ? undefined : keyId(read.key);
  const report = "problem" in read ? undefined : read.report;
  if (json)
    terminal.printJson({ ok, kind: "scan", signer, host: report?.host, finishedAt: report?.finishedAt, problem });
  else {
    terminal.print(ok ? `${visible(file)} holds` : `${visible(file)} does not hold`);
    if (report) {
      const { host = "unknown", finishedAt, models } = report;
      terminal.print(`   scan of ${visible(host)}, finished ${finishedAt}: ${plural(models.length, "model")}`);
    }
    if (signer !== undefined)
      terminal.print(`   signed by ${signer}${trusted.length > 0 ? "" : ": compare it with the key you were told"}`);
    if (problem !== undefined) terminal.print(`   ! ${problem}`);
  }
  return ok ? 0 : 1;
}

/** A member that is shown; undefined for any other. */
const shown = z.object({ value: z.string() }).optional().catch(undefined);

/** What the pack says of its incident, as far as a checker need not know it. */
const incidentLine = z.object({
  type: z.literal("document"),
  kind: z.literal("incident"),
  fields: z.object({ title: shown, id: shown }),
});

/** The title of the incident in a pack that holds, and its id at its server; undefined what was left out on purpose. */
function toldIn(bytes: Uint8Array): { title?: string | undefined; id?: string | undefined } {
  // The incident's document is the second line (FORMAT.md).
  const start = bytes.indexOf(newline) + 1;
  const line = Buffer.from(bytes.subarray(start, bytes.indexOf(newline, start))).toString("utf8");
  const fields = incidentLine.safeParse(JSON.parse(line)).data?.fields;
  return { title: fields?.title?.value, id: fields?.id?.value };
}

const newline = 0x0a;

function read(file: string, most: number): Uint8Array {
  const { size } = statOf(file);
  if (size > most) throw new CliError("USAGE", `${file} has ${size} bytes, at most ${most} are read`);
  try {
    return readFileSync(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

/** A checkpoint as `outweigh checkpoint` printed it. @throws {CliError} USAGE */
function readCheckpoint(file: string): EvidenceCheckpoint {
  const text = new TextDecoder().decode(read(file, maxCheckpointBytes));
  try {
    return evidenceCheckpoint.parse(JSON.parse(text));
  } catch (cause) {
    throw new CliError("USAGE", `${visible(file)} is no checkpoint: outweigh checkpoint prints one`, { cause });
  }
}

/** Longest checkpoint, in bytes: it has six short members. */
const maxCheckpointBytes = 64 * 1024;
