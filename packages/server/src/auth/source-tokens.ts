// Who may send records: each token has a name and is good for one source, or for scan reports, and for nothing else.
import type { NewToken, TokenRow } from "@outweigh/schema";
import { ServerError } from "../error.ts";
import { addToken, allTokens, removeToken, replaceToken, tokenUsed, type StoredToken } from "../store/tokens.ts";
import type { Db, Tx } from "../store/state/state.ts";
import { digestOf, newSecret } from "./tokens.ts";

/** Most tokens: four for each of the sources that there may be. All of them are held in memory. */
const maxTokens = 1024;
/** How often it is stored that a token was used, in ms: to say which is still in use, a minute is exact enough. */
const usedMs = 60_000;

/** What a request with a token may do. `id` is no secret. */
export interface Sender {
  readonly id: string;
  readonly source: string;
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
    if (!found) return own === undefined ? undefined : { id, source: own };
    if (now - (found.lastUsedAt ?? 0) >= usedMs) {
      this.#stored.set(id, { ...found, lastUsedAt: now });
      // It says when, not whether: a database that is away loses no more than that.
      void tokenUsed(this.#db, id, now).catch(() => undefined);
    }
    return { id, source: found.source };
  }

  /** All by name, with no secret in them. */
  list(): TokenRow[] {
    return [...this.#stored.values()].map(shown).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Makes one for a source; named after it, unless told otherwise.
   *
   * @throws {ServerError} CONFLICT when the name is taken, TOO_MANY.
   */
  async create(
    { source, name, by, now }: { readonly source: string; readonly name?: string | undefined } & Made,
    store: Store,
  ): Promise<NewToken> {
    if (this.#stored.size >= maxTokens) throw new ServerError("TOO_MANY", `there are ${maxTokens} tokens: revoke some`);
    const wanted = name ?? this.#freeName(source);
    if (this.#named(wanted)) throw new ServerError("CONFLICT", `there is a token named ${wanted} already`);
    const secret = newSecret();
    const token = { id: digestOf(secret), name: wanted, source, createdAt: now, createdBy: by };
    await store(shown(token), (tx) => addToken(tx, token));
    this.#stored.set(token.id, token);
    return { token: shown(token), secret };
  }

  /** A new secret under the same name; the old one is good for nothing from then on. @throws {ServerError} NOT_FOUND */
  async rotate(name: string, { by, now }: Made, store: Store): Promise<NewToken> {
    const old = this.#require(name);
    const secret = newSecret();
    const token = { id: digestOf(secret), name, source: old.source, createdAt: now, createdBy: by };
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

/** Who makes it, and when. */
interface Made {
  readonly by: string;
  readonly now: number;
}

/** Stores a change together with its evidence. */
type Store = (token: TokenRow, change: (tx: Tx) => Promise<void>) => Promise<void>;

function shown({ name, source, createdAt, createdBy, lastUsedAt }: StoredToken): TokenRow {
  return { name, source, createdAt, createdBy, ...(lastUsedAt !== undefined && { lastUsedAt }) };
}
