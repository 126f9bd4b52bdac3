// The events of an incident as a graph, from who acted to where the model went.
import {
  graphKind,
  maxColumn,
  type GraphEdge,
  type GraphKind,
  type GraphNode,
  type IncidentGraph,
  type OcsfEvent,
} from "@outweigh/schema";
import { fieldIn } from "../values.ts";

/** Operations named on one edge: the others are as telling as "and more". */
const maxOperations = 5;

/**
 * Each event runs through the columns that it has something for: its principal, its address, its model, and a file if that is where
 * the model came to lie. What has no model ends at the artifact it touched.
 */
export function graphOf(events: readonly OcsfEvent[]): IncidentGraph {
  const nodes = nodesOf(events);
  const edges = new Map<string, GraphEdge>();
  for (const it of events) {
    const path = pathOf(it).map(({ kind, name }) => nodes.idOf(kind, name));
    for (const [i, to] of path.entries()) {
      const from = path[i - 1];
      if (from !== undefined) add(edges, from, to, it);
    }
  }
  return { nodes: nodes.all, edges: [...edges.values()] };
}

interface Step {
  readonly kind: GraphKind;
  readonly name: string;
}

function pathOf(it: OcsfEvent): Step[] {
  const address = fieldIn(it["src_endpoint"], "ip");
  const { principal, model, artifact } = it;
  const lies = artifact !== undefined && (model === undefined || artifact.startsWith("file:"));
  return [
    { kind: "principal", name: principal },
    ...(typeof address === "string" && address !== "" ? [{ kind: "address" as const, name: address }] : []),
    ...(model === undefined ? [] : [{ kind: "model" as const, name: model }]),
    ...(lies ? [{ kind: "artifact" as const, name: artifact }] : []),
  ];
}

/** One node for each name, the rarest of an overfull column together in one. */
function nodesOf(events: readonly OcsfEvent[]) {
  const counts = new Map<GraphKind, Map<string, number>>(graphKind.options.map((it) => [it, new Map()]));
  for (const event of events) {
    for (const { kind, name } of pathOf(event)) {
      const column = counts.get(kind);
      column?.set(name, (column.get(name) ?? 0) + 1);
    }
  }
  const ids = new Map<string, string>();
  const all: GraphNode[] = [];
  for (const [kind, column] of counts) {
    const ordered = [...column].sort(([, a], [, b]) => b - a);
    const alone = ordered.length > maxColumn ? ordered.slice(0, maxColumn - 1) : ordered;
    for (const [name, events] of alone) {
      const id = `${kind}-${all.length}`;
      ids.set(JSON.stringify([kind, name]), id);
      all.push({ id, kind, name, events });
    }
    const rest = ordered.slice(alone.length);
    if (rest.length === 0) continue;
    const id = `${kind}-rest`;
    for (const [name] of rest) ids.set(JSON.stringify([kind, name]), id);
    const sum = rest.reduce((n, [, events]) => n + events, 0);
    all.push({ id, kind, name: `${rest.length} more`, events: sum, together: rest.length });
  }
  return { all, idOf: (kind: GraphKind, name: string) => ids.get(JSON.stringify([kind, name])) ?? `${kind}-rest` };
}

function add(edges: Map<string, GraphEdge>, from: string, to: string, it: OcsfEvent): void {
  const key = `${from} ${to}`;
  const known = edges.get(key);
  const operations = new Set(known?.operations);
  if (it.operation !== undefined && operations.size < maxOperations) operations.add(it.operation);
  edges.set(key, {
    from,
    to,
    operations: [...operations],
    events: (known?.events ?? 0) + 1,
    bytes: (known?.bytes ?? 0) + (it.bytes ?? 0),
    firstAt: Math.min(known?.firstAt ?? it.time, it.time),
    lastAt: Math.max(known?.lastAt ?? it.time, it.time),
  });
}
