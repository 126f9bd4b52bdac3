/**
 * How much a ledger remembers. Whatever exceeds a limit is pooled or rounded upwards, never dropped: the bound stays an
 * upper bound and is marked `<=`.
 */
export interface Limits {
  /** Principals with an account of their own, over all models. Addresses that read anonymously can be endless. */
  readonly accounts: number;
  /** Pairs of account and file with byte ranges of their own, over all models. */
  readonly coverages: number;
  /** Separate byte ranges over all accounts; and as many again over all coalitions. */
  readonly ranges: number;
  /** Separate byte ranges of one account in one file: chunks of 8 MiB in any order stay exact up to 68 GB. */
  readonly rangesPerFile: number;
  /** Files per model that the register does not list. */
  readonly unlistedFiles: number;
  /** Places per model that the credit side tells apart. */
  readonly places: number;
  /** Entries remembered to recognise one that is delivered twice in a row of retries. */
  readonly recent: number;
}

/**
 * Room for the readers of a large organisation, in a snapshot that can be written every few seconds. What an account
 * takes in memory and in a snapshot: `npm run bench -- custody`.
 */
export const defaultLimits: Limits = {
  accounts: 50_000,
  coverages: 200_000,
  ranges: 1_000_000,
  rangesPerFile: 4096,
  unlistedFiles: 4096,
  places: 1024,
  recent: 1024,
};

/** Longest name of a principal, place or file, in UTF-16 units: as long as a path on Linux. */
export const maxNameLength = 4096;
