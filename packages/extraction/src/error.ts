/** What can be wrong with what this package is given. Part of the public API. */
export type ExtractionCode =
  | "BAD_ALPHA" // not a rate between 0 and 1
  | "BAD_QUERY" // wrong length, not finite, or a stratum that does not exist
  | "BAD_CALIBRATION" // too little data, or a snapshot that does not fit
  | "BAD_STATE"; // a stored state that is not one of ours

/** The one error of this package; `code` says which of the four cases. */
export class ExtractionError extends Error {
  override readonly name = "ExtractionError";
  readonly code: ExtractionCode;
  constructor(code: ExtractionCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
