/** An incident as a graph: who, from where, did what to which model, and where it went. */
import { z } from "zod";
import { partial } from "./hunt.ts";

const time = z.int().nonnegative();

/** The columns of the graph, in the order in which a theft runs through them. */
export const graphKind = z.enum(["principal", "address", "model", "artifact"]);
export type GraphKind = z.infer<typeof graphKind>;

/** Most nodes of one column: beyond it, those with fewest events stand together as one. */
export const maxColumn = 40;

const graphNode = z.object({
  /** Unique in its graph. */
  id: z.string(),
  kind: graphKind,
  name: z.string(),
  events: z.int(),
  /** How many stand together in it, where it is more than one. */
  together: z.int().optional(),
});
export type GraphNode = z.infer<typeof graphNode>;

const graphEdge = z.object({
  from: z.string(),
  to: z.string(),
  /** What was done along it: `download`, `list`. */
  operations: z.array(z.string()),
  events: z.int(),
  bytes: z.number(),
  firstAt: time,
  lastAt: time,
});
export type GraphEdge = z.infer<typeof graphEdge>;

export const incidentGraph = z.object({ nodes: z.array(graphNode), edges: z.array(graphEdge), partial });
export type IncidentGraph = z.infer<typeof incidentGraph>;
