import assert from "node:assert/strict";
import { test } from "node:test";
import { doubtOf, doubtText, isUnproven, restsOn, restsText, wayIn, type Grade } from "@outweigh/schema";
import fc from "fast-check";
import { gradeOf } from "./grade.ts";
import { Line, type From } from "./line.ts";
import { makeRegister } from "./register.ts";

const aLine = () => new Line({ register: makeRegister([]), rules: [] });
const from: From = { source: "registry", kind: "http-access", file: "access.log", offset: 0 };
const record = (over: object = {}) =>
  JSON.stringify({
    time: "2026-11-24T09:00:00Z",
    remote_addr: "203.0.113.7",
    remote_user: "old-ci",
    request_method: "GET",
    request_uri: "/acme/acme-13b/resolve/main/a.safetensors",
    status: 200,
    body_bytes_sent: 10,
    http_user_agent: "curl/8.5",
    ...over,
  });
const eventsOf = (it: ReturnType<Line["run"]>) => ("rejected" in it ? [] : it.events);

test("the way in gives an event its grade, and nothing that a record says of itself does", () => {
  const claims = { grade: "signed", grade_basis: "trust me", unmapped: { grade: "signed" }, way: "agent-key" };
  for (const way of wayIn.options) {
    const [event] = eventsOf(aLine().run(record(claims), { ...from, way }));
    assert.deepEqual([event?.grade, event?.grade_basis], [gradeOf(way).grade, gradeOf(way).basis], way);
  }
  const [event] = eventsOf(aLine().run(record(claims), from));
  assert.ok(event);
  assert.deepEqual([event.grade, event.grade_basis], [undefined, undefined]);
});

test("the same record has the same id on every way: graded or not, it counts once", () => {
  const line = aLine();
  const first = line.run(record(), { ...from, way: "udp" });
  const again = line.run(record(), { ...from, way: "agent-key" });
  assert.equal(eventsOf(first).length, 1);
  assert.equal("repeats" in again && again.repeats, 1);
});

test("what this server notices itself, and what people agree to here, has a grade too", () => {
  const [silence] = eventsOf(aLine().silence("registry", 1, 2));
  const permit = { id: "p", principal: "ana", model: "m", from: 1, until: 2, by: "ben", agreedBy: "cy", reason: "r" };
  const [agreed] = eventsOf(aLine().permitted(permit));
  assert.deepEqual([silence?.grade, agreed?.grade], ["authenticated", "authenticated"]);
});

test("only what is signed or authenticated is free of doubt, however much is plain; what is no grade is none", () => {
  const some = fc.constantFrom<unknown>("signed", "authenticated", "plain", undefined, "SIGNED", null, 1);
  fc.assert(
    fc.property(fc.array(some), (all) => {
      const rests = restsOn(all.map((grade) => ({ grade })));
      const good = all.filter((it) => it === "signed" || it === "authenticated").length;
      assert.equal(rests.signed + rests.authenticated, good);
      assert.equal(rests.signed + rests.authenticated + rests.plain + rests.ungraded, all.length);
      assert.equal(isUnproven(rests), good === 0 && all.length > 0);
      assert.equal(doubtText(rests) !== undefined, isUnproven(rests));
    }),
  );
  const many = (grade: Grade, n: number) => Array.from({ length: n }, () => ({ grade }));
  assert.equal(restsText(restsOn([...many("signed", 3), ...many("plain", 12)])), "3 signed, 12 plain");
  assert.equal(restsText(restsOn([{}])), "1 not graded");
  assert.equal(restsText(restsOn([])), "no event");
});

test("what is plain says what would raise it, and none of the others promises more than was checked", () => {
  for (const way of wayIn.options) {
    const { grade, basis, raise } = gradeOf(way);
    assert.equal(grade === "plain", raise !== undefined, way);
    assert.doesNotMatch(basis, /proven|trusted/);
  }
});

test("what rests on several is in doubt unless one of them was sent by somebody who proved it; what was not counted is no proof", () => {
  const some = fc.option(fc.array(fc.constantFrom<Grade | undefined>("signed", "authenticated", "plain", undefined)), {
    nil: undefined,
  });
  fc.assert(
    fc.property(fc.array(some), (all) => {
      const grades = all.flatMap((it) => it ?? []);
      const counted = all.map((it) => it && restsOn(it.map((grade) => ({ grade }))));
      const isProven = grades.some((it) => it === "signed" || it === "authenticated");
      const doubt = doubtOf(counted);
      assert.equal(doubt === undefined, isProven || (grades.length === 0 && !all.includes(undefined)));
      if (!all.includes(undefined)) assert.equal(doubt, doubtText(restsOn(grades.map((grade) => ({ grade })))));
    }),
  );
});
