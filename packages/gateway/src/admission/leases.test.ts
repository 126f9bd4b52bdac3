import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Bucket } from "./gcra.ts";
import { LeasedAccount } from "./leased-account.ts";
import { Lender, leaseOf } from "./lender.ts";

const none = { inputTokens: 0, outputTokens: 0, informationBits: 0 };

/** So many processes with one account, over one lender and one clock. */
function crew(processes: number, limits: object) {
  const clock = { now: 1_000_000 };
  const lender: Lender = new Lender(
    processes,
    () => clock.now,
    (process) => Promise.resolve(accounts[process]?.release() ?? []),
  );
  const accounts = Array.from(
    { length: processes },
    (_, process) =>
      new LeasedAccount("p", limits, () => ({
        borrow: (name, of, needs) => lender.borrow(process, name, of, needs),
        giveBack: (name, of, amounts) => lender.giveBack(process, name, of, amounts),
      })),
  );
  return { clock, lender, accounts };
}

/** As the data path asks: what is not held is borrowed, once. */
async function passes(account: LeasedAccount, cost: typeof none, now: number): Promise<boolean> {
  if (account.shortage(cost, now)?.unheld) await account.borrow(cost);
  if (account.shortage(cost, now)) return false;
  account.begin(cost, now);
  return true;
}

const steps = fc.array(
  fc.record({
    process: fc.nat(3),
    after: fc.integer({ min: 0, max: 3000 }),
    settle: fc.boolean(),
  }),
  { maxLength: 150 },
);

test("from the start all processes together pass no more than one bucket, and refuse only where one bucket would", async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 60 }), async (schedule, units) => {
      const { clock, accounts } = crew(4, { requestsPerMinute: units });
      const one = new Bucket(units, 60_000);
      const begin = clock.now;
      let passed = 0;
      for (const { process, after, settle } of schedule) {
        clock.now += after;
        const account = accounts[process];
        if (!account) continue;
        // A refusal is remembered by the real clock, which does not move here: ask the lender each time.
        if (await passes(account, none, Number.MAX_SAFE_INTEGER)) {
          passed++;
          one.take(1, clock.now);
          account.end(none, none);
        } else assert.notEqual(one.waitMs(1, clock.now), 0, "refused, though one bucket would have passed it");
        if (settle) for (const it of accounts) it.settle(clock.now);
        assert.ok(passed <= units + ((clock.now - begin) * units) / 60_000 + 1e-6);
      }
    }),
    { numRuns: 150 },
  );
});

test("within any window at most one lease for each process passes beyond the limit", async () => {
  const units = 100;
  const lease = leaseOf({ requestsPerMinute: units })[0] ?? 0;
  await fc.assert(
    fc.asyncProperty(steps, async (schedule) => {
      const { clock, accounts } = crew(4, { requestsPerMinute: units });
      const times: number[] = [];
      for (const { process, after } of schedule) {
        clock.now += after;
        const account = accounts[process];
        if (!account) continue;
        for (let burst = 0; burst < 10; burst++) {
          if (!(await passes(account, none, Number.MAX_SAFE_INTEGER))) continue;
          times.push(clock.now);
          account.end(none, none);
        }
      }
      times.forEach((from, i) => {
        for (let j = i; j < times.length; j++) {
          const refilled = (((times[j] ?? 0) - from) * units) / 60_000;
          assert.ok(j - i + 1 <= units + refilled + 4 * lease + 1e-6);
        }
      });
    }),
    { numRuns: 60 },
  );
});

test("bits that an answer did not take come back, and those it took beyond are a debt that the next one pays", async () => {
  const { clock, accounts } = crew(2, { informationBitsPerDay: 1000 });
  const [a, b] = accounts;
  assert.ok(a && b);
  const cost = { ...none, informationBits: 900 };
  assert.equal(await passes(a, cost, clock.now), true);
  assert.equal(await passes(b, { ...none, informationBits: 200 }, clock.now), false);
  a.end(cost, { ...none, informationBits: 100 });
  a.settle(clock.now);
  const later = Number.MAX_SAFE_INTEGER;
  assert.equal(await passes(b, { ...none, informationBits: 200 }, later), true);
  b.end({ ...none, informationBits: 200 }, { ...none, informationBits: 1100 });
  b.settle(clock.now);
  // More than the lease that it may still hold.
  assert.equal(await passes(a, { ...none, informationBits: 60 }, later), false);
});

test("requests at once are counted over all processes, and those of a process that died come free", async () => {
  const { lender, accounts } = crew(2, { concurrent: 2 });
  const [a, b] = accounts;
  assert.ok(a && b);
  const later = Number.MAX_SAFE_INTEGER;
  assert.deepEqual([await passes(a, none, later), await passes(a, none, later)], [true, true]);
  assert.equal(await passes(b, none, later), false);
  a.end(none, none);
  assert.equal(await passes(b, none, later), true);
  lender.forget(0);
  assert.equal(await passes(b, none, later), true);
});

const oneRequest = { inputTokens: 0, outputTokens: 0, informationBits: 0 };

test("however many proofs of work somebody brings, they push nobody's budget out, and are what is kept least", () => {
  const lender = new Lender(
    2,
    () => 1000,
    () => Promise.resolve([]),
  );
  const limits = { requestsPerMinute: 10 };
  lender.account("principal:bob", limits).begin(oneRequest, 1000);
  const used = lender.account("principal:bob", limits);
  for (let i = 0; i < 1_000; i++) lender.account(`proof:${i}`, { informationBitsPerDay: 1 });
  assert.equal(lender.account("principal:bob", limits), used);
  lender.account("proof:999", { informationBitsPerDay: 1 }).begin({ ...oneRequest, informationBits: 1 }, 1000);
  assert.deepEqual(
    lender.used(1000).map(({ key }) => JSON.parse(key)[0]),
    ["proof:999", "principal:bob"],
  );
});
