import type { TheftPath } from "@outweigh/schema";
import { orderColumns } from "../incidents/graph-layout.ts";

/** A path as it is told: with the host whose scan found it. */
export type ToldPath = TheftPath & { readonly host?: string | undefined };

/** One thing on the way: what an attacker has, or the weights. */
export interface PathNode {
  readonly id: string;
  readonly name: string;
  readonly column: number;
  readonly row: number;
}

/** One way from a thing to the next. Steps of several paths that say the same are one edge. */
export interface PathEdge {
  readonly id: string;
  readonly from: PathNode;
  readonly to: PathNode;
  /** Free places in the columns between them: it runs through those, and behind nothing. */
  readonly via: readonly PathNode[];
  readonly basis: "verified" | "inferred";
  readonly steps: readonly TheftPath["steps"][number][];
  /** Which of the paths run along it. */
  readonly paths: ReadonlySet<string>;
}

interface PathLayout {
  /** How many nodes each column has. */
  readonly heights: readonly number[];
  readonly nodes: readonly PathNode[];
  readonly edges: readonly PathEdge[];
  readonly rows: number;
}

/** Most paths that are drawn at once: the quickest ones. More lines cannot be told apart. */
export const maxDrawnPaths = 24;
/** Most columns: longer ways are folded in their middle. */
const maxColumns = 6;

/** Names a path for an address: the same after the next scan, if it is the same path. */
export function pathId({ model, kind, steps, host }: ToldPath): string {
  return hash(JSON.stringify([model, kind, host, steps.map((it) => [it.from, settled(it.to)])]));
}

/** Counts change by themselves from scan to scan. */
function settled(to: string): string {
  return to.replace(/ and \d+ more$/, "");
}

/** FNV-1a: short, and of no importance. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value.toString(36);
}

/** What an attacker has stands left, weights stand right; each thing as far right as the longest way to it asks. */
export function pathLayout(paths: readonly ToldPath[]): PathLayout {
  const columnOf = new Map<string, number>();
  for (const { steps } of paths) {
    for (const [i, step] of steps.entries()) {
      const at = Math.min(i, maxColumns - 2);
      columnOf.set(step.from, Math.max(columnOf.get(step.from) ?? 0, at));
      if (i < steps.length - 1)
        columnOf.set(step.to, Math.max(columnOf.get(step.to) ?? 0, Math.min(at + 1, maxColumns - 2)));
    }
  }
  const last = Math.max(0, ...columnOf.values()) + 1;
  const ends = new Set(paths.flatMap(({ steps }) => steps.slice(-1).map((it) => it.to)));
  for (const it of ends) columnOf.set(it, last);
  const columns: { id: string; name: string }[][] = Array.from({ length: last + 1 }, () => []);
  for (const [id, column] of columnOf) columns[column]?.push({ id, name: id });
  const links = new Map<string, { readonly from: string; readonly to: string }>();
  for (const { from, to } of paths.flatMap(({ steps }) => steps)) {
    let before = from;
    for (let at = (columnOf.get(from) ?? 0) + 1; at < (columnOf.get(to) ?? 0); at++) {
      const id = freePlace(from, to, at);
      if (!columns[at]?.some((it) => it.id === id)) columns[at]?.push({ id, name: "" });
      links.set(`${before}\n${id}`, { from: before, to: id });
      before = id;
    }
    links.set(`${before}\n${to}`, { from: before, to });
  }
  const filled = columns.filter((it) => it.length > 0);
  orderColumns(filled, [...links.values()]);
  const placed = filled.flatMap((it, column) => it.map(({ id, name }, row): PathNode => ({ id, name, column, row })));
  const nodes = placed.filter((it) => columnOf.has(it.id));
  return {
    heights: filled.map((it) => it.length),
    nodes,
    edges: edgesOf(paths, new Map(placed.map((it) => [it.id, it]))),
    rows: Math.max(0, ...filled.map((it) => it.length)),
  };
}

/** Names a place that only a line runs through. No thing is called so. */
function freePlace(from: string, to: string, column: number): string {
  return `\0${column}\n${from}\n${to}`;
}

function edgesOf(paths: readonly ToldPath[], nodes: ReadonlyMap<string, PathNode>): PathEdge[] {
  const found = new Map<string, PathEdge & { steps: TheftPath["steps"]; paths: Set<string> }>();
  for (const path of paths) {
    for (const step of path.steps) {
      const [from, to] = [nodes.get(step.from), nodes.get(step.to)];
      if (!from || !to) continue;
      const id = hash(JSON.stringify([step.from, step.to, step.basis]));
      const between = Array.from({ length: Math.max(0, to.column - from.column - 1) }, (_, i) => from.column + 1 + i);
      const via = between.flatMap((at) => nodes.get(freePlace(step.from, step.to, at)) ?? []);
      const known = found.get(id) ?? { id, from, to, via, basis: step.basis, steps: [], paths: new Set() };
      if (!known.steps.some((it) => it.how === step.how && it.proof === step.proof)) known.steps.push(step);
      known.paths.add(pathId(path));
      found.set(id, known);
    }
  }
  return [...found.values()];
}
