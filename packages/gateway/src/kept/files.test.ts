// What is on disk is taken whole, or not at all and by name.
import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { Lender } from "../admission/lender.ts";
import { GatewayError } from "../error.ts";
import type { KeptRow } from "../detect/kept.ts";
import { CountersFile } from "./counters-file.ts";
import { DetectorsFile, maxKeptOthers, maxKeptPrincipals } from "./detectors-file.ts";

function aFolder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "outweigh-kept-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const secret = Buffer.from("this gateway's own");
const row = (who: string, at = 1, body = "{}"): KeptRow => ({
  kind: "trail",
  model: "",
  who: [who],
  belongs: "b",
  at,
  body,
});
const rowsIn = ({ file }: { readonly file: DetectorsFile }) => [...file.rows()];

/** Writes rows as the run that began at `began`, and closes. */
function write(folder: string, began: number, rows: readonly KeptRow[], last?: number): void {
  const { file } = DetectorsFile.open(folder, secret, { began, last });
  file.write(rows, 1);
  file.close();
}

test("rows come back as they were written, the newest of each name, those that asked longest ago first", (t) => {
  const folder = aFolder(t);
  write(folder, 0, [row("b", 2), row("a", 5, '{"x":1}'), row("b", 3)]);
  const opened = DetectorsFile.open(folder, secret, { began: 4, last: 0 });
  t.after(() => opened.file.close());
  assert.deepEqual(rowsIn(opened), [row("b", 3), row("a", 5, '{"x":1}')]);
  assert.deepEqual([opened.at, opened.refused], [1, undefined]);
  assert.deepEqual(opened.file.principals().sort(), ["a", "b"]);
  opened.file.forget([row("a")]);
  assert.deepEqual(opened.file.principals(), ["b"]);
});

test("whom there is no room for is forgotten, and what is too large is not kept", (t) => {
  const folder = aFolder(t);
  const { file } = DetectorsFile.open(folder, secret, { began: 0, last: undefined });
  t.after(() => file.close());
  const many = Array.from({ length: maxKeptPrincipals + 3 }, (_, i) => row(`p${i}`, i));
  assert.equal(file.write([...many, row("large", 9e9, " ".repeat(65_537))], 1), 1);
  const kept = file.principals();
  assert.deepEqual(
    [kept.length, kept.includes("p2"), kept.includes("p3"), kept.includes("large")],
    [maxKeptPrincipals, false, true, false],
  );
});

test("whatever is kept of other models, nothing of a configured one gives way, and nobody to one who has more", (t) => {
  const { file } = DetectorsFile.open(aFolder(t), secret, { began: 0, last: undefined });
  t.after(() => file.close());
  const prompts = (model: string, who: string, at: number): KeptRow => ({ ...row(who, at), kind: "prompts", model });
  const configured = ["p:ours", "p:theirs"];
  const own = configured.flatMap((model) => Array.from({ length: 20 }, (_, i) => prompts(model, `p${i}`, i)));
  const honest = prompts("p:unnamed", "honest", 0);
  const times = fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 257, maxLength: 257 });
  fc.assert(
    fc.property(times, (ats) => {
      const invented = ats.flatMap((at, i) =>
        Array.from({ length: 16 }, (_, slot) => prompts(`p:invented ${i}`, `p${slot}`, at)),
      );
      file.write([...own, honest, ...invented], 1, { configured });
      const kept = [...file.rows()];
      assert.equal(kept.filter((it) => configured.includes(it.model)).length, own.length);
      assert.ok(kept.some((it) => it.who[0] === "honest"));
      assert.equal(kept.length, own.length + maxKeptOthers);
    }),
    { numRuns: 4 },
  );
});

test("another gateway's file, an older one, one with a changed row and one that is no database are refused by name", (t) => {
  const folder = aFolder(t);
  const path = join(folder, "detectors.db");
  write(folder, 10, [row("a")]);
  copyFileSync(path, join(folder, "old"));
  const refused = (began: number, last: number | undefined, of: Uint8Array = secret) => {
    const opened = DetectorsFile.open(folder, of, { began, last });
    assert.deepEqual([rowsIn(opened), opened.at], [[], undefined]);
    opened.file.close();
    assert.ok(existsSync(`${path}.refused`));
    return opened.refused?.why ?? "";
  };
  write(folder, 20, [row("a")], 10);
  copyFileSync(join(folder, "old"), path);
  assert.match(refused(30, 20), /not of the last run/);
  assert.match(refused(10, 10), /not of the last run/, "a file of a run that is yet to come");
  assert.match(refused(30, 10, Buffer.from("another's")), /another gateway wrote it/);
  write(folder, 40, [row("a")]);
  const db = new DatabaseSync(path);
  db.exec("UPDATE kept SET body = '{\"n\":0}'");
  db.close();
  assert.match(refused(50, 40), /a row was changed/);
  rmSync(path);
  assert.match(refused(50, 40), /it is gone/);
  writeFileSync(path, "no database ".repeat(40));
  assert.match(refused(60, 50), /not a database/);
});

test("where the disk does not let us, nothing is put aside: the file may be whole", (t) => {
  const folder = aFolder(t);
  const path = join(folder, "detectors.db");
  write(folder, 10, [row("a")]);
  const holder = new DatabaseSync(path);
  t.after(() => holder.close());
  holder.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; DELETE FROM meta");
  assert.throws(
    () => DetectorsFile.open(folder, secret, { began: 20, last: 10 }),
    (error) => error instanceof GatewayError && error.code === "BAD_STATE" && /locked/.test(error.message),
  );
  holder.exec("ROLLBACK");
  assert.ok(!existsSync(`${path}.refused`));
});

test("whatever bytes lie there, they are refused or taken whole, and a file to go on with is there", (t) => {
  const folder = aFolder(t);
  const path = join(folder, "detectors.db");
  write(
    folder,
    10,
    Array.from({ length: 40 }, (_, i) => row(`p${i}`, i, JSON.stringify({ x: "y".repeat(400) }))),
  );
  const whole = readFileSync(path);
  const spoil = fc.record({
    at: fc.nat(whole.length - 1),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }),
    cut: fc.boolean(),
  });
  fc.assert(
    fc.property(spoil, ({ at, bytes, cut }) => {
      const spoilt = Buffer.from(whole);
      spoilt.set(bytes.subarray(0, whole.length - at), at);
      writeFileSync(path, cut ? spoilt.subarray(0, at) : spoilt);
      const opened = DetectorsFile.open(folder, secret, { began: 10, last: 10 });
      const count = rowsIn(opened).length;
      assert.ok(opened.refused ? count === 0 : count <= 40);
      opened.file.write([row("new")], 2);
      opened.file.close();
    }),
    { numRuns: 40 },
  );
});

test("counters come back as they were; torn, changed, older and foreign ones are refused by name", async (t) => {
  const folder = aFolder(t);
  const path = join(folder, "counters.json");
  const client = {
    principal: "a",
    requests: 2,
    denied: 1,
    inputTokens: 3,
    outputTokens: 4,
    informationBits: 5.5,
    lastAt: 6,
  };
  const counters = { clients: [client], accounts: [{ key: '["principal:a",{}]', emptyAt: [7.25] }] };
  const file = (began: number, last?: number, of: Uint8Array = secret) => new CountersFile(folder, of, { began, last });
  assert.deepEqual(file(0).read(), {});
  assert.match(file(1, 0).read().refused ?? "", /it is gone/);
  const own = file(10);
  await Promise.all([own.write({ clients: [], accounts: [] }), own.write({ clients: [client], accounts: [] })]);
  await own.write(counters);
  assert.deepEqual(file(12, 10).read(), { counters });
  assert.match(file(30, 20).read().refused ?? "", /not of the last run/);
  assert.match(file(12, 10, Buffer.from("another's")).read().refused ?? "", /another gateway/);
  const text = readFileSync(path, "utf8");
  fc.assert(
    fc.property(fc.nat(text.length - 2), (cut) => {
      writeFileSync(path, text.slice(0, cut));
      assert.match(file(12, 10).read().refused ?? "", /it is torn/);
    }),
    { numRuns: 30 },
  );
  writeFileSync(path, text.replace('"requests":2', '"requests":0'));
  assert.match(file(12, 10).read().refused ?? "", /it was changed/);
});

test("a budget that is used up before a restart is used up after it, and refills as it would have", () => {
  const limits = { informationBitsPerDay: 86_400 };
  const steps = fc.array(
    fc.record({ after: fc.integer({ min: 0, max: 4_000 }), bits: fc.integer({ min: 1, max: 30_000 }) }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, fc.nat(40), (schedule, cut) => {
      let now = 1_000_000;
      const make = () =>
        new Lender(
          1,
          () => now,
          () => Promise.resolve([]),
        );
      const [whole, first] = [make(), make()];
      let split = first;
      schedule.forEach(({ after, bits }, i) => {
        now += after;
        if (i === cut) {
          split = make();
          split.restore(JSON.parse(JSON.stringify(first.used(now))));
        }
        const cost = { inputTokens: 0, outputTokens: 0, informationBits: bits };
        const [a, b] = [whole, split].map((it) => it.account("principal:a", limits));
        assert.deepEqual(b?.shortage(cost, now), a?.shortage(cost, now));
        if (a?.shortage(cost, now)) return;
        for (const it of [a, b]) {
          it?.begin(cost, now);
          it?.end(cost, cost, now);
        }
      });
    }),
    { numRuns: 60 },
  );
});
