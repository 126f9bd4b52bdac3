import assert from "node:assert/strict";
import { test } from "node:test";
import { uniform } from "./hash.ts";
import { linkAccounts, mergeStreams, type Account } from "./links.ts";
import { minHash } from "./text.ts";

const options = { falseLinks: 1, maxMembers: 8 };
const sketch = (from: number, n = 20) => minHash(Array.from({ length: n }, (_, i) => from * 1000 + i));

/** Accounts with templates of their own, and a network each. */
const strangers = (n: number): Account[] =>
  Array.from({ length: n }, (_, i) => ({
    id: `account-${i}`,
    sketch: sketch(i + 1),
    activity: Array.from({ length: 168 }, (_, t) => Math.floor(5 * uniform(i, t, 0))),
    infrastructure: [`net-${i}`],
  }));

test("links accounts that share template, clock and network, and nobody else", () => {
  const ring = Array.from({ length: 5 }, (_, i): Account => ({
    id: `ring-${i}`,
    sketch: sketch(900),
    activity: Array.from({ length: 168 }, (_, t) => Math.floor(5 * uniform(77, t, 0))),
    infrastructure: ["net-ring"],
  }));
  const groups = linkAccounts([...strangers(60), ...ring], options);
  assert.deepEqual(
    groups.map((it) => it.members),
    [ring.map((it) => it.id)],
  );
  assert.ok(groups[0]?.links.some((it) => it.because.length === 3));
  assert.ok(groups[0]?.links.every((it) => it.p < 0.001));
});

test("a template that everybody uses links nobody", () => {
  const accounts = strangers(80).map((it) => ({ ...it, sketch: sketch(1), infrastructure: [`own-${it.id}`] }));
  assert.deepEqual(linkAccounts(accounts, options), []);
});

test("a full group takes no more, and says so", () => {
  const crowd = Array.from({ length: 12 }, (_, i): Account => ({ id: `c-${i}`, infrastructure: ["net-c"] }));
  const groups = linkAccounts([...strangers(200), ...crowd], { ...options, falseLinks: 100 });
  assert.ok(groups.length > 0);
  for (const it of groups) assert.ok(it.members.length <= options.maxMembers);
  assert.ok(groups.some((it) => it.capped));
});

test("merged streams are in order of time", () => {
  assert.deepEqual(mergeStreams([[{ time: 1 }, { time: 4 }], [{ time: 2 }]]), [{ time: 1 }, { time: 2 }, { time: 4 }]);
});

test("accounts opened within a day of a ban are nearer to each other", () => {
  const day = 86_400;
  const accounts = strangers(30).map((it, i): Account => ({ ...it, born: i * 10 * day, infrastructure: ["office"] }));
  const pair = accounts.map((it, i): Account =>
    i < 2 ? { ...it, born: 1000 * day + i, infrastructure: ["office", "nat"] } : it,
  );
  const p = (bans?: readonly number[]) =>
    linkAccounts(pair, { ...options, falseLinks: 100, ...(bans && { bans }) })
      .flatMap((it) => it.links)
      .find((it) => it.a === "account-0" && it.b === "account-1" && it.because.length > 1)?.p ?? 1;
  assert.ok(p([1000 * day - 60]) < p() / 5);
});

test("two accounts filled by one scheduler are evener together than apart", () => {
  const bursts = Array.from({ length: 168 }, (_, t) => Math.floor(6 * uniform(5, t, 0)));
  const accounts = strangers(40).map((it, i): Account => {
    if (i > 1) return it;
    return { ...it, infrastructure: ["net-shared"], activity: i === 0 ? bursts : bursts.map((v) => 6 - v) };
  });
  const [group = assert.fail()] = linkAccounts(accounts, { falseLinks: 5, maxMembers: 16 });
  const dispersion = group.links[0]?.because.find((it) => it.feature === "dispersion");
  assert.ok((dispersion?.p ?? 1) < 0.02);
});

test("accounts that take turns are linked, with nothing else in common", () => {
  const turn = (i: number): Account => ({
    id: `t-${i}`,
    times: Array.from({ length: 40 }, (_, n) => 30 * n + 3 * i + uniform(i, n, 8)),
  });
  const alone = Array.from({ length: 60 }, (_, i): Account => ({
    id: `alone-${i}`,
    times: Array.from({ length: 40 }, (_, n) => 1200 * uniform(i, n, 9)).sort((a, b) => a - b),
  }));
  const groups = linkAccounts([...alone, ...Array.from({ length: 5 }, (_, i) => turn(i))], options);
  assert.deepEqual(
    groups.map((it) => it.members),
    [["t-0", "t-1", "t-2", "t-3", "t-4"]],
  );
  assert.ok(groups[0]?.links.every((it) => it.because.some(({ feature }) => feature === "turns")));
});

test("a group takes in who follows its plan from elsewhere, and few others", () => {
  const plan = Array.from({ length: 168 }, (_, t) => (uniform(70, t, 0) < 0.2 ? 3 : 0));
  const ring = Array.from({ length: 8 }, (_, i): Account => ({
    id: `ring-${i}`,
    activity: plan.map((it, t) => (uniform(i, t, 3) < 0.5 ? it : 0)),
    infrastructure: [i < 4 ? "proxy" : `exit-${i}`],
  }));
  const others = strangers(60).map(({ id, activity = [], infrastructure = [] }) => ({ id, activity, infrastructure }));
  const [group = assert.fail(), ...rest] = linkAccounts([...others, ...ring], { falseLinks: 5, maxMembers: 16 });
  assert.deepEqual(rest, []);
  assert.ok(ring.every((it) => group.members.includes(it.id)));
  assert.ok(group.members.length <= ring.length + 1, "growth may add half a false one");
});
