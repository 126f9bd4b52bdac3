// One-time links: whoever can read the terminal or the data folder may sign a browser in.
import { digestOf, newSecret } from "./tokens.ts";

/** How long a link works, in ms: long enough to walk to the browser. */
const linkMs = 10 * 60_000;
/** Links that may be open at once. The oldest goes. */
const maxLinks = 32;

/** Held in memory on purpose: a restart makes every link that was not used worthless. */
export class Links {
  readonly #expiry = new Map<string, number>();

  /** A new link's token. */
  make(now: number): string {
    for (const [it, expiresAt] of this.#expiry) if (expiresAt <= now) this.#expiry.delete(it);
    const [oldest] = this.#expiry.keys();
    if (this.#expiry.size >= maxLinks && oldest !== undefined) this.#expiry.delete(oldest);
    const token = newSecret();
    this.#expiry.set(digestOf(token), now + linkMs);
    return token;
  }

  /** Whether the token was good. It is not any more. */
  use(token: string, now: number): boolean {
    const it = digestOf(token);
    const expiresAt = this.#expiry.get(it);
    this.#expiry.delete(it);
    return expiresAt !== undefined && expiresAt > now;
  }
}
