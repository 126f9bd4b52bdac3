import type { Coalition, Holding } from "@outweigh/schema";
import { Account, type Room } from "./account.ts";
import { bookState, coalitionOf, everyAccount, holdingOf, type Book } from "./book.ts";
import { checkEntry, claimOf, type Claim, type Entry } from "./entry.ts";
import { CustodyError } from "./error.ts";
import { Files, type LedgerModel } from "./files.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { readersOf } from "./readers.ts";
import { RecentEntries } from "./recent.ts";
import { readState, type LedgerState, type ModelState } from "./state.ts";

/** Stands for all principals beyond `Limits.accounts` that read one model: they share an account. */
export const pooledPrincipal = "*";

/** What one entry changed. */
export interface Booking {
  /** True when a declared copy accounts for it. */
  readonly declared: boolean;
  /** New bytes of this principal; with an inexact holding, by how much its bound rose. */
  readonly added: number;
  /** The same for all undeclared readers together; 0 for a declared one. */
  readonly coalitionAdded: number;
  readonly holding: Holding;
  readonly coalition: Coalition;
  /** The first read of this model by this principal. False for a pooled one, of which that is not known. */
  readonly firstRead: boolean;
  /** True when this principal now holds all of this entry's file for certain. */
  readonly filledFile: boolean;
  /** True when there are too many principals to follow each: the holding is that of many, so an upper bound. */
  readonly pooled: boolean;
  /** True when the same entry was booked a moment ago. Nothing changed. */
  readonly repeated: boolean;
}

/** Both sides of a model's books, in bytes sent with repeats counted: `read` is always `accounted` plus `unaccounted`. */
export interface Balance {
  readonly read: bigint;
  readonly accounted: bigint;
  readonly unaccounted: bigint;
  /** True when a declared copy accounts for every read, reads of unknown size among them. */
  readonly balanced: boolean;
  /** Bytes read from each place; `""` where the record does not say, `*` for places beyond the limit. */
  readonly places: ReadonlyMap<string, bigint>;
}

/** What one principal read of one model: its side of the books. */
export interface Reads {
  readonly entries: number;
  /** Bytes sent, repeats counted. */
  readonly bytes: bigint;
  /** When the first and the last happened, in ms since 1970. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/**
 * The books of all protected models: who read which bytes, and whether a declared copy accounts for it.
 *
 * Reads are booked on the principal and, when no declared copy accounts for them, on one coalition of all undeclared
 * readers. However many identities a thief uses, what they hold together is within the coalition's bound. Order does not
 * matter for coverage, and nothing expires. Each entry is one request: totals over several requests come without a file.
 *
 * Blind spots: what was not logged; a declared reader who passes bytes on; new content of the same size under the name of
 * a listed file. Where the register says neither files nor size, a place that holds the weights twice counts them twice.
 */
export class Ledger {
  readonly #limits: Limits;
  readonly #books = new Map<string, Book>();
  readonly #room: Room;
  readonly #coalitionRoom: Room;
  #accounts = 0;
  #recent: RecentEntries;
  /** Books of models that the register no longer names, kept in case it names them again. */
  #shelved: ModelState[] = [];

  /** @throws {CustodyError} BAD_MODEL for a name given twice or an impossible size. */
  constructor(models: readonly LedgerModel[], limits: Partial<Limits> = {}) {
    this.#limits = { ...defaultLimits, ...limits };
    this.#recent = new RecentEntries(this.#limits.recent);
    this.#room = { limits: this.#limits, coverages: 0, ranges: 0 };
    this.#coalitionRoom = { limits: this.#limits, coverages: 0, ranges: 0 };
    for (const model of models) {
      if (this.#books.has(model.name)) throw new CustodyError("BAD_MODEL", `${model.name} is registered twice`);
      this.#books.set(model.name, this.#open(model));
    }
  }

  /**
   * Books one read. A record that arrives twice changes no exact coverage; of the others the last thousand entries
   * are recognised, and whoever may deliver older ones twice must drop them first.
   *
   * @throws {CustodyError} UNKNOWN_MODEL, or BAD_ENTRY for impossible numbers and names.
   */
  book(entry: Entry): Booking {
    const book = this.#bookOf(entry.model);
    checkEntry(entry);
    const known = book.accounts.get(entry.principal);
    const declared = known ? known.declared : book.isReader(entry.principal);
    if (this.#recent.repeats(entry)) return this.#unchanged(book, entry.principal, declared, true);
    const claim = claimOf(entry, book.files);
    if (claim.kind === "nothing") return this.#unchanged(book, entry.principal, declared, false);

    const account = known ?? this.#accountFor(book, entry.principal, declared);
    const pooled = book.pooled.get(declared) === account;
    const firstRead = known === undefined && !pooled;
    const added = apply(account, claim);
    const coalitionAdded = declared ? 0 : apply(book.coalition, claim);
    account.enter(volumeOf(claim), entry.time);
    this.#credit(book, entry.place ?? "", volumeOf(claim));
    return {
      declared,
      added,
      coalitionAdded,
      holding: holdingOf(book, account, entry.principal),
      coalition: coalitionOf(book),
      firstRead,
      filledFile: !pooled && "file" in claim && claim.file !== undefined && account.holdsAll(claim.file),
      pooled,
      repeated: false,
    };
  }

  /** Who holds how much, of one model or of all: models in the register's order, the largest holding first. */
  holdings(model?: string): Holding[] {
    const books = model === undefined ? [...this.#books.values()] : [this.#bookOf(model)];
    return books.flatMap((book) =>
      everyAccount(book)
        .map((it) => holdingOf(book, it, it.principal))
        .sort((a, b) => b.bytes - a.bytes || (a.principal < b.principal ? -1 : 1)),
    );
  }

  /** What all undeclared readers hold together; undefined for a model that is not in the register. */
  coalition(model: string): Coalition | undefined {
    const book = this.#books.get(model);
    return book && coalitionOf(book);
  }

  /** How many entries are booked on a model. @throws {CustodyError} UNKNOWN_MODEL */
  entries(model: string): number {
    return everyAccount(this.#bookOf(model)).reduce((sum, it) => sum + it.entries, 0);
  }

  /** What one principal read of one model; undefined if nothing, or if it shares an account. @throws {CustodyError} UNKNOWN_MODEL */
  reads(model: string, principal: string): Reads | undefined {
    const it = this.#bookOf(model).accounts.get(principal);
    return it && { entries: it.entries, bytes: it.volume, firstAt: it.firstAt, lastAt: it.lastAt };
  }

  /** Both sides of the books. @throws {CustodyError} UNKNOWN_MODEL */
  balance(model: string): Balance {
    const book = this.#bookOf(model);
    let [accounted, unaccounted] = [0n, 0n];
    for (const it of everyAccount(book)) {
      if (it.declared) accounted += it.volume;
      else unaccounted += it.volume;
    }
    let read = 0n;
    for (const bytes of book.places.values()) read += bytes;
    return {
      read,
      accounted,
      unaccounted,
      balanced: unaccounted === 0n && book.coalition.unsized === 0,
      places: new Map(book.places),
    };
  }

  /** Everything, as plain JSON: a ledger restored from it does from then on exactly what this one does. */
  snapshot(): LedgerState {
    return {
      version: 1,
      models: [...this.#books.values()].map(bookState).concat(this.#shelved),
      recent: this.#recent.keys(),
    };
  }

  /**
   * Takes over a snapshot; what was booked here before is gone. If the register changed in between, the books follow it:
   * a principal no longer declared joins the coalition with all that it ever read, a newly declared one leaves it.
   *
   * @throws {CustodyError} BAD_STATE when it is not a snapshot of this version; the ledger is then as it was.
   */
  restore(state: unknown): void {
    const { models, recent } = readState(state);
    this.#accounts = 0;
    Object.assign(this.#room, { coverages: 0, ranges: 0 });
    Object.assign(this.#coalitionRoom, { coverages: 0, ranges: 0 });
    this.#recent = new RecentEntries(this.#limits.recent, recent);
    this.#shelved = models.filter((it) => !this.#books.has(it.name));
    for (const [name, { model }] of this.#books) this.#books.set(name, this.#open(model));
    for (const it of models) {
      const book = this.#books.get(it.name);
      if (book) this.#fill(book, it);
    }
  }

  #open(model: LedgerModel): Book {
    const files = new Files(model, this.#limits);
    return {
      model,
      files,
      isReader: readersOf(model.readers),
      accounts: new Map(),
      pooled: new Map(),
      coalition: new Account("", false, files, this.#coalitionRoom),
      undeclared: 0,
      places: new Map(),
    };
  }

  #fill(book: Book, state: ModelState): void {
    const files = state.files.map(({ path, place, size, extent }) => {
      const file = book.files.find(place, path);
      if (file && extent > 0) book.files.learn(file, extent, size !== undefined);
      return file;
    });
    let regrouped = false;
    for (const it of state.accounts) {
      const account = new Account(it.principal, book.isReader(it.principal), book.files, this.#room);
      account.fill(it, (index) => files[index]);
      book.accounts.set(it.principal, account);
      if (!account.declared) book.undeclared++;
      regrouped ||= account.declared !== it.declared;
    }
    this.#accounts += book.accounts.size;
    const sameReaders = JSON.stringify(state.readers) === JSON.stringify(book.model.readers);
    for (const it of state.pooled) {
      // Who they were is not known, so after a change of readers any of them may be undeclared now, or declared.
      const account = this.#pool(book, it.declared && sameReaders);
      account.fill(it, (index) => files[index]);
      account.mixed ||= !sameReaders;
      regrouped ||= !sameReaders;
    }
    for (const [place, bytes] of state.places) book.places.set(place, BigInt(bytes));
    if (!regrouped) return book.coalition.fill(state.coalition, (index) => files[index]);
    for (const it of everyAccount(book)) if (!it.declared) book.coalition.merge(it);
  }

  #bookOf(model: string): Book {
    const book = this.#books.get(model);
    if (!book) throw new CustodyError("UNKNOWN_MODEL", `no model of the register is named ${JSON.stringify(model)}`);
    return book;
  }

  #accountFor(book: Book, principal: string, declared: boolean): Account {
    if (this.#accounts >= this.#limits.accounts) return this.#pool(book, declared);
    this.#accounts++;
    const account = new Account(principal, declared, book.files, this.#room);
    book.accounts.set(principal, account);
    if (!declared) book.undeclared++;
    return account;
  }

  #pool(book: Book, declared: boolean): Account {
    const known = book.pooled.get(declared);
    if (known) return known;
    const fresh = new Account(pooledPrincipal, declared, book.files, this.#room);
    book.pooled.set(declared, fresh);
    return fresh;
  }

  #unchanged(book: Book, principal: string, declared: boolean, repeated: boolean): Booking {
    const own = book.accounts.get(principal);
    const account = own ?? book.pooled.get(declared) ?? new Account(principal, declared, book.files, this.#room);
    return {
      declared,
      added: 0,
      coalitionAdded: 0,
      holding: holdingOf(book, account, principal),
      coalition: coalitionOf(book),
      firstRead: false,
      filledFile: false,
      pooled: account === book.pooled.get(declared),
      repeated,
    };
  }

  #credit(book: Book, place: string, bytes: number): void {
    const known = book.places.has(place) || book.places.size < this.#limits.places;
    const name = known ? place : pooledPrincipal;
    book.places.set(name, (book.places.get(name) ?? 0n) + BigInt(bytes));
  }
}

/** Books a claim on an account and says by how many bytes its bound rose. */
function apply(account: Account, claim: Claim): number {
  const before = account.extent().upper;
  switch (claim.kind) {
    case "range":
      account.cover(claim.file, claim.start, claim.end);
      break;
    case "atMost":
      account.atMost(claim.file, claim.bytes);
      break;
    case "unsized":
      account.unsized++;
      break;
    case "nothing":
      break;
  }
  return Math.max(0, account.extent().upper - before);
}

/** Bytes sent, as far as the record tells: the volume that both sides of the books carry. */
function volumeOf(claim: Claim): number {
  if (claim.kind === "range") return claim.end - claim.start;
  return claim.kind === "atMost" ? claim.bytes : 0;
}
