import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { join } from "node:path";
import { sql } from "kysely";
import { openState, type State } from "../store/state/state.ts";
import { aFolder } from "../testing/a-server.ts";
import { aDatabaseUrl } from "../testing/engines.ts";
import { EvidenceLog, toActivity } from "./log.ts";
import { listEvidence } from "../store/evidence.ts";

const folder = aFolder("evidence");
let state: State;
let log: EvidenceLog;

before(async () => {
  state = await openState(join(folder.path, "state"), await aDatabaseUrl());
});
after(async () => {
  await state.close();
  folder.remove();
});

beforeEach(async () => {
  await sql`truncate evidence, checkpoint, log`.execute(state.db);
  log = await EvidenceLog.open(state.db, folder.path);
});

async function append(count: number): Promise<void> {
  const decisions = Array.from({ length: count }, (_, i) => ({
    kind: "tested",
    by: "ana",
    subject: `it-${i}`,
    text: `number ${i}`,
  }));
  await state.db.transaction().execute((tx) => log.append(tx, decisions, 1000));
}

let later = 1_000_000;
/** Each check is made long after the one before, so that none is answered from memory. */
const check = () => log.check(state.db, (later += 1_000_000));

test("what was decided is chained, signed, and told as it was", async () => {
  await append(250);
  assert.deepEqual(await check(), { ok: true, entries: 250, checkedAt: later });
  const { items } = await listEvidence(state.db, { filter: "subject:it-7", limit: 10, now: later });
  const [entry] = items.map(toActivity);
  assert.deepEqual([entry?.by, entry?.text, entry?.subject, entry?.seq], ["ana", "number 7", "it-7", 7]);
  const { rows } = await sql<{ size: number }>`select size from checkpoint order by size`.execute(state.db);
  assert.deepEqual(
    rows.map((it) => it.size),
    [100, 200],
  );
});

test("an entry is there exactly if what it is about is", async () => {
  const failing = state.db.transaction().execute(async (tx) => {
    await log.append(tx, [{ kind: "tested", by: "ana", text: "never happened" }], 1);
    throw new Error("the other half failed");
  });
  await assert.rejects(failing, /other half/);
  await append(1);
  assert.deepEqual(await check(), { ok: true, entries: 1, checkedAt: later });
});

test("many at once still make one chain", async () => {
  await Promise.all(Array.from({ length: 20 }, () => append(3)));
  assert.deepEqual(await check(), { ok: true, entries: 60, checkedAt: later });
});

test("texts that a database cannot hold are kept as it can, and the chain holds", async () => {
  const text = "a\u0000b\ud800c\u202e";
  await state.db
    .transaction()
    .execute((tx) =>
      log.append(
        tx,
        [{ kind: "tested", by: text, subject: text, text, fields: { text2: text, n: [1, { deep: text }] } }],
        1,
      ),
    );
  assert.equal((await check()).ok, true);
});

for (const [how, tamper, why] of [
  [
    "changing a text",
    sql`update evidence set entry = jsonb_set(entry, '{fields,text,value}', '"other"') where seq = 3`,
    /entry 3 was changed/,
  ],
  [
    "changing who did it",
    sql`update evidence set entry = jsonb_set(entry, '{by,value}', '"eve"') where seq = 0`,
    /entry 0 was changed/,
  ],
  [
    "changing when",
    sql`update evidence set entry = jsonb_set(entry, '{time}', '5') where seq = 9`,
    /entry 9 was changed/,
  ],
  ["leaving one out", sql`delete from evidence where seq = 5`, /expected entry 5, found 6/],
  ["cutting off the end", sql`delete from evidence where seq >= 100`, /entry 100 is missing/],
  [
    "exchanging two",
    sql`update evidence set entry = (select entry from evidence where seq = 8) where seq = 7`,
    /expected entry 7, found 8/,
  ],
  [
    "forging a checkpoint",
    sql`update checkpoint set body = jsonb_set(body, '{time}', '1') where size = 100`,
    /checkpoint of 100 entries is not signed/,
  ],
] as const) {
  test(`${how} shows`, async () => {
    await append(120);
    await tamper.execute(state.db);
    const { ok, problem } = await check();
    assert.equal(ok, false);
    assert.match(problem ?? "", why);
  });
}

test("rolling the whole log back behind a checkpoint shows, even if its end is rewritten", async () => {
  await append(50);
  const { rows } = await sql<{ head: object }>`select head from log`.execute(state.db);
  await append(70);
  await sql`delete from evidence where seq >= 50`.execute(state.db);
  await sql`update log set head = ${JSON.stringify(rows[0]?.head)}`.execute(state.db);
  const { ok, problem } = await check();
  assert.equal(ok, false);
  assert.match(problem ?? "", /a checkpoint of 100 entries was signed, but only 50 are there/);
});

test("the same keys are there after a restart", async () => {
  const again = await EvidenceLog.open(state.db, folder.path);
  assert.equal(again.signer.publicKey, log.signer.publicKey);
  assert.deepEqual(again.saltKey, log.saltKey);
});
