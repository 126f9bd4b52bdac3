import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { eventsOf, onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { featuresText, linkedOf } from "../detect/linked.ts";
import { gateway } from "./gateway.ts";
import { detectKind } from "./sources.ts";

const aFinding = (over: object = {}) => ({
  kind: "finding",
  id: "0123456789abcdef",
  time: 1_795_000_000_000,
  gateway: "gateway/1",
  principal: "mallory",
  credential: "key-0123456789ab",
  model: "acme-clf",
  address: "203.0.113.77",
  finding: "fast-learning",
  queries: 64,
  since: 1_794_999_000_000,
  value: 1.4,
  level: 1.2,
  alpha: 0.01,
  fidelity: 0.66,
  epoch: 1,
  ...over,
});

test("a finding keeps its numbers, names the model, and is the same event however often it arrives", () => {
  const once = onlyEvent(gateway, aFinding());
  const again = onlyEvent(gateway, aFinding(), { offset: 9 });
  assert.equal(once.id, again.id);
  assert.deepEqual([once.principal, once.model, once.operation], ["mallory", "acme-clf", "finding"]);
  assert.deepEqual(once.unmapped, {
    finding: "fast-learning",
    queries: 64,
    value: 1.4,
    epoch: 1,
    promised: true,
    level: 1.2,
    alpha: 0.01,
    fidelity: 0.66,
  });
});

test("a refused route, an order and a blind interval are events of their own", () => {
  const base = { id: "0123456789abcdef", time: 1, gateway: "gateway/1" };
  const kinds = [
    { ...base, kind: "denied", principal: "mallory", code: "GRAVE_ROUTE", route: "POST /api/push", count: 3 },
    {
      ...base,
      kind: "order",
      principal: "mallory",
      verb: "suspend",
      what: "applied",
      by: "ana",
      reason: "r",
      until: 9,
    },
    { ...base, kind: "blind", from: 1, to: 2, cause: "ring-full", dropped: 7, principals: 2 },
  ].map((it) => onlyEvent(gateway, it));
  assert.deepEqual(
    kinds.map((it) => it.operation),
    ["refused", "order", "blind"],
  );
});

test("a finding of several accounts says who they are, why they were tested as one, and that the test is the claim", () => {
  const linked = {
    members: ["m-1", "m-2"],
    links: [
      {
        a: "m-1",
        b: "m-2",
        p: 1e-7,
        because: [
          { feature: "infrastructure", p: 1e-4 },
          { feature: "template", p: 1e-3 },
        ],
      },
    ],
    falseLinks: 2,
    accounts: 50,
    capped: false,
  };
  const event = onlyEvent(gateway, aFinding({ finding: "many-accounts", group: ["m-1", "m-2"], linked }));
  const read = linkedOf(event);
  assert.deepEqual(read, {
    ...linked,
    retest: { model: "acme-clf", state: "evidence", queries: 64, most: 1.4 / 1.2 },
    alpha: 0.01,
  });
  assert.equal(read && featuresText(read), "wordings and network");
  assert.equal(linkedOf(onlyEvent(gateway, aFinding())), undefined);
  // What another source calls so is none.
  assert.equal(linkedOf({ ...event, metadata: { ...event.metadata, product: { name: "HTTP server" } } }), undefined);
  assert.match(whyNot(gateway, aFinding({ linked: { ...linked, members: ["m-1"] } })), /linked/);
});

test("is told by its content", () => {
  assert.equal(detectKind(JSON.stringify(aFinding())), "gateway");
});

test("never throws; what is no record is a reject that names the field", () => {
  assert.match(whyNot(gateway, aFinding({ queries: -1 })), /^queries: /);
  assert.equal(eventsOf(gateway, [aFinding(), aFinding({ id: "another-one-here" })]).length, 2);
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => readWith(gateway, text).ok !== undefined));
});
