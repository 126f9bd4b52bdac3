import { dirname } from "node:path";
import type { ScannedCopy, ScannedModel, ScanReport, TheftPath } from "@outweigh/schema";
import type { Terminal } from "../terminal.ts";
import { countText, durationText, plural, sizeText } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";
import { middle, padEnd, widthOf } from "../text/width.ts";
import { wrap } from "../text/wrap.ts";
import { isProtected, isUndeclared, originOf } from "./findings.ts";
import { firstFix } from "./first-fix.ts";

/** How many of each a person reads. `--json` has them all. */
const maxModels = 12;
const maxCopies = 6;
const maxPaths = 8;

/** Models below this that nobody registered are counted together: test data of libraries, in the thousands. In bytes. */
const smallBytes = 1_000_000;

/** What a scan found, for people: copies first, then how they could be taken, what to mend first, and what was not seen. */
export function printScan(report: ScanReport, terminal: Terminal): void {
  printSummary(report, terminal);
  printArchives(report, terminal);
  printModels(report, terminal);
  printPaths(report, terminal);
  printListeners(report, terminal);
  printNotSeen(report, terminal);
}

function printSummary({ filesSeen, roots, startedAt, finishedAt, bytesRead }: ScanReport, terminal: Terminal): void {
  const took = durationText(Date.parse(finishedAt) - Date.parse(startedAt));
  const root = process.geteuid?.() === 0 ? "as root" : "not as root";
  terminal.print(
    `${plural(filesSeen, "file")} in ${plural(roots.length, "root")}, ${took}, ${sizeText(bytesRead)} read; read-only, no network, ${root}`,
  );
}

/** Archives not looked into to their end are no "no": they are counted where the result begins. */
function printArchives({ archives }: ScanReport, terminal: Terminal): void {
  if (!archives || archives.lookedInto + archives.leftOut === 0) return;
  const left = archives.leftOut === 0 ? "" : `, ${countText(archives.leftOut)} not to the end (see NOT SEEN)`;
  terminal.print(`${plural(archives.lookedInto + archives.leftOut, "archive")} looked into${left}`);
}

function printModels({ models }: ScanReport, terminal: Terminal): void {
  terminal.print();
  const large = models.filter((it) => it.name !== undefined || it.bytes >= smallBytes || originOf(it) !== undefined);
  const small = models.length - large.length;
  const sorted = large.toSorted(
    (a, b) =>
      Number(isProtected(b)) - Number(isProtected(a)) ||
      Number(b.name !== undefined) - Number(a.name !== undefined) ||
      b.bytes - a.bytes,
  );
  if (large.length === 0) terminal.print(models.length === 0 ? "No model found." : "No model of 1 MB or more found.");
  for (const it of sorted.slice(0, maxModels)) printModel(it, terminal);
  const rest = sorted.length - maxModels;
  if (rest > 0) terminal.print(`and ${plural(rest, "more model")}; --json lists all`);
  if (small > 0)
    terminal.print(
      `and ${plural(small, "model")} below 1 MB that nobody registered, mostly test data; --json lists them`,
    );
}

function printModel(model: ScannedModel, terminal: Terminal): void {
  const { name, class: kind, bytes, tensors, formats, copies } = model;
  const undeclared = copies.filter((it) => isUndeclared(model, it)).length;
  const facts = [
    tensors > 0 ? `${sizeText(bytes)} of weights` : sizeText(bytes),
    ...(tensors > 0 ? [plural(tensors, "tensor")] : []),
    formats.map(visible).join(", "),
    plural(copies.length, "copy", "copies"),
  ];
  const mark = undeclared > 0 ? `  ! ${undeclared} outside any declared place` : "";
  const title = name === undefined ? model.id : terminal.bold(visible(name));
  terminal.print(`${title}  ${kind?.toUpperCase() ?? "not registered"}  ${facts.join(" · ")}${mark}`);
  const origin = originOf(model);
  if (origin !== undefined) {
    const why = typeof model.verdict?.why === "string" ? `: ${model.verdict.why}` : "";
    for (const line of wrap(
      visible(`${model.verdict?.["watched"] === true ? "may come" : "comes"} from ${origin}${why}`),
      terminal.width,
      { first: "   ! ", rest: "     " },
    ))
      terminal.print(line);
  }
  const order = copies.toSorted((a, b) => Number(isUndeclared(model, b)) - Number(isUndeclared(model, a)));
  for (const it of order.slice(0, maxCopies)) printCopy(model, it, terminal);
  const rest = copies.length - maxCopies;
  if (rest > 0) terminal.print(`     and ${plural(rest, "more copy", "more copies")}`);
}

function printCopy(model: ScannedModel, copy: ScannedCopy, terminal: Terminal): void {
  const facts = [
    ...(copy.declared === undefined ? [] : [copy.declared ? "declared" : "undeclared"]),
    ...(copy.files === undefined ? [] : [plural(copy.files.length, "file")]),
    ...(copy.complete ? [] : [incomplete(copy)]),
    ...(copy.readableBy.length === 0 ? [] : [`read by ${readers(copy.readableBy)}`]),
    ...(copy.digest.startsWith("unread:") ? ["not hashed"] : []),
  ];
  const mark = isUndeclared(model, copy) ? "!" : " ";
  const folder = folderOf(copy);
  const place = visible(folder ?? placeOf(copy));
  const tail = facts.length === 0 ? "" : `  ${facts.join(" · ")}`;
  const line = `   ${mark} ${place}${tail}`;
  if (folder === undefined && widthOf(line) <= terminal.width) {
    terminal.print(line);
    return;
  }
  // The place alone on its line, whole, to be pasted; beyond the width nothing helps.
  terminal.print(`   ${mark} ${middle(place, terminal.width - 5)}`);
  if (facts.length > 0) terminal.print(`       ${facts.join(" · ")}`);
}

/** The folder that holds all files of a copy, if it has several on the disk: what commands take as its path. */
function folderOf({ container, files = [] }: ScannedCopy): string | undefined {
  const [first, ...rest] = files.map((it) => dirname(it.path));
  return container === undefined && rest.length > 0 && rest.every((it) => it === first) ? first : undefined;
}

function incomplete({ missing = [] }: ScannedCopy): string {
  return missing.length === 0
    ? "cut short"
    : `incomplete, ${countText(missing.length)}${missing.length === 100 ? " or more" : ""} missing`;
}

/** `holiday.zip!/a.bin`. */
export function placeOf({ path, container }: ScannedCopy): string {
  return container === undefined ? path : `${container}!/${path}`;
}

function readers(names: readonly string[]): string {
  if (names.includes("other")) return "any local user";
  const [first = "", ...rest] = names.map(visible);
  return rest.length === 0 ? first : `${first} and ${rest.length} more`;
}

function printPaths({ paths }: ScanReport, terminal: Terminal): void {
  if (paths.length === 0) return;
  terminal.print();
  terminal.print(terminal.bold("HOW TAKEN"));
  const grouped = groupPaths(paths);
  for (const { path, count } of grouped.slice(0, maxPaths)) {
    const [first] = path.steps;
    const last = path.steps.at(-1);
    if (!first || !last) continue;
    const basis = path.steps.every((it) => it.basis === "verified") ? "verified" : "inferred";
    const steps = plural(path.steps.length, "step");
    const what = count > 1 ? `${count} copies, e.g. ${last.to}` : last.to;
    const time = path.minutes === undefined ? steps : timeText(path.minutes);
    const head = `   ${padEnd(time, 8)} ${padEnd(visible(first.from), 16)} ${basis}  `;
    terminal.print(head + middle(visible(what), terminal.width - head.length));
    const detail =
      path.steps.length > 1
        ? path.steps.map((it) => `${it.to}: ${it.how}${it.proof === undefined ? "" : ` (${it.proof})`}`).join("; ")
        : first.proof === undefined
          ? first.how
          : `${first.how}: ${first.proof}`;
    for (const line of wrap(visible(detail), terminal.width, { first: " ".repeat(12), rest: " ".repeat(12) }))
      terminal.print(line);
    if (path.fix !== undefined && count === 1) terminal.print(`            fix: ${visible(path.fix)}`);
  }
  if (grouped.length > maxPaths)
    terminal.print(`   and ${plural(grouped.length - maxPaths, "more way")}; --json lists all`);
  const fix = firstFix(paths);
  if (fix) {
    terminal.print(`fix first: ${visible(fix.command)}`);
    terminal.print(`           theft paths ${countText(paths.length)} -> ${countText(paths.length - fix.closes)}`);
  }
}

/** Paths that differ only in the file are one line: the same people, in the same folder. */
function groupPaths(paths: readonly TheftPath[]): { path: TheftPath; count: number }[] {
  const groups = new Map<string, { path: TheftPath; count: number }>();
  for (const path of paths) {
    const to = path.steps.at(-1)?.to ?? "";
    const key = JSON.stringify([path.kind, path.steps.length, path.steps[0]?.from, to.slice(0, to.lastIndexOf("/"))]);
    const group = groups.get(key);
    if (group) group.count++;
    else groups.set(key, { path, count: 1 });
  }
  return [...groups.values()].toSorted(
    (a, b) => (a.path.minutes ?? a.path.steps.length) - (b.path.minutes ?? b.path.steps.length) || b.count - a.count,
  );
}

/** How long taking it takes, by the simple model of docs/guide/posture.md: `10 min`, `6 h`, `3 d`. */
export function timeText(minutes: number): string {
  if (minutes < 60) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} d`;
}

function printListeners({ listeners }: ScanReport, terminal: Terminal): void {
  const known = listeners.filter((it) => it.product !== undefined);
  if (known.length > 0) {
    terminal.print();
    terminal.print(terminal.bold("LISTENING"));
  }
  for (const { address, port, product = "", process: program, authenticated, basis } of known) {
    const auth =
      authenticated === "unknown"
        ? "whether it asks for a key is unknown"
        : authenticated
          ? "asks for a key"
          : "asks for no key";
    const where = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
    const by = program === undefined ? "by its port" : visible(program);
    terminal.print(`   ${padEnd(visible(product), 16)} ${padEnd(where, 22)} ${basis}, ${by}; ${auth} (not contacted)`);
  }
}

function printNotSeen({ notSeen }: ScanReport, terminal: Terminal): void {
  terminal.print();
  terminal.print(terminal.bold("NOT SEEN"));
  for (const { what, why } of notSeen) {
    for (const line of wrap(`${visible(what)}: ${visible(why)}`, terminal.width, { first: "   ", rest: "      " }))
      terminal.print(line);
  }
}
