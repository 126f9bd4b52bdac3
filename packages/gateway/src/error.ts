/** What can be wrong at a start or in a file of ours. Part of the public API. What clients get wrong is a `Refusal` instead. */
export type GatewayErrorCode =
  | "BAD_KEY_FILE" // the file of keys is not one of ours
  | "BAD_CONFIG" // entries that contradict each other, or a variable that is not set
  | "BAD_ORDER" // an order that is malformed, over, or about nobody
  | "BAD_CALIBRATION" // a calibration that is missing, or not signed by this gateway's key
  | "BAD_ENCODER" // an encoder of texts that cannot be loaded, or does not answer as one
  | "BAD_CAPTURE" // a sealed file that is none, of another key, or changed
  | "NO_SUCH_KEY" // a key id that does not exist
  | "BAD_STATE"; // evidence or spool on disk that cannot be continued

/** The one error of this package; `code` says which case. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: GatewayErrorCode;
  constructor(code: GatewayErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
