import { isDeepStrictEqual } from "node:util";
import { Ledger, pooledPrincipal, type Booking, type Limits } from "../index.ts";
import { Dice } from "./dice.ts";
import { aRead, aWorld, reregistered, type World } from "./world.ts";

/** What a schedule showed, so that a bench can say how much was really tried. */
interface Tried {
  readonly entries: number;
  readonly exact: number;
  readonly atMost: number;
  readonly restored: number;
  readonly limited: number;
}

/** The naive oracle: for each reader one mark per content. */
class Oracle {
  readonly #marks = new Map<string, Uint8Array>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  read(principal: string, content: readonly number[]): void {
    const marks = this.#marks.get(principal) ?? new Uint8Array(this.#world.contents);
    for (const it of content) marks[it] = 1;
    this.#marks.set(principal, marks);
  }

  /** How many distinct contents these readers hold together. */
  held(principals: readonly string[]): number {
    const union = new Uint8Array(this.#world.contents);
    for (const it of principals) for (const [i, mark] of (this.#marks.get(it) ?? []).entries()) union[i] ||= mark;
    return union.reduce((sum, it) => sum + it, 0);
  }
}

/**
 * Plays one random schedule of reads against the ledger and the oracle: exact means equal, `<=` is never too low, also
 * for the coalition and for pooled principals; both sides balance; a restored ledger goes on exactly like the first.
 *
 * @throws {Error} saying which of these broke, at which entry.
 */
export function playSchedule(seed: number): Tried {
  const dice = new Dice(seed);
  const world = aWorld(dice);
  const limits = dice.chance(50) ? {} : tinyLimits(dice);
  const oracle = new Oracle(world);
  const ledger = new Ledger([world.model], limits);
  let twin: Ledger | undefined;
  const tried = { entries: 0, exact: 0, atMost: 0, restored: 0, limited: Object.keys(limits).length > 0 ? 1 : 0 };
  const length = dice.from(1, 40);
  let last = aRead(dice, world, 0);
  for (let i = 0; i < length; i++) {
    const read = i > 0 && dice.chance(10) ? last : aRead(dice, world, i);
    last = read;
    oracle.read(read.entry.principal, read.content);
    const booking = ledger.book(read.entry);
    const fail = (what: string) => new Error(`seed ${seed}, entry ${i} (${JSON.stringify(read.entry)}): ${what}`);
    if (twin && !isDeepStrictEqual(twin.book(read.entry), booking)) throw fail("the restored ledger books otherwise");
    checkBooking(booking, world, oracle, fail);
    tried.entries++;
    if (booking.holding.bound === "exact") tried.exact++;
    else tried.atMost++;
    if (booking.holding.bound !== "exact" && world.precise && tried.limited === 0)
      throw fail("not exact for no reason");
    if (!twin && dice.chance(8)) {
      twin = new Ledger([world.model], limits);
      twin.restore(JSON.parse(JSON.stringify(ledger.snapshot())));
      tried.restored++;
    }
  }
  const fail = (what: string) => new Error(`seed ${seed}, at the end: ${what}`);
  if (twin && !isDeepStrictEqual(twin.snapshot(), ledger.snapshot())) throw fail("the restored ledger is another one");
  checkBooks(ledger, world, oracle, fail);
  const changed = reregistered(dice, world);
  const heir = new Ledger([changed.model], limits);
  heir.restore(ledger.snapshot());
  checkBooks(heir, changed, oracle, (what) => fail(`after a change of the register: ${what}`));
  return tried;
}

function checkBooking(
  { holding, coalition }: Booking,
  world: World,
  oracle: Oracle,
  fail: (what: string) => Error,
): void {
  checkBound(holding, oracle.held([holding.principal]), world, fail);
  checkBound(coalition, oracle.held(world.undeclared), world, fail);
}

function checkBooks(ledger: Ledger, world: World, oracle: Oracle, fail: (what: string) => Error): void {
  const { read, accounted, unaccounted } = ledger.balance("m");
  if (read !== accounted + unaccounted) throw fail(`${read} is not ${accounted} + ${unaccounted}`);
  const coalition = ledger.coalition("m");
  if (coalition) checkBound(coalition, oracle.held(world.undeclared), world, fail);
  for (const it of ledger.holdings()) {
    if (it.principal !== pooledPrincipal) checkBound(it, oracle.held([it.principal]), world, fail);
    if (it.complete !== (it.fraction === 1)) throw fail(`${it.principal} is complete at ${it.fraction}`);
  }
}

interface Bounded {
  readonly bytes: number;
  readonly bound: "exact" | "<=";
  readonly unsized?: number | undefined;
}

function checkBound(
  { bytes, bound, unsized }: Bounded,
  truth: number,
  { model }: World,
  fail: (what: string) => Error,
): void {
  const size = model.parts ? model.parts.reduce((sum, it) => sum + it.bytes, 0) : model.bytes;
  const held = Math.min(truth, size ?? Infinity);
  if (bound === "exact" && bytes !== held) throw fail(`${bytes} bytes exactly, in truth ${held}`);
  // With reads and a model of unknown size nothing bounds what was read, and the holding says so.
  if (unsized !== undefined && size === undefined) return;
  if (bytes < held) throw fail(`at most ${bytes} bytes, in truth ${held}`);
}

/** Limits so small that a few reads reach them. */
function tinyLimits(dice: Dice): Partial<Limits> {
  return {
    accounts: dice.from(1, 4),
    coverages: dice.from(1, 12),
    ranges: dice.from(1, 12),
    rangesPerFile: dice.from(1, 4),
    unlistedFiles: dice.from(0, 3),
    places: dice.from(1, 2),
    recent: dice.from(0, 3),
  };
}
