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
  assert.ok(groups[0]?.links.every((it) => it.because.length === 3 && it.p < 0.001));
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
      .find((it) => it.a === "account-0" && it.b === "account-1")?.p ?? 1;
  assert.ok(p([1000 * day - 60]) < p() / 5);
});

test("two accounts filled by one scheduler are evener together than apart", () => {
  const bursts = Array.from({ length: 168 }, (_, t) => Math.floor(6 * uniform(5, t, 0)));
  const accounts = strangers(40).map((it, i): Account => {
    if (i > 1) return it;
    return { ...it, infrastructure: ["net-shared"], activity: i === 0 ? bursts : bursts.map((v) => 6 - v) };
  });
  const [group = assert.fail()] = linkAccounts(accounts, { ...options, falseLinks: 5 });
  const dispersion = group.links[0]?.because.find((it) => it.feature === "dispersion");
  assert.ok((dispersion?.p ?? 1) < 0.02);
});
