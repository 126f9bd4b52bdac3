/**
 * Why the ledger refused: `BAD_MODEL`, a model of the register cannot be booked on; `UNKNOWN_MODEL`, an entry or a
 * question names a model that the register does not; `BAD_ENTRY`, an entry's number, range or name is impossible;
 * `BAD_STATE`, a snapshot is not one of ours.
 */
export type CustodyErrorCode = "BAD_MODEL" | "UNKNOWN_MODEL" | "BAD_ENTRY" | "BAD_STATE";

/** The only error this package throws on purpose. The message names the field, its value and what was expected. */
export class CustodyError extends Error {
  override readonly name = "CustodyError";
  readonly code: CustodyErrorCode;
  constructor(code: CustodyErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
