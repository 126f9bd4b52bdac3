// What programs show: each token has a name, and is good for the records of one source, or for what a role may ask.
import type { Grant, NewToken, TokenRow } from "@outweigh/schema";
import { ServerError } from "../error.ts";
import type { Asker } from "./rights.ts";
import { addToken, allTokens, removeToken, replaceToken, tokenUsed, type StoredToken } from "../store/tokens.ts";
import type { Db, Tx } from "../store/state/state.ts";
import { digestOf, newSecret } from "./tokens.ts";

/** Most tokens: four for each of the sources that there may be. All of them are held in memory. */
const maxTokens = 1024;
/** How often it is stored that a token was used, in ms: to say which is still in use, a minute is exact enough. */
const usedMs = 60_000;

const dayMs = 86_400_000;
/** How long a token that asks lives, in days, unless told otherwise. */
const askingDays = 90;

/** What a request with a token may do. `id` is no secret. */
export interface Sender {
  readonly id: string;
  readonly source: string;
  /** Of scans: the host whose they are. */
  readonly host?: string;
  /** A program that we started ourselves. */
  readonly isOwn?: true;
}

/**
 * All tokens by their digests, in memory: a wrong one costs a look-up and nothing else, so nobody has to be locked out
 * for guessing. One server works on a database, so what is here is what is stored.
 */
export class SourceTokens {
  readonly #db: Db;
  /** By digest. */
  readonly #stored = new Map<string, StoredToken>();
  /** Secrets that end with this process, by source; and their sources, by digest. */
  readonly #own = new Map<string, string>();
  readonly #ownSenders = new Map<string, string>();

  private constructor(db: Db) {
    this.#db = db;
  }

  static async open(db: Db): Promise<SourceTokens> {
    const tokens = new SourceTokens(db);
    for (const it of await allTokens(db)) tokens.#stored.set(it.id, it);
    return tokens;
  }

  /** The token of a source for programs that we start ourselves. It is stored nowhere and ends with us. */
  own(source: string): string {
    const known = this.#own.get(source);
    if (known !== undefined) return known;
    const secret = newSecret();
    this.#own.set(source, secret);
    this.#ownSenders.set(digestOf(secret), source);
    return secret;
  }

  /** Whose secret this is; undefined for nobody's. */
  sender(secret: string, now: number): Sender | undefined {
    const id = digestOf(secret);
    const found = this.#stored.get(id);
    const own = this.#ownSenders.get(id);
    if (!found) return own === undefined ? undefined : { id, source: own, isOwn: true };
    if (found.source === undefined || isOver(found, now)) return undefined;
    this.#used(found, now);
    return { id, source: found.source, ...(found.host !== undefined && { host: found.host }) };
  }

  /** Whether this is anybody's secret at all. */
  knows(secret: string): boolean {
    const id = digestOf(secret);
    return this.#stored.has(id) || this.#ownSenders.has(id);
  }

  /** Who asks with this secret; undefined for nobody's, and for a token that sends. */
  asker(secret: string, now: number): Asker | undefined {
    const found = this.#stored.get(digestOf(secret));
    if (found?.grant === undefined || isOver(found, now)) return undefined;
    this.#used(found, now);
    return { id: found.id, user: `token:${found.name}`, by: "token", grants: [found.grant] };
  }

  #used(token: StoredToken, now: number): void {
    if (now - (token.lastUsedAt ?? 0) < usedMs) return;
    this.#stored.set(token.id, { ...token, lastUsedAt: now });
    // It says when, not whether: a database that is away loses no more than that.
    void tokenUsed(this.#db, token.id, now).catch(() => undefined);
  }

  /** All by name, with no secret in them. */
  list(): TokenRow[] {
    return [...this.#stored.values()].map(shown).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Makes one for a source, named after it unless told otherwise; or for what a role may ask.
   *
   * @throws {ServerError} CONFLICT when the name is taken, TOO_MANY.
   */
  async create({ source, host, grant, name, days, by, now }: Wanted & Made, store: Store): Promise<NewToken> {
    if (this.#stored.size >= maxTokens) throw new ServerError("TOO_MANY", `there are ${maxTokens} tokens: revoke some`);
    const wanted = name ?? this.#freeName(source ?? "token");
    if (this.#named(wanted)) throw new ServerError("CONFLICT", `there is a token named ${wanted} already`);
    const secret = newSecret();
    const life = days ?? (grant === undefined ? undefined : askingDays);
    const token: StoredToken = {
      id: digestOf(secret),
      name: wanted,
      createdAt: now,
      createdBy: by,
      ...(source !== undefined && { source }),
      ...(host !== undefined && { host }),
      ...(grant !== undefined && { grant }),
      ...(life !== undefined && { expiresAt: now + life * dayMs }),
    };
    await store(shown(token), (tx) => addToken(tx, token));
    this.#stored.set(token.id, token);
    return { token: shown(token), secret };
  }

  /** A new secret under the same name; the old one is good for nothing from then on. @throws {ServerError} NOT_FOUND */
  async rotate(name: string, { by, now }: Made, store: Store): Promise<NewToken> {
    const old = this.#require(name);
    const secret = newSecret();
    const { lastUsedAt: _, ...same } = old;
    const token: StoredToken = { ...same, id: digestOf(secret), createdAt: now, createdBy: by };
    await store(shown(token), (tx) => replaceToken(tx, token));
    this.#stored.delete(old.id);
    this.#stored.set(token.id, token);
    return { token: shown(token), secret };
  }

  /** @throws {ServerError} NOT_FOUND */
  async revoke(name: string, store: Store): Promise<TokenRow> {
    const old = this.#require(name);
    await store(shown(old), (tx) => removeToken(tx, name));
    this.#stored.delete(old.id);
    return shown(old);
  }

  #freeName(source: string): string {
    for (let n = 1; ; n++) {
      const name = n === 1 ? source : `${source}-${n}`;
      if (!this.#named(name)) return name;
    }
  }

  #named(name: string): StoredToken | undefined {
    return [...this.#stored.values()].find((it) => it.name === name);
  }

  #require(name: string): StoredToken {
    const found = this.#named(name);
    if (!found) throw new ServerError("NOT_FOUND", `there is no token named ${name}`);
    return found;
  }
}

/** What it is to be for: a source, or a grant. */
interface Wanted {
  readonly source?: string | undefined;
  readonly host?: string | undefined;
  readonly grant?: Grant | undefined;
  readonly name?: string | undefined;
  readonly days?: number | undefined;
}

/** Who makes it, and when. */
interface Made {
  readonly by: string;
  readonly now: number;
}

/** Stores a change together with its evidence. */
type Store = (token: TokenRow, change: (tx: Tx) => Promise<void>) => Promise<void>;

function isOver({ expiresAt }: StoredToken, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

function shown(it: StoredToken): TokenRow {
  const { id: _secret, ...row } = it;
  return row;
}
