import assert from "node:assert/strict";
import { test } from "node:test";
import { incidentGraph, maxColumn } from "@outweigh/schema";
import fc from "fast-check";
import { anEvent } from "../testing/an-event.ts";
import { graphOf } from "./graph.ts";

test("events run from who acted over the address and the model to the file it became", () => {
  const { nodes, edges } = graphOf([
    anEvent("1", { principal: "ana", src_endpoint: { ip: "10.0.0.1" }, model: "m", operation: "list", time: 5 }),
    anEvent("2", { principal: "ana", src_endpoint: { ip: "10.0.0.1" }, model: "m", operation: "download", bytes: 7 }),
    anEvent("3", { principal: "ana", model: "m", artifact: "file:/home/a.gguf", operation: "create", time: 9 }),
    anEvent("4", { principal: "ben", artifact: "s3://b/k", operation: "download" }),
  ]);
  const name = (id: string) => nodes.find((it) => it.id === id)?.name;
  assert.deepEqual(
    edges.map(({ from, to, operations, events, bytes }) => [name(from), name(to), operations, events, bytes]),
    [
      ["ana", "10.0.0.1", ["list", "download"], 2, 7],
      ["10.0.0.1", "m", ["list", "download"], 2, 7],
      ["ana", "m", ["create"], 1, 0],
      ["m", "file:/home/a.gguf", ["create"], 1, 0],
      ["ben", "s3://b/k", ["download"], 1, 0],
    ],
  );
});

test("a graph of any events stays drawable, its edges join its nodes, and nothing is left out", () => {
  const some = fc.record({ p: fc.nat(90), a: fc.nat(90), m: fc.option(fc.nat(3), { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(some, { maxLength: 200 }), (list) => {
      const events = list.map(({ p, a, m }, i) =>
        anEvent(String(i), {
          principal: `p${p}`,
          src_endpoint: { ip: `a${a}` },
          ...(m === undefined ? { artifact: `s3://${p}` } : { model: `m${m}` }),
        }),
      );
      const graph = incidentGraph.parse(graphOf(events));
      const ids = new Set(graph.nodes.map((it) => it.id));
      assert.equal(ids.size, graph.nodes.length);
      assert.ok(graph.edges.every((it) => ids.has(it.from) && ids.has(it.to)));
      for (const kind of ["principal", "address", "model", "artifact"] as const) {
        const column = graph.nodes.filter((it) => it.kind === kind);
        assert.ok(column.length <= maxColumn);
        if (kind === "principal")
          assert.equal(
            column.reduce((n, it) => n + it.events, 0),
            events.length,
          );
      }
    }),
    { numRuns: 50 },
  );
});
