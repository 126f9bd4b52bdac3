/** Why a scan could not be made. NO_SUCH_ROOT: a folder to scan is not there. ABORTED: the caller stopped it. */
export type ScanErrorCode = "NO_SUCH_ROOT" | "ABORTED";

/** A scan that gives no report. What it could not see inside its roots is no error: the report says it. */
export class ScanError extends Error {
  override readonly name = "ScanError";
  readonly code: ScanErrorCode;

  constructor(code: ScanErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
