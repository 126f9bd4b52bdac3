import assert from "node:assert/strict";
import { test } from "node:test";
import type { OcsfEvent } from "@outweigh/schema";
import { aContext, aModel, anEvent, findings } from "../testing/nouns.ts";
import { firstMount } from "./first-mount.ts";

const day = 86_400_000;
const start = Date.UTC(2026, 10, 1);
const serve = "system:serviceaccount:serving:serve";
const runner = "system:serviceaccount:build:runner";
const mount = (n: number, principal: string, over: Partial<OcsfEvent> = {}) =>
  anEvent({
    operation: "mount",
    principal,
    model: "acme-13b",
    artifact: "k8s:serving/acme",
    time: start + n * day,
    ...over,
  });
const run = (events: readonly OcsfEvent[], over: object = {}) =>
  findings(
    firstMount,
    events.map((it) => [it, aContext({ declared: it.principal === serve, booking: undefined, ...over })] as const),
  );
const days = (count = 5) => Array.from({ length: count }, (_, n) => mount(n, serve));

test("an account that never started a pod with the volume does, once it is known who does", () => {
  const [it, ...more] = run([...days(), mount(6, runner), mount(7, runner)]);
  assert.match(
    it?.summary ?? "",
    /^system:serviceaccount:build:runner .* started a pod with k8s:serving\/acme of acme-13b; in 5 days only .*:serve did$/,
  );
  assert.equal(more.length, 0);
});

test("known accounts, declared ones and the first days are silent", () => {
  const argo = "system:serviceaccount:argo:controller";
  assert.deepEqual(run([mount(0, argo), ...days(), mount(6, argo)]), []);
  assert.deepEqual(run([...Array.from({ length: 5 }, (_, n) => mount(n, argo)), mount(6, serve)]), []);
  assert.deepEqual(run([...days(4), mount(6, runner)]), []);
});

test("people, refusals and public models are left alone", () => {
  assert.deepEqual(run([...days(), mount(6, "eve@acme.example")]), []);
  assert.deepEqual(run([...days(), mount(6, runner, { status_id: 2 })]), []);
  assert.deepEqual(run([...days(), mount(6, runner)], { model: aModel({ class: "base" }) }), []);
});
