import { readFileSync, statSync } from "node:fs";
import { maxReportBytes, scanReport, type ScanReport, type TheftPath } from "@outweigh/schema";
import { CliError } from "../error.ts";
import { unreadable } from "../paths.ts";
import type { Terminal } from "../terminal.ts";
import { countText, plural } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";

/** How many paths of each kind a person reads. */
const maxShown = 5;

/** An earlier scan's report. @throws {CliError} USAGE if the file is none. */
export function readReport(path: string): ScanReport {
  let value: unknown;
  try {
    if (statSync(path).size > maxReportBytes)
      throw new CliError("USAGE", `${path} is longer than ${maxReportBytes} bytes`);
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    if (cause instanceof SyntaxError)
      throw new CliError("USAGE", `${path} is no JSON: outweigh scan --json writes it`, { cause });
    throw unreadable(path, cause);
  }
  const read = scanReport.safeParse(value);
  if (read.success) return read.data;
  throw new CliError("USAGE", `${path} is no report of a scan: ${read.error.issues[0]?.path.join(".")}`);
}

/** Theft paths of one report that the other has not: the same model, by the same steps. */
export function gone(from: readonly TheftPath[], to: readonly TheftPath[]): TheftPath[] {
  const there = new Set(to.map(keyOf));
  return from.filter((it) => !there.has(keyOf(it)));
}

/** What changes between two scans by itself, such as counts, is no part of it. */
function keyOf({ model, kind, steps }: TheftPath): string {
  return JSON.stringify([model, kind, steps.map((it) => [it.from, it.to.replace(/ and \d+ more$/, "")])]);
}

/** What a fix changed: how many paths there were and are, which are gone, which are new. */
export function printChange(before: ScanReport, after: ScanReport, terminal: Terminal): void {
  const [less, more] = [gone(before.paths, after.paths), gone(after.paths, before.paths)];
  terminal.print();
  terminal.print(
    `theft paths ${countText(before.paths.length)} -> ${countText(after.paths.length)} since ${before.finishedAt}`,
  );
  for (const [word, all] of [
    ["gone", less],
    ["new", more],
  ] as const) {
    for (const it of all.slice(0, maxShown))
      terminal.print(visible(`   ${word}  ${it.steps[0]?.from ?? ""} -> ${it.steps.at(-1)?.to ?? ""}`));
    if (all.length > maxShown) terminal.print(`   ${word}  and ${plural(all.length - maxShown, "more path")}`);
  }
}
