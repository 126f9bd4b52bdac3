import type { AccountState } from "./account.ts";
import { CustodyError } from "./error.ts";
import type { EntryKey } from "./recent.ts";

/** The books of one model as plain JSON. Whole numbers beyond 2^53 are decimal strings. */
export interface ModelState {
  readonly name: string;
  /** The reader patterns in force when it was written. */
  readonly readers: readonly string[];
  readonly files: readonly {
    readonly path: string;
    readonly place?: string | undefined;
    readonly size?: number | undefined;
    readonly extent: number;
  }[];
  readonly places: readonly (readonly [string, string])[];
  readonly accounts: readonly AccountState[];
  readonly pooled: readonly AccountState[];
  readonly coalition: AccountState;
}

/** A whole ledger as plain JSON. */
export interface LedgerState {
  readonly version: 1;
  readonly models: readonly ModelState[];
  readonly recent: readonly EntryKey[];
}

/**
 * Reads a snapshot that was stored somewhere.
 * @throws {CustodyError} BAD_STATE naming the first field that is wrong.
 */
export function readState(value: unknown): LedgerState {
  const { version, models, recent } = record(value, "state");
  if (version !== 1) throw bad("state.version", version, "1");
  return {
    version,
    models: list(models, "models").map((it, i) => modelState(it, `models[${i}]`)),
    recent: list(recent, "recent").map((it, i) => entryKey(it, `recent[${i}]`)),
  };
}

function entryKey(value: unknown, at: string): EntryKey {
  return list(value, at).map((it) => {
    if (it !== null && typeof it !== "string" && typeof it !== "number") throw bad(at, it, "texts, numbers and nulls");
    return it;
  });
}

function modelState(value: unknown, at: string): ModelState {
  const it = record(value, at);
  const files = list(it["files"], `${at}.files`).map((file, i) => {
    const { path, place, size, extent } = record(file, `${at}.files[${i}]`);
    return {
      path: text(path, `${at}.files[${i}].path`),
      place: place === undefined ? undefined : text(place, `${at}.files[${i}].place`),
      size: size === undefined ? undefined : whole(size, `${at}.files[${i}].size`),
      extent: whole(extent, `${at}.files[${i}].extent`),
    };
  });
  const accounts = (field: "accounts" | "pooled") =>
    list(it[field], `${at}.${field}`).map((account, i) => accountState(account, `${at}.${field}[${i}]`, files.length));
  return {
    name: text(it["name"], `${at}.name`),
    readers: list(it["readers"], `${at}.readers`).map((reader, i) => text(reader, `${at}.readers[${i}]`)),
    files,
    places: list(it["places"], `${at}.places`).map((pair, i) => {
      const [place, bytes] = list(pair, `${at}.places[${i}]`);
      return [text(place, `${at}.places[${i}][0]`), digits(bytes, `${at}.places[${i}][1]`)] as const;
    }),
    accounts: accounts("accounts"),
    pooled: accounts("pooled"),
    coalition: accountState(it["coalition"], `${at}.coalition`, files.length),
  };
}

function accountState(value: unknown, at: string, files: number): AccountState {
  const it = record(value, at);
  return {
    principal: text(it["principal"], `${at}.principal`),
    declared: flag(it["declared"], `${at}.declared`),
    mixed: flag(it["mixed"], `${at}.mixed`),
    entries: whole(it["entries"], `${at}.entries`),
    volume: digits(it["volume"], `${at}.volume`),
    extra: whole(it["extra"], `${at}.extra`),
    unsized: whole(it["unsized"], `${at}.unsized`),
    firstAt: whole(it["firstAt"], `${at}.firstAt`),
    lastAt: whole(it["lastAt"], `${at}.lastAt`),
    coverages: list(it["coverages"], `${at}.coverages`).map((row, i) => {
      const where = `${at}.coverages[${i}]`;
      const [file, extra, slack, ranges] = list(row, where);
      const index = whole(file, `${where}[0]`);
      if (index >= files) throw bad(`${where}[0]`, index, `a file's number below ${files}`);
      return [index, whole(extra, `${where}[1]`), whole(slack, `${where}[2]`), edges(ranges, `${where}[3]`)] as const;
    }),
  };
}

/** Ranges: an even number of rising edges. */
function edges(value: unknown, at: string): number[] {
  const numbers = list(value, at).map((it) => whole(it, at));
  if (numbers.length % 2 === 1) throw bad(at, numbers.length, "an even number of edges");
  const wrong = numbers.findIndex((it, i) => i > 0 && it <= (numbers[i - 1] ?? 0));
  if (wrong !== -1) throw bad(`${at}[${wrong}]`, numbers[wrong], "rising edges");
  return numbers;
}

function record(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(at, value, "an object");
  return { ...value };
}

function list(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw bad(at, value, "a list");
  return value;
}

function text(value: unknown, at: string): string {
  if (typeof value !== "string") throw bad(at, value, "a text");
  return value;
}

function flag(value: unknown, at: string): boolean {
  if (typeof value !== "boolean") throw bad(at, value, "true or false");
  return value;
}

function whole(value: unknown, at: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw bad(at, value, "a whole number from 0 to 2^53 - 1");
  }
  return value;
}

function digits(value: unknown, at: string): string {
  if (typeof value !== "string" || !/^\d{1,40}$/.test(value)) throw bad(at, value, "a text of 1 to 40 digits");
  return value;
}

function bad(at: string, value: unknown, expected: string): CustodyError {
  const shown = typeof value === "object" && value !== null ? "an object or list" : String(value).slice(0, 80);
  return new CustodyError("BAD_STATE", `${at} is ${shown}, expected ${expected}`);
}
