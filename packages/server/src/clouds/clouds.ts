// Configuration of clouds, asked for live: in the shape in which their own tools print it, so that scans judge both by the same readers.
import { readFile } from "node:fs/promises";
import type { Asked, CloudEntry, ModelEntry } from "@outweigh/schema";
import { secretFrom, type Env } from "../env.ts";
import { Asker } from "./ask.ts";
import { bucketFiles } from "./buckets.ts";
import { clusterFiles } from "./cluster.ts";
import { accountFiles } from "./account.ts";
import { cloudMs } from "./limits.ts";
import { repositoryFiles } from "./repositories.ts";

/** One file as a person would have exported it. */
export interface AnsweredFile {
  readonly path: string;
  readonly text: string;
}

interface CloudOptions {
  readonly clouds: readonly CloudEntry[];
  readonly register: readonly ModelEntry[];
  /** Where `${NAME}` of the configuration leads. */
  readonly env: Env;
  readonly signal: AbortSignal;
}

export interface Answered {
  readonly files: readonly AnsweredFile[];
  /** Everything that was asked, in its order. */
  readonly asked: readonly Asked[];
}

/** Asks every configured cloud a few questions. What fails is told, and ends nothing: nothing that was not answered counts as closed. */
export async function askClouds({ clouds, register, env, signal }: CloudOptions): Promise<Answered> {
  const asked: Asked[] = [];
  const files: AnsweredFile[] = [];
  for (const cloud of clouds) {
    const within = AbortSignal.any([signal, AbortSignal.timeout(cloudMs)]);
    try {
      files.push(...(await filesOf(cloud, { register, env, asked, signal: within })));
    } catch (error) {
      if (signal.aborted) throw error;
      const problem = (error instanceof Error ? error.message : String(error)).slice(0, 500);
      asked.push({ cloud: cloud.name, method: "GET", url: "", problem });
    }
  }
  return { files, asked };
}

export interface CloudTask {
  readonly register: readonly ModelEntry[];
  readonly env: Env;
  readonly asked: Asked[];
  readonly signal: AbortSignal;
}

async function filesOf(cloud: CloudEntry, task: CloudTask): Promise<AnsweredFile[]> {
  const { env, asked, signal } = task;
  if (cloud.kind === "s3") return bucketFiles(cloud, task);
  if (cloud.kind === "iam") return accountFiles(cloud, task);
  const token = secretOf(cloud.token, env);
  const common = { cloud: cloud.name, asked, signal, headers: { authorization: `Bearer ${token}` } };
  if (cloud.kind === "kubernetes") {
    const ca = cloud.ca === undefined ? undefined : await readFile(cloud.ca, "utf8");
    return clusterFiles(cloud.name, new Asker({ ...common, base: cloud.server, ca }));
  }
  return repositoryFiles(cloud, task.register, new Asker({ ...common, base: cloud.endpoint }));
}

/** @throws {Error} with the variable's name, never its value. */
export function secretOf(reference: string, env: Env): string {
  const value = secretFrom(env, reference, (why) => new Error(why));
  // Before it stands in a header: what it holds must not be said in an error.
  if (/[^\x21-\x7e]/.test(value)) throw new Error(`${reference} holds characters that no token has`);
  return value;
}
