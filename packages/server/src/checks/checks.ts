// Configuration of clouds, asked for live: in the shape in which their own tools print it, so that scans judge both by the same readers.
import { readFile } from "node:fs/promises";
import type { Asked, CloudCheck, ModelEntry } from "@outweigh/schema";
import { Asker } from "./ask.ts";
import { bucketFiles } from "./buckets.ts";
import { clusterFiles } from "./cluster.ts";
import { checkMs } from "./limits.ts";
import { repositoryFiles } from "./repositories.ts";

/** One file as a person would have exported it. */
export interface AnsweredFile {
  readonly path: string;
  readonly text: string;
}

export interface CheckOptions {
  readonly checks: readonly CloudCheck[];
  readonly register: readonly ModelEntry[];
  /** Where `${NAME}` of the configuration leads. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

export interface Checked {
  readonly files: readonly AnsweredFile[];
  /** Everything that was asked, in its order. */
  readonly asked: readonly Asked[];
}

/** Asks every configured cloud a few questions. What fails is told, and ends nothing: nothing that was not answered counts as closed. */
export async function runChecks({ checks, register, env, signal }: CheckOptions): Promise<Checked> {
  const asked: Asked[] = [];
  const files: AnsweredFile[] = [];
  for (const check of checks) {
    const within = AbortSignal.any([signal, AbortSignal.timeout(checkMs)]);
    try {
      files.push(...(await filesOf(check, { register, env, asked, signal: within })));
    } catch (error) {
      if (signal.aborted) throw error;
      const problem = (error instanceof Error ? error.message : String(error)).slice(0, 500);
      asked.push({ check: check.name, method: "GET", url: "", problem });
    }
  }
  return { files, asked };
}

export interface CheckTask {
  readonly register: readonly ModelEntry[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly asked: Asked[];
  readonly signal: AbortSignal;
}

async function filesOf(check: CloudCheck, task: CheckTask): Promise<AnsweredFile[]> {
  const { env, asked, signal } = task;
  if (check.kind === "s3") return bucketFiles(check, task);
  const token = secretOf(check.token, env);
  const common = { check: check.name, asked, signal, headers: { authorization: `Bearer ${token}` } };
  if (check.kind === "kubernetes") {
    const ca = check.ca === undefined ? undefined : await readFile(check.ca, "utf8");
    return clusterFiles(check.name, new Asker({ ...common, base: check.server, ca }));
  }
  return repositoryFiles(check, task.register, new Asker({ ...common, base: check.endpoint }));
}

/** @throws {Error} with the variable's name, never its value. */
export function secretOf(reference: string, env: CheckTask["env"]): string {
  const name = reference.slice(2, -1);
  const value = env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set in the environment`);
  // Before it stands in a header: what it holds must not be said in an error.
  if (/[^\x21-\x7e]/.test(value)) throw new Error(`${name} holds characters that no token has`);
  return value;
}
