import { WeightsError } from "../error.ts";

/**
 * What looking into one file may cost. It bounds the search, not what is found: a model that was recognised may be unpacked to be read.
 * Beside it, programs in compressed members are passed over: whether a zip of weights stands at their end shows only once all is unpacked.
 */
export interface Allowance {
  /** Most bytes unpacked to find out what an archive holds. */
  readonly unpackBytes: number;
  /** Members that unpack to fewer bytes are passed over. */
  readonly leastMemberBytes: number;
}

/** Why a part of an archive was left out. BUDGET: nothing was left to unpack more. */
export type LeftOutCode = "SMALL_MEMBER" | "PACKED_PROGRAM" | "BUDGET";

/** Members of an archive that nobody looked into. Never the same as "no model there". */
export interface LeftOut {
  readonly code: LeftOutCode;
  /** The way to the archive, or to the member; empty for the file itself. */
  readonly path: string;
  readonly members: number;
}

/** What is left of an allowance while one file is looked into, shared by all its streams. */
export class Budget {
  readonly leastMemberBytes: number;
  #left: number;
  #spent = 0;

  constructor({ unpackBytes, leastMemberBytes }: Allowance) {
    this.#left = unpackBytes;
    this.leastMemberBytes = leastMemberBytes;
  }

  /** Bytes unpacked so far. */
  get spent(): number {
    return this.#spent;
  }

  /** @throws {WeightsError} BUDGET once nothing is left. */
  spend(bytes: number): void {
    this.#spent += bytes;
    this.#left -= bytes;
    if (this.#left < 0) throw new WeightsError("BUDGET", "no more may be unpacked to look into it");
  }

  /** For what was found: unpacking it is no search any more. */
  grant(bytes: number): void {
    this.#left += bytes;
  }
}
