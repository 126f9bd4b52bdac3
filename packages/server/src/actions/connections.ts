// The connections of a configuration: what each can do, what is missing, and a look at the other side that changes nothing there.
import { referencesOf, type Connection } from "@outweigh/schema";
import type { Env } from "../env.ts";

/** The host that a connection contacts, without any secret of its address. */
export function hostOf(connection: Connection, env: Env): string {
  switch (connection.kind) {
    case "bucket":
      return connection.endpoint === undefined
        ? `s3.${connection.region}.amazonaws.com`
        : new URL(connection.endpoint).host;
    case "mail":
      return `${connection.host}:${connection.port}`;
    case "slack": {
      const url = env[connection.url.slice(2, -1)];
      return url !== undefined && URL.canParse(url) ? new URL(url).host : "not known";
    }
    case "huggingface":
    case "github":
    case "webhook":
    case "jira":
    case "github-issues":
    case "ticket":
      return new URL(connection.url).host;
  }
}

/** Variables that it names and that are not set. */
export function unsetOf(connection: Connection, env: Env): string[] {
  return referencesOf(connection).flatMap(({ variable }) => (env[variable] ? [] : [variable]));
}
