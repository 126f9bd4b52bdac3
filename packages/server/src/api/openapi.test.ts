import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { describeApi } from "./openapi.ts";
import { routes } from "./routes.ts";
import { Shapes } from "./shapes.ts";

const parameter = z.object({ name: z.string(), in: z.enum(["path", "query"]), required: z.boolean().optional() });
const operation = z.object({
  operationId: z.string(),
  summary: z.string().min(1),
  parameters: z.array(parameter).default([]),
  requestBody: z.object({ required: z.boolean(), content: z.record(z.string(), z.unknown()) }).optional(),
  responses: z.record(z.string(), z.object({ content: z.record(z.string(), z.unknown()).optional() })),
});
const description = z.object({
  openapi: z.literal("3.1.0"),
  paths: z.record(z.string(), z.record(z.enum(["get", "post"]), operation.optional())),
  components: z.record(z.string(), z.record(z.string(), z.unknown())),
});

const api = describeApi("1.2.3");
const read = description.parse(api);
const operations = Object.entries(read.paths).flatMap(([path, methods]) =>
  Object.entries(methods).flatMap(([method, it]) =>
    it ? [{ ...it, path, route: `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}` }] : [],
  ),
);

test("every route is described, with its parameters, its body, its answer and its errors", () => {
  assert.deepEqual(operations.map((it) => it.route).toSorted(), Object.keys(routes).toSorted());
  for (const { route, path, parameters, requestBody, responses } of operations) {
    const line = routes[route];
    const inPath = parameters.filter((it) => it.in === "path" && it.required).map((it) => `{${it.name}}`);
    assert.deepEqual(inPath, path.match(/\{\w+\}/g) ?? [], route);
    assert.equal(requestBody !== undefined, line?.body !== undefined, route);
    assert.equal(responses["204"] !== undefined, line?.answer === undefined, route);
    assert.equal(responses["200"]?.content !== undefined, line?.answer !== undefined, route);
    assert.ok(responses["default"], route);
    assert.equal(responses["403"] !== undefined, line?.needs !== "nobody" && line?.needs !== "program", route);
  }
});

test("every operation has a name of its own", () => {
  const names = operations.map((it) => it.operationId);
  assert.deepEqual(
    names.filter((it, i) => names.indexOf(it) !== i),
    [],
  );
  const known = operations.find((it) => it.route === "GET /api/incidents/:id/graph");
  assert.equal(known?.operationId, "getIncidentsIdGraph");
});

test("every reference leads somewhere, and every shape is referred to", () => {
  const refs = new Set([...JSON.stringify(api).matchAll(/"\$ref":"([^"]*)"/g)].map(([, ref = ""]) => ref));
  const { securitySchemes: _, ...parts } = read.components;
  const there = Object.entries(parts).flatMap(([part, all]) =>
    Object.keys(all).map((name) => `#/components/${part}/${name}`),
  );
  assert.deepEqual([...refs].toSorted(), there.toSorted());
});

test("a body may be left out where nothing of it is needed", () => {
  const required = (route: string) => operations.find((it) => it.route === route)?.requestBody?.required;
  assert.equal(required("POST /api/hosts/enrolments"), false);
  assert.equal(required("POST /api/incidents/:id/comments"), true);
});

test("a shape that is sent otherwise than it is answered has two names, one that is the same has one", () => {
  const [role, terms] = [z.enum(["lead"]), z.object({ days: z.int().default(90) })];
  const [body, row] = [z.strictObject({ role, terms }), z.object({ role, terms })];
  const shapes = new Shapes({ named: { role, terms }, sent: [body], answered: [row] });
  const refs = (it: object) => [...JSON.stringify(it).matchAll(/schemas\/(\w+)/g)].map(([, name]) => name);
  assert.deepEqual(refs(shapes.use(row, "output")), ["Role", "Terms"]);
  assert.deepEqual(refs(shapes.use(body, "input")), ["Role", "TermsInput"]);
  const { Terms, TermsInput } = z
    .record(z.string(), z.object({ required: z.array(z.string()).optional() }))
    .parse(shapes.used);
  assert.deepEqual([Terms?.required, TermsInput?.required], [["days"], undefined]);
});

test("an answer may get more members, a body may not have others", () => {
  const text = JSON.stringify(read.components["schemas"]?.["IncidentRow"]);
  assert.doesNotMatch(text, /additionalProperties/);
  assert.match(JSON.stringify(read.components["schemas"]?.["AssignBody"]), /"additionalProperties":false/);
});
