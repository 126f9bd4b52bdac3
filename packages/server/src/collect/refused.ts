import { ServerError } from "../error.ts";

/** What is configured for a source and cannot be done: the start ends with it. */
export function refused(source: string, why: string, cause?: unknown): ServerError {
  return new ServerError("SOURCE_REFUSED", `the source ${source}: ${why}`, { cause });
}
