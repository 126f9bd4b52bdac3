import { writeFileSync } from "node:fs";
import type { ScanReport } from "@outweigh/schema";
import { CliError } from "../error.ts";

/** Writes a scan's theft paths as SARIF to a file that a person named. @throws {CliError} FAILED */
export async function writeSarif(path: string, report: ScanReport): Promise<void> {
  // Loaded when it is wanted: a scan starts without it.
  const { sarifOfScan } = await import("@outweigh/pipeline");
  writeOwn(path, sarifOfScan(report));
}

/** @throws {CliError} FAILED */
export function writeOwn(path: string, value: object): void {
  try {
    writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError("FAILED", `${path} cannot be written: ${why}`, { cause });
  }
}
