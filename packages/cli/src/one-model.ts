import type { ScannedCopy, ScannedModel } from "@outweigh/schema";
import { CliError } from "./error.ts";
import { statOf } from "./paths.ts";
import type { Terminal } from "./terminal.ts";

/** A model that a person named by a path, and the copy of it there. */
export interface NamedModel {
  readonly model: ScannedModel;
  readonly copy: ScannedCopy;
}

/**
 * The one model at a path: a file, a folder of shards, an archive.
 * @throws {CliError} USAGE if the path leads nowhere, FAILED if there is no model, or several.
 */
export async function oneModel(
  path: string,
  {
    hash,
    terminal,
    signal,
  }: { readonly hash: "full" | "none"; readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<NamedModel> {
  statOf(path);
  const agent = await import("@outweigh/agent");
  const { models, notSeen } = await agent.scan({
    roots: [path],
    hash,
    signal,
    onProgress: ({ bytesRead }) => terminal.progress(() => `reading ${path}: ${bytesRead} bytes`),
  });
  const found = models.flatMap((model) => model.copies.map((copy) => ({ model, copy })));
  const [first, second] = found;
  if (!first) {
    const why =
      notSeen.find((it) => it.what.startsWith(path))?.why ??
      "no format that holds weights is recognised; links are not followed";
    throw new CliError("FAILED", `no model in ${path}: ${why}`);
  }
  if (second && models.length > 1) {
    const names = found.slice(0, 5).map((it) => it.copy.path);
    throw new CliError("FAILED", `${path} holds ${models.length} models, name one of them: ${names.join(", ")}`);
  }
  return first;
}
