import { graphKind, type GraphEdge, type GraphKind, type GraphNode, type IncidentGraph } from "@outweigh/schema";

/** A node with its place: columns are counted from 0 over those that are not empty, rows from 0 in each column. */
export interface PlacedNode {
  readonly node: GraphNode;
  readonly column: number;
  readonly row: number;
}

export interface Layout {
  readonly kinds: readonly GraphKind[];
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly { readonly edge: GraphEdge; readonly from: PlacedNode; readonly to: PlacedNode }[];
  /** Rows of the longest column. */
  readonly rows: number;
  /** When the first edge begins and the last one ends, in ms. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Rounds in which each column is ordered by its neighbours: after a few, nothing moves any more. */
const rounds = 4;

/** Columns side by side, each ordered so that edges cross little: a node stands where its neighbours do, on average. */
export function layoutOf({ nodes, edges }: IncidentGraph): Layout {
  const kinds = graphKind.options.filter((kind) => nodes.some((it) => it.kind === kind));
  const columns = kinds.map((kind) =>
    nodes.filter((it) => it.kind === kind).toSorted((a, b) => b.events - a.events || (a.name < b.name ? -1 : 1)),
  );
  orderColumns(columns, edges);
  const placed = columns.flatMap((it, column) => it.map((node, row): PlacedNode => ({ node, column, row })));
  const byId = new Map(placed.map((it) => [it.node.id, it]));
  return {
    kinds,
    nodes: placed,
    edges: edges.flatMap((edge) => {
      const [from, to] = [byId.get(edge.from), byId.get(edge.to)];
      return from && to ? [{ edge, from, to }] : [];
    }),
    rows: Math.max(0, ...columns.map((it) => it.length)),
    firstAt: edges.reduce((least, it) => Math.min(least, it.firstAt), Number.POSITIVE_INFINITY),
    lastAt: edges.reduce((most, it) => Math.max(most, it.lastAt), 0),
  };
}

/** Anything that stands in a column. */
interface Standing {
  readonly id: string;
}

/** Orders each column by where the neighbours of its nodes stand, so that edges cross little. In place. */
export function orderColumns(
  columns: readonly Standing[][],
  edges: readonly { readonly from: string; readonly to: string }[],
): void {
  const neighbours = new Map<string, string[]>(columns.flat().map((it) => [it.id, []]));
  for (const { from, to } of edges) {
    neighbours.get(from)?.push(to);
    neighbours.get(to)?.push(from);
  }
  for (let round = 0; round < rounds; round++) {
    for (const column of columns) {
      const rows = new Map(columns.flatMap((it) => it.map(({ id }, row) => [id, (row + 0.5) / it.length] as const)));
      const weight = new Map(
        column.map(({ id }) => [id, averageOf(neighbours.get(id) ?? [], rows, rows.get(id) ?? 0)]),
      );
      column.sort((a, b) => (weight.get(a.id) ?? 0) - (weight.get(b.id) ?? 0));
    }
  }
}

function averageOf(ids: readonly string[], rows: ReadonlyMap<string, number>, own: number): number {
  if (ids.length === 0) return own;
  return ids.reduce((sum, it) => sum + (rows.get(it) ?? 0), 0) / ids.length;
}
