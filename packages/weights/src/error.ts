/**
 * Why a file could not be read as what it seems to be. Stable; callers and tests may branch on it.
 *
 * UNKNOWN_FORMAT: nothing we know. TRUNCATED: ends before what its header needs. MALFORMED: contradicts its own format.
 * OUT_OF_FILE: points outside the file. TOO_LARGE, TOO_MANY, TOO_DEEP: beyond a maximum of `limits.ts`. DUPLICATE: one name twice.
 * UNSUPPORTED: valid as far as we can tell, but we cannot read this variant. MISSING_FILE: a sibling file is not there.
 * BAD_PATH: names a sibling outside its folder. EXPANDS: a compressed stream grows beyond the allowed ratio or size.
 * ENCRYPTED: what it holds is encrypted and was not opened.
 * BUDGET: more would have to be unpacked than the caller allows.
 */
export type WeightsErrorCode =
  | "UNKNOWN_FORMAT"
  | "TRUNCATED"
  | "MALFORMED"
  | "OUT_OF_FILE"
  | "TOO_LARGE"
  | "TOO_MANY"
  | "TOO_DEEP"
  | "DUPLICATE"
  | "UNSUPPORTED"
  | "MISSING_FILE"
  | "BAD_PATH"
  | "EXPANDS"
  | "ENCRYPTED"
  | "BUDGET";

/** A model file that can't be read. `at` is the byte of the file where it went wrong, where one can be named. */
export class WeightsError extends Error {
  override readonly name = "WeightsError";
  readonly code: WeightsErrorCode;
  readonly at: number | undefined;

  constructor(code: WeightsErrorCode, message: string, options?: ErrorOptions & { at?: number | undefined }) {
    super(options?.at === undefined ? message : `${message} (at byte ${options.at})`, options);
    this.code = code;
    this.at = options?.at;
  }
}
