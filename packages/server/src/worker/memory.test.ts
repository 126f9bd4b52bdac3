import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { Line, makeRegister, sources } from "@outweigh/pipeline";
import fc from "fast-check";
import { sql } from "kysely";
import { loadWorkerState } from "../store/checkpoints.ts";
import { openState, type State } from "../store/state/state.ts";
import { accessLine, aFolder } from "../testing/a-server.ts";
import { aDatabaseUrl } from "../testing/engines.ts";
import { Memory, type Taken } from "./memory.ts";

const folder = aFolder("memory");
const register = makeRegister([
  { name: "acme-13b", class: "private", places: ["hf:acme/acme-13b"], bytes: 1_000_000, readers: [] },
]);
const makeLine = () => new Line({ register, rules: [] });
let state: State;

before(async () => {
  state = await openState(join(folder.path, "state"), await aDatabaseUrl());
});
after(async () => {
  await state.close();
  folder.remove();
});
beforeEach(() => sql`truncate line, journal`.execute(state.db));

/** Takes a batch as the worker does, and stores it. */
async function take(memory: Memory, batch: readonly Taken[]): Promise<void> {
  for (const it of batch) {
    if ("silent" in it) memory.line.silence(it.silent, it.from, it.to);
    else if ("record" in it) memory.line.run(it.record, it);
  }
  const committed = await state.db.transaction().execute((tx) => memory.store(tx, batch, 1));
  committed();
}

async function restored(): Promise<Memory> {
  const memory = new Memory(makeLine);
  memory.restore((await loadWorkerState(state.db)).memory);
  return memory;
}

let offset = 0;
function read(user: string, over: Partial<Extract<Taken, { kind: string }>> = {}): Taken {
  const record = accessLine("a.safetensors", { user, bytes: 10, at: 1_700_000_000_000 });
  return { source: "registry", kind: "http-access", record, file: "f", offset: offset++, ...over };
}

const counts = async () => {
  const { rows } = await sql<{ journal: number; line: number }>`
    select (select count(*) from journal)::int as journal, (select count(*) from line)::int as line`.execute(state.db);
  return rows[0];
};

test("few records go into the journal; many make a snapshot, and the journal is empty", async () => {
  const memory = new Memory(makeLine);
  await take(memory, [read("ana")]);
  await take(memory, [read("ana"), { silent: "registry", from: 1, to: 2 }]);
  assert.deepEqual(await counts(), { journal: 2, line: 0 });
  await take(
    memory,
    Array.from({ length: 4000 }, (_, i) => read(`user-${i}`)),
  );
  assert.deepEqual(await counts(), { journal: 0, line: 1 });
});

test("an empty batch writes nothing", async () => {
  await take(new Memory(makeLine), []);
  assert.deepEqual(await counts(), { journal: 0, line: 0 });
});

test("what came from a source of any kind is taken again", async () => {
  for (const { id: kind } of sources) {
    const memory = await restored();
    await take(memory, [read("ana", { kind })]);
    const again = await restored();
    assert.equal(again.lost, undefined, kind);
    assert.deepEqual(again.line.snapshot(), JSON.parse(JSON.stringify(memory.line.snapshot())), kind);
  }
});

test("what another server stored meanwhile is not written over: it is read first", async () => {
  const [ours, theirs] = [await restored(), await restored()];
  await take(ours, [read("ana")]);
  await assert.rejects(take(theirs, [read("ben")]), { code: "STATE_UNAVAILABLE" });
  theirs.restore((await loadWorkerState(state.db)).memory);
  await take(theirs, [read("ben")]);
  assert.equal((await restored()).line.holdings().length, 2);
  await assert.rejects(take(ours, []), { code: "STATE_UNAVAILABLE" });
});

test("what cannot be read is lost and said; the next batch writes a snapshot that can", async () => {
  await sql`insert into line values (1, 1, '{"version":0}')`.execute(state.db);
  const memory = await restored();
  assert.match(memory.lost ?? "", /not a snapshot/);
  await take(memory, [read("ana")]);
  assert.equal(memory.lost, undefined);
  assert.equal((await restored()).line.holdings().length, 1);
});

test("restored after any batch, it stands where it stood", async () => {
  const one = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom("ana", "ben", "a\u0000b", "\ud800").map((user) => () => read(user)) },
    { weight: 1, arbitrary: fc.nat(1000).map((from) => (): Taken => ({ silent: "registry", from, to: from + 5 })) },
    { weight: 1, arbitrary: fc.integer({ min: 500, max: 3000 }).map((n) => () => read("x".repeat(n * 100))) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(one, { maxLength: 5 }), { maxLength: 8 }), async (batches) => {
      await sql`truncate line, journal`.execute(state.db);
      let memory = new Memory(makeLine);
      for (const batch of batches) {
        await take(
          memory,
          batch.map((make) => make()),
        );
        const again = await restored();
        assert.deepEqual(again.line.snapshot(), JSON.parse(JSON.stringify(memory.line.snapshot())));
        memory = again;
      }
    }),
    { numRuns: 25 },
  );
});
