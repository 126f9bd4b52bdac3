/** USAGE: wrong use, exit 2. CONFIG: the configuration has mistakes, exit 2. FAILED: what was asked for could not be done, exit 3. */
type CliErrorCode = "USAGE" | "CONFIG" | "FAILED";

/** What a person did not expect. The message is a sentence that says what is wrong and what to do. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get exitCode(): ExitCode {
    return this.code === "FAILED" ? 3 : 2;
  }
}

/** 0 done and clean, 1 something found, 2 wrong use, 3 failed. */
export type ExitCode = 0 | 1 | 2 | 3;
