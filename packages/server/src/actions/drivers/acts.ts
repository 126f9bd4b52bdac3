// All acts that reach outside, one for each verb, over the connections of a configuration.
import { isTelling, type ActionVerb, type Connection, type ModelEntry } from "@outweigh/schema";
import type { Env } from "../../env.ts";
import type { Db } from "../../store/state/state.ts";
import type { Act } from "../action.ts";
import { notify } from "../notify.ts";
import { privateBucket } from "./bucket.ts";
import { revokeDeployKeys } from "./deploy-keys.ts";
import { actOf, type Driver } from "./driver.ts";
import { privateGithub } from "./github-repository.ts";
import { privateHuggingface } from "./huggingface.ts";
import { isTicketing, openTicket } from "./ticket.ts";

interface OutsideOptions {
  readonly db: Db;
  readonly connections: readonly Connection[];
  readonly models: readonly ModelEntry[];
  /** Where browsers reach the console. */
  readonly publicUrl: string | undefined;
  readonly env: Env;
}

/** Each verb is there whether or not a connection can do it: its preview says what is missing. */
export function outsideActs(options: OutsideOptions): Act[] {
  const { connections } = options;
  const of = (make: (it: Connection) => Driver[]) => connections.flatMap(make);
  return [
    actOf(
      "make-private",
      of((it) => privacyDrivers(it, options)),
      (target) => `Make ${target} private`,
    ),
    actOf(
      "revoke-deploy-keys",
      of((it) => (it.kind === "github" ? [revokeDeployKeys({ connection: it, ...placesOf(options) })] : [])),
      (target) => `Revoke the deploy keys of ${target}`,
    ),
    notify(options),
    openTicket(options),
  ];
}

function privacyDrivers(connection: Connection, options: OutsideOptions): Driver[] {
  switch (connection.kind) {
    case "bucket":
      return [privateBucket({ connection, ...options })];
    case "huggingface":
      return [privateHuggingface({ connection, ...placesOf(options) })];
    case "github":
      return [privateGithub({ connection, ...placesOf(options) })];
    case "webhook":
    case "slack":
    case "mail":
    case "jira":
    case "github-issues":
    case "ticket":
      return [];
  }
}

function placesOf({ models, env }: OutsideOptions) {
  return { env, modelsAt: (address: string) => modelsAt(models, address) };
}

/** Registered models with a place at an address or below it. */
function modelsAt(models: readonly ModelEntry[], address: string): string[] {
  return models.flatMap(({ name, places }) =>
    places.some((it) => it.toLowerCase() === address || it.toLowerCase().startsWith(`${address}/`)) ? [name] : [],
  );
}

/** What a connection is for. */
export function verbsOf(connection: Connection): ActionVerb[] {
  if (isTelling(connection)) return ["notify"];
  if (isTicketing(connection)) return ["open-ticket"];
  return connection.kind === "github" ? ["make-private", "revoke-deploy-keys"] : ["make-private"];
}

/** Places are finer than what can be made private: the bucket of a prefix, the repository of a file. */
export function touchableOf(place: string): string | undefined {
  const lower = place.toLowerCase();
  const [, bucket] = /^s3:\/*([^/]+)/.exec(lower) ?? [];
  if (bucket !== undefined) return `s3://${bucket}`;
  return /^(hf:[^/]+\/[^/]+|git:[^/]+\/[^/]+\/[^/]+)/.exec(lower)?.[1];
}
