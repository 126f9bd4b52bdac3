export type AgentErrorCode = "BAD_FRAME" | "ENROLLED" | "NOT_ENROLLED" | "REFUSED" | "TOO_LARGE" | "UNREACHABLE";

/** Why an agent could not do what it was asked. */
export class AgentError extends Error {
  readonly code: AgentErrorCode;

  constructor(code: AgentErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AgentError";
    this.code = code;
  }
}
