// What the commands that start a program share.
import { CliError } from "./error.ts";

/**
 * The number of `--port`; 0 takes any that is free.
 * @throws {CliError} USAGE
 */
export function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65535) return port;
  throw new CliError("USAGE", `--port is ${JSON.stringify(text)}, expected a number from 0 to 65535`);
}

/** Settles once the program is told to stop. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => signal.addEventListener("abort", () => done(), { once: true }));
}
