// Controls and coverage as one table, for who collects reports in spreadsheets.
import type { Posture } from "@outweigh/schema";
import { csvTable } from "./csv.ts";

const head = ["part", "name", "title", "stage", "state", "since", "why", "fix", "evidence", "mitigations"];

/** Every control with its state and evidence; then, of each method of theft and technique, how many rules look and see. */
export function csvOfControls(it: Pick<Posture, "controls" | "coverage" | "techniques" | "vectors">): string {
  const controls = it.controls.map((row) => {
    const [since] = row.history;
    return [
      "control",
      row.name,
      row.title,
      row.stage,
      row.state,
      since === undefined ? "" : new Date(since.at).toISOString(),
      row.why,
      row.fix ?? "",
      row.evidence.join(" | "),
      row.mitigations.join(" "),
    ];
  });
  const methods = it.coverage.map(({ method, rules, sees }) => [
    "method of theft",
    method,
    "",
    "",
    `${rules} rules in use`,
    "",
    sees.map(({ kind, rules: n }) => `${kind}: ${n}`).join(" | "),
  ]);
  const techniques = it.techniques.map(({ id, name = "", rules, seeing }) => [
    "technique of ATLAS",
    id,
    name,
    "",
    `${rules} rules in use, ${seeing} of them see`,
  ]);
  const groups = (it.vectors?.groups ?? []).map(({ name, title, state, measures, beyond }) => [
    `ways of ${it.vectors?.source ?? ""}`,
    name,
    title,
    "",
    state,
    "",
    `beyond: ${beyond}`,
    "",
    measures.map((one) => `${one.name}: ${one.state}`).join(" | "),
  ]);
  return csvTable(head, [...controls, ...methods, ...techniques, ...groups]);
}
