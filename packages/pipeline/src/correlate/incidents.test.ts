import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { incident as incidentSchema, severityId, type Alert } from "@outweigh/schema";
import { anEvent } from "../testing/nouns.ts";
import { Incidents } from "./incidents.ts";

const hour = 3_600_000;
let count = 0;
const anAlert = (over: Partial<Alert> = {}): Alert => {
  count++;
  return {
    id: `a${count}`,
    rule: "unaccounted-read",
    title: "A read",
    summary: "mallory read something",
    severity: "medium",
    principal: "mallory",
    model: "acme-13b",
    firstAt: hour,
    lastAt: hour,
    events: ["e1"],
    count: 1,
    matched: [],
    techniques: [],
    playbook: "unaccounted-read",
    ...over,
  };
};
const take = (incidents: Incidents, alert: Alert, address?: string) => incidents.take(alert, anEvent(), address);

test("alerts of one principal are one incident, as bad as the worst, told by what the books prove", () => {
  const incidents = new Incidents();
  take(incidents, anAlert({ rule: "weights_bulk_read", severity: "critical", summary: "many files" }));
  const it = take(
    incidents,
    anAlert({
      rule: "complete-copy",
      severity: "critical",
      summary: "took 100 %",
      act: "obtain",
      method: "repositories",
    }),
  );
  assert.deepEqual(
    [it?.severity, it?.title, it?.act, it?.method],
    ["critical", "took 100 %", "obtain", "repositories"],
  );
  assert.equal(it?.reason, "2 alerts share the principal mallory and the model acme-13b within 1 s");
  incidentSchema.parse(it);
});

test("accounts that were found as one stand in the incident with the reason, and what one of them does later joins it", () => {
  const incidents = new Incidents();
  const linked = {
    members: ["sock-1", "sock-2", "sock-3"],
    links: [{ a: "sock-1", b: "sock-2", p: 1e-9, because: [{ feature: "template" as const, p: 1e-9 }] }],
    falseLinks: 2,
    accounts: 40,
    capped: false,
    retest: { model: "chat", state: "evidence" as const, queries: 30, most: 1.2 },
  };
  const found = anAlert({
    rule: "gateway_extraction_found",
    principal: "sock-2",
    model: "chat",
    severity: "high",
    linked,
  });
  const first = take(incidents, found);
  assert.deepEqual(first?.principals, ["sock-2", "sock-1", "sock-3"]);
  assert.match(
    first?.reason ?? "",
    /3 accounts are linked by wordings and were tested as one: the link alone says nothing/,
  );
  const later = take(incidents, anAlert({ principal: "sock-3", model: "another", severity: "low" }));
  assert.equal(later?.id, first?.id);
  const restored = new Incidents();
  restored.restore(JSON.parse(JSON.stringify(incidents.snapshot())));
  assert.equal(take(restored, anAlert({ principal: "sock-1", model: "a third" }))?.id, first?.id);
});

test("quiet alerts open nothing; they join when something loud of their principal comes", () => {
  const incidents = new Incidents();
  const quiet = anAlert({ severity: "low" });
  assert.equal(take(incidents, quiet), undefined);
  assert.equal(take(incidents, anAlert({ severity: "low", principal: "svc-deploy" })), undefined);
  const it = take(incidents, anAlert());
  assert.ok(it?.alerts.includes(quiet.id));
  assert.deepEqual(it?.principals, ["mallory"]);
});

test("a declared reader's quiet alert does not join a theft of the same model", () => {
  const incidents = new Incidents();
  take(incidents, anAlert());
  assert.equal(take(incidents, anAlert({ severity: "low", principal: "svc-deploy" })), undefined);
});

test("two loud principals on one model, or from one outside address, are one story", () => {
  const incidents = new Incidents();
  const first = take(incidents, anAlert(), "203.0.113.77");
  const second = take(incidents, anAlert({ principal: "bob" }));
  const third = take(incidents, anAlert({ principal: "anonymous@203.0.113.77", model: "other" }), "203.0.113.77");
  assert.deepEqual([second?.id, third?.id], [first?.id, first?.id]);
});

test("a permit stands apart from what others do with its model, and with what its own principal does", () => {
  const incidents = new Incidents();
  const theft = take(incidents, anAlert({ severity: "critical" }));
  const permit = take(incidents, anAlert({ rule: "permit-given", principal: "dana" }));
  assert.notEqual(permit?.id, theft?.id);
  const other = take(incidents, anAlert({ principal: "eve", severity: "high" }));
  assert.equal(other?.id, theft?.id);
  const beyond = take(incidents, anAlert({ rule: "permit-overstepped", principal: "dana", severity: "high" }));
  assert.equal(beyond?.id, permit?.id);
  const restored = new Incidents();
  restored.restore(structuredClone(incidents.snapshot()));
  assert.equal(take(restored, anAlert({ principal: "finn", severity: "high" }))?.severity, "critical");
});

test("the title of a story of several names who else did the same, and nobody who did something else", () => {
  const incidents = new Incidents();
  const took = (principal: string) => anAlert({ rule: "complete-copy", principal, summary: `${principal} took it` });
  take(incidents, took("mallory"));
  take(incidents, anAlert({ rule: "unaccounted-read", principal: "carol" }));
  assert.equal(take(incidents, took("eve"))?.title, "mallory took it; eve did the same");
  assert.equal(take(incidents, took("trudy"))?.title, "mallory took it; 2 more principals did the same");
});

test("what is far apart in time is another incident, and no incident grows for ever", () => {
  const incidents = new Incidents();
  const first = take(incidents, anAlert());
  const later = (hours: number, principal: string) =>
    take(incidents, anAlert({ principal, firstAt: hours * hour, lastAt: hours * hour }))?.id;
  assert.notEqual(later(30, "bob"), first?.id);
  assert.equal(later(60, "mallory"), first?.id);
  assert.notEqual(later(140, "mallory"), first?.id);
  const days = Array.from({ length: 20 }, (_, n) =>
    anAlert({ principal: "slow", model: "m", firstAt: n * 12 * hour, lastAt: n * 12 * hour }),
  );
  const stories = days.map((it) => take(new Incidents(), it) && take(incidents, it));
  assert.ok(new Set(stories.map((it) => it?.id)).size > 1);
  assert.ok(stories.every((it) => it !== undefined && it.lastAt - it.firstAt <= 7 * 24 * hour));
});

test("an alert stays in its incident, and an update changes it there", () => {
  const incidents = new Incidents();
  const alert = anAlert();
  const before = take(incidents, alert);
  const after = take(incidents, { ...alert, severity: "critical", lastAt: 2 * hour });
  assert.equal(after?.id, before?.id);
  assert.deepEqual([after?.alerts, after?.severity, after?.lastAt], [[alert.id], "critical", 2 * hour]);
});

test("every loud alert is in exactly one incident, whatever comes in whatever order", () => {
  const some = fc.record({
    principal: fc.constantFrom("a", "b", undefined),
    model: fc.constantFrom("m", "n", undefined),
    severity: fc.constantFrom("low", "medium", "critical"),
    at: fc.nat(100 * hour),
  });
  fc.assert(
    fc.property(fc.array(some, { maxLength: 30 }), (list) => {
      const incidents = new Incidents();
      const homes = new Map<string, Set<string>>();
      for (const { principal, model, severity, at } of list) {
        const {
          principal: _p,
          model: _m,
          ...rest
        } = anAlert({ severity: severity as Alert["severity"], firstAt: at, lastAt: at });
        const alert = { ...rest, ...(principal && { principal }), ...(model && { model }) };
        const it = take(incidents, alert);
        assert.equal(it === undefined && severityId(alert.severity) >= severityId("medium"), false);
        for (const id of it?.alerts ?? []) homes.set(id, (homes.get(id) ?? new Set()).add(it?.id ?? ""));
      }
      assert.ok([...homes.values()].every((it) => it.size === 1));
    }),
  );
});

test("an incident says that its alerts share an address only if all of them have it", () => {
  const incidents = new Incidents();
  take(incidents, anAlert({ id: "a", principal: "one" }), "203.0.113.77");
  assert.match(
    take(incidents, anAlert({ id: "b", principal: "two" }), "203.0.113.77")?.reason ?? "",
    /the address 203/,
  );
  const scanned = take(incidents, anAlert({ id: "c", principal: "three" }));
  assert.doesNotMatch(scanned?.reason ?? "", /address 203/);
});
