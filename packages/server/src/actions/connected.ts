// The connections as people see them: what each can do, what it lacks, and whether the other side answers.
import type { Connection, ConnectionRow, ConnectionTest } from "@outweigh/schema";
import { touchedBy } from "@outweigh/schema";
import type { Env } from "../env.ts";
import { ServerError } from "../error.ts";
import { hostOf, unsetOf } from "./connections.ts";
import { verbsOf } from "./drivers/acts.ts";
import { lookAt } from "./drivers/check.ts";

/** Looks at the other side that may be under way at once: each waits ten seconds at most. */
const maxLooks = 8;

interface ConnectedOptions {
  readonly connections: readonly Connection[];
  readonly env: Env;
  /** The latest message that the policy sent by a connection. */
  readonly toldBy: (name: string) => ConnectionRow["told"];
}

export class Connected {
  readonly #options: ConnectedOptions;
  #looks = 0;

  constructor(options: ConnectedOptions) {
    this.#options = options;
  }

  list(): ConnectionRow[] {
    const { connections, env, toldBy } = this.#options;
    return connections.map((it) => {
      const told = toldBy(it.name);
      return {
        name: it.name,
        kind: it.kind,
        host: hostOf(it, env),
        verbs: verbsOf(it),
        touches: touchedBy(it),
        unset: unsetOf(it, env),
        ...(told && { told }),
      };
    });
  }

  /** Looks at the other side; nothing is changed or sent. @throws {ServerError} NOT_FOUND, TOO_MANY */
  async test(name: string): Promise<ConnectionTest> {
    const { connections, env } = this.#options;
    const found = connections.find((it) => it.name === name);
    if (!found) throw new ServerError("NOT_FOUND", `outweigh.yml names no connection ${name}`);
    if (this.#looks >= maxLooks) throw new ServerError("TOO_MANY", "other connections are being looked at: try again");
    this.#looks++;
    try {
      return await lookAt(found, env);
    } finally {
      this.#looks--;
    }
  }
}
