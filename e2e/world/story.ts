// What the stories have in common: logs in a folder, one replay over them, and a table of what was expected and what came.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import type { Alert, Coalition, Holding, Severity } from "@outweigh/schema";
import { run, storyFolder } from "./platform.ts";

type Iso<T> = Omit<T, "firstAt" | "lastAt"> & { readonly firstAt: string; readonly lastAt: string };

/** What `outweigh replay --json` answers, as far as stories ask. */
export interface Answer {
  readonly code: number;
  readonly events: number;
  readonly rejected: number;
  readonly alerts: readonly Iso<Alert>[];
  readonly incidents: readonly {
    readonly id: string;
    readonly severity: Severity;
    readonly title: string;
    readonly act?: string;
    readonly method?: string;
    readonly principals: readonly string[];
    readonly models: readonly string[];
    readonly alerts: readonly string[];
    readonly firstAt: string;
  }[];
  readonly custody: readonly Holding[];
  readonly coalition: readonly Coalition[];
}

export interface Logs {
  readonly register: string;
  /** File name → records in the order of time. A name that ends in `.gz` is packed. */
  readonly files: Readonly<Record<string, readonly string[]>>;
}

/** Writes logs and replays them by the command line, as a user would. */
export function replayed({ register, files }: Logs): Answer {
  const folder = storyFolder("replay");
  try {
    const logs = join(folder.path, "logs");
    mkdirSync(logs);
    writeFileSync(join(folder.path, "outweigh.yml"), register);
    for (const [name, records] of Object.entries(files)) {
      const text = records.length === 0 ? "" : `${records.join("\n")}\n`;
      writeFileSync(join(logs, name), name.endsWith(".gz") ? gzipSync(text, { level: 1 }) : text);
    }
    const { code, stdout, stderr } = run(["replay", logs, "--json"], folder.path);
    assert.ok(code === 0 || code === 1, stderr);
    const answer = JSON.parse(stdout);
    const rejected = answer.sources.reduce(
      (sum: number, it: { rejects: unknown[]; rejectsNotListed: number }) =>
        sum + it.rejects.length + it.rejectsNotListed,
      0,
    );
    return { ...answer, code, rejected };
  } finally {
    folder.remove();
  }
}

/** Incidents that wake somebody: high and critical. */
export const pages = (it: Pick<Answer, "incidents">) =>
  it.incidents.filter(({ severity }) => severity === "high" || severity === "critical");
/** Incidents for the working day. */
export const tickets = (it: Pick<Answer, "incidents">) => it.incidents.filter(({ severity }) => severity === "medium");

export interface Row {
  readonly what: string;
  readonly expected: string;
  readonly found: string;
  /** From arrival where the story is live, else how much was gone or how late it was in the thief's own time. */
  readonly after?: string;
}

/** Prints a story's table. */
export function tell(t: TestContext, title: string, rows: readonly Row[]): void {
  const table = [
    ["", "expected", "found", "after"],
    ...rows.map((it) => [it.what, it.expected, it.found, it.after ?? ""]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((cells) => (cells[column] ?? "").length)));
  t.diagnostic(title);
  for (const cells of table)
    t.diagnostic(
      `  ${cells
        .map((it, i) => it.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd()}`,
    );
}

/** `2.1 s`, `340 ms`. */
export function took(ms: number | undefined): string {
  if (ms === undefined) return "never";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** What a list of alerts or incidents says, in short: for a table, and for a failed assertion. */
export function rulesOf(alerts: readonly Pick<Alert, "rule" | "severity">[]): string {
  const loud = alerts.filter(({ severity }) => severity !== "low" && severity !== "informational");
  return [...new Set(loud.map((it) => `${it.rule} (${it.severity})`))].join(", ") || "nothing";
}
