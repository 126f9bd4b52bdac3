import type { GraphEdge, IncidentGraph } from "@outweigh/schema";
import { analytics, began, min } from "./time.ts";

const edge = (from: string, to: string, operations: string[], events: number, at: number, over = 0): GraphEdge => ({
  from,
  to,
  operations,
  events,
  bytes: operations.includes("download") ? 26_100_000_000 : 0,
  firstAt: began + at * min,
  lastAt: began + (at + over) * min,
});

export const incidentGraph: IncidentGraph = {
  nodes: [
    { id: "p", kind: "principal", name: analytics, events: 51 },
    { id: "d", kind: "principal", name: "uid:1001 (dev)", events: 1 },
    { id: "a", kind: "address", name: "203.0.113.9", events: 51 },
    { id: "m", kind: "model", name: "acme-13b", events: 52 },
    { id: "f", kind: "artifact", name: "file:/home/dev/m.gguf", events: 1 },
  ],
  edges: [
    edge("p", "a", ["list", "download"], 51, 0, 13),
    edge("a", "m", ["list", "download"], 51, 0, 13),
    edge("d", "m", ["create"], 1, 35),
    edge("m", "f", ["create"], 1, 35),
  ],
};
