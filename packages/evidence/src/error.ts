/**
 * Why evidence was refused: `BAD_VALUE`, no JSON value that has one canonical text; `BAD_ENTRY`, a body, salt key or head
 * that cannot be appended; `BAD_KEY`, not an Ed25519 key; `BAD_TREE`, a place outside the tree; `BAD_PACK`, what was asked
 * to be packed is not proven by what was given.
 */
export type EvidenceErrorCode = "BAD_VALUE" | "BAD_ENTRY" | "BAD_KEY" | "BAD_TREE" | "BAD_PACK";

/** The only error this package throws on purpose. Verifiers do not throw it: they answer with problems. */
export class EvidenceError extends Error {
  override readonly name = "EvidenceError";
  readonly code: EvidenceErrorCode;
  constructor(code: EvidenceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
