/** Why content or a stored state cannot be used. */
export type PipelineErrorCode =
  "BAD_POLICY" | "BAD_CONTROL" | "BAD_PLAYBOOK" | "BAD_STATE" | "BAD_OPTIONS" | "BAD_RULE" | "BAD_KEYS";

/** What this package throws. `message` names the field or heading, with what was expected. */
export class PipelineError extends Error {
  override readonly name = "PipelineError";
  readonly code: PipelineErrorCode;

  constructor(code: PipelineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
