import type { Coalition, Holding } from "@outweigh/schema";
import type { Account } from "./account.ts";
import type { Files, LedgerModel } from "./files.ts";
import type { ModelState } from "./state.ts";

/** Everything booked on one model. */
export interface Book {
  readonly model: LedgerModel;
  readonly files: Files;
  readonly isReader: (principal: string) => boolean;
  readonly accounts: Map<string, Account>;
  /** Those who found no room: one account for the declared, one for the others. */
  readonly pooled: Map<boolean, Account>;
  /** All undeclared readers, as if they were one thief. */
  readonly coalition: Account;
  /** How many accounts are of undeclared readers. */
  undeclared: number;
  /** The credit side: bytes by the place they were read from. */
  readonly places: Map<string, bigint>;
}

/** The accounts of principals, those without one of their own pooled. Not the coalition. */
export function everyAccount(book: Book): Account[] {
  return [...book.accounts.values(), ...book.pooled.values()];
}

export function holdingOf(book: Book, account: Account, principal: string): Holding {
  const measured = measure(book, account, account.principal === principal);
  return {
    model: book.model.name,
    principal,
    declared: account.declared,
    ...measured,
    complete: measured.fraction === 1,
  };
}

export function coalitionOf(book: Book): Coalition {
  const readers = book.undeclared + (book.pooled.has(false) ? 1 : 0);
  return { model: book.model.name, ...measure(book, book.coalition, true), readers };
}

/** Bytes, fraction and bound of an account; `own` is false for somebody who shares it with others. */
function measure(
  book: Book,
  account: Account,
  own: boolean,
): Pick<Holding, "bytes" | "fraction" | "bound" | "unsized"> {
  const { lower, upper } = account.extent();
  const whole = book.files.modelBytes;
  const known = !account.mixed && (account.unsized === 0 || upper === whole);
  return {
    bytes: upper,
    ...(whole !== undefined && { fraction: upper / whole }),
    bound: own && known && lower === upper ? "exact" : "<=",
    ...(account.unsized > 0 && { unsized: account.unsized }),
  };
}

export function bookState(book: Book): ModelState {
  return {
    name: book.model.name,
    readers: [...book.model.readers],
    files: book.files.all.map(({ path, place, size, extent }) => ({
      path,
      ...(place !== undefined && { place }),
      ...(size !== undefined && { size }),
      extent,
    })),
    places: [...book.places].map(([place, bytes]) => [place, bytes.toString()] as const),
    accounts: [...book.accounts.values()].map((it) => it.state()),
    pooled: [...book.pooled.values()].map((it) => it.state()),
    coalition: book.coalition.state(),
  };
}
