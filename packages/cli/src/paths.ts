import { statSync, type Stats } from "node:fs";
import { CliError } from "./error.ts";

/**
 * What lies at a path that a person named.
 * @throws {CliError} USAGE if there is nothing, FAILED if this user may not look: the same for every command.
 */
export function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** Why a named path cannot be read, as a sentence that says what to do. */
export function unreadable(path: string, cause: unknown): CliError {
  if (cause instanceof CliError) return cause;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new CliError("USAGE", `there is no file or folder ${path}: check the path, which starts from here`, {
        cause,
      });
    case "EISDIR":
      return new CliError("USAGE", `${path} is a folder: name a file`, { cause });
    case "EACCES":
    case "EPERM":
      return new CliError("FAILED", `this user may not read ${path}: run it as one who may`, { cause });
    default:
      return new CliError(
        "FAILED",
        `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
        {
          cause,
        },
      );
  }
}
