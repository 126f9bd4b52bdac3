import { WeightsError } from "./error.ts";

/**
 * A file name from inside a model file, as a name in the same folder or below.
 * @throws {WeightsError} BAD_PATH for an absolute path, `..`, a backslash, a drive or a control character (CVE-2024-27318).
 */
export function siblingName(name: string): string {
  const parts = name.split("/").filter((it) => it !== ".");
  // eslint-disable-next-line no-control-regex
  const bad = name === "" || /[\\\u0000-\u001f:]/.test(name) || parts.some((it) => it === "" || it === "..");
  if (bad) throw new WeightsError("BAD_PATH", `${JSON.stringify(name)} is no file beside this one`);
  return parts.join("/");
}

/** How `Tensor.file` begins where the bytes are in a compressed member of the archive itself. */
export const memberPrefix = "!/";
