// Checks a name, a password and a code, and gives away nothing but whether all three are right.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { ServerError } from "../error.ts";
import type { StoredAccount } from "../store/accounts.ts";
import type { Accounts } from "./accounts.ts";
import { Delays } from "./delays.ts";
import { comparePassword, hashPassword, Lane } from "./passwords.ts";
import { recoveryDigest, stepOf } from "./second-factor.ts";

/** How many sign-ins may wait for their hash: four seconds' worth. */
const maxWaiting = 20;

interface Tried {
  readonly name: string;
  readonly password: string;
  readonly code?: string | undefined;
  /** Of the other end; undefined where many people share one. */
  readonly address: string | undefined;
  /** What this browser was given when somebody signed in with it before. */
  readonly device: string | undefined;
  readonly now: number;
}

/** Signs people in by password. */
export class SignIn {
  readonly #accounts: Accounts;
  readonly #key: Buffer;
  readonly #delays: Delays;
  /** Strangers wait for strangers: whoever floods this door keeps no browser out that was in before. */
  readonly #known = new Lane(maxWaiting);
  readonly #strangers = new Lane(maxWaiting);

  /** @param key What devices are known by: 32 bytes. */
  constructor(accounts: Accounts, key: Buffer) {
    this.#accounts = accounts;
    this.#key = key;
    this.#delays = new Delays((it) => accounts.get(it.slice(it.indexOf(":") + 1)) !== undefined);
  }

  /**
   * The account. Which of name, password and code was wrong is not said, except that a code is asked for once the password is right.
   *
   * @throws {ServerError} BAD_SIGN_IN, CODE_NEEDED, TOO_MANY (wait), BUSY.
   */
  async check(tried: Tried): Promise<StoredAccount> {
    const { name, address, now } = tried;
    const isKnown = this.#isDevice(name, tried.device);
    const keys = isKnown ? [`device:${name}`] : [`name:${name}`, ...(address === undefined ? [] : [`at ${address}`])];
    const until = this.#delays.until(keys, now);
    if (until > 0) {
      const seconds = Math.ceil((until - now) / 1000);
      throw new ServerError("TOO_MANY", `too many tries: wait ${seconds} s`);
    }
    this.#delays.count(keys, now);
    try {
      const account = await (isKnown ? this.#known : this.#strangers).run(() => this.#compare(tried));
      this.#delays.forget(keys);
      return account;
    } catch (error) {
      if (error instanceof ServerError && error.code !== "BAD_SIGN_IN") this.#delays.uncount(keys);
      throw error;
    }
  }

  /** What a browser keeps so that others' failures do not hold it up. */
  device(name: string): string {
    const nonce = randomBytes(16).toString("base64url");
    return `${nonce}.${this.#mac(name, nonce)}`;
  }

  async #compare({ name, password, code, now }: Tried): Promise<StoredAccount> {
    const found = this.#accounts.get(name);
    const account = found?.state === "active" ? found : undefined;
    const compared = await comparePassword(password, account?.password);
    if (!account || compared === "wrong") throw wrong();
    if (code === undefined) throw new ServerError("CODE_NEEDED", "now the authenticator's code");
    // Others of this account may have signed in while we compared.
    const fresh = this.#accounts.get(name) ?? account;
    const before = account.password;
    const used = this.#use(fresh, code, now);
    if (!used || before === undefined || fresh.password !== before || fresh.state !== "active") throw wrong();
    // Used up in memory before anything else happens: the same code must not be good twice.
    const signedIn = await this.#accounts.use(name, used, before);
    if (compared !== "stale") return signedIn;
    const hash = await hashPassword(password);
    // Reset while it was hashed anew: then that counts.
    if (this.#accounts.get(name)?.password !== before) throw wrong();
    return this.#accounts.use(name, { password: hash }, before);
  }

  /** What a code uses up; undefined for a wrong one. */
  #use(account: StoredAccount, code: string, now: number) {
    const secret = this.#accounts.totpOf(account);
    if (secret === undefined) return undefined;
    const step = stepOf(secret, code, { now, last: account.totpStep });
    if (step !== undefined) return { totpStep: step };
    const digest = recoveryDigest(code);
    if (!account.recovery.includes(digest)) return undefined;
    return { recovery: account.recovery.filter((it) => it !== digest) };
  }

  #isDevice(name: string, device: string | undefined): boolean {
    const [nonce, mac] = device?.split(".") ?? [];
    if (nonce === undefined || mac === undefined) return false;
    const [a, b] = [Buffer.from(mac), Buffer.from(this.#mac(name, nonce))];
    return a.length === b.length && timingSafeEqual(a, b);
  }

  #mac(name: string, nonce: string): string {
    return createHmac("sha256", this.#key)
      .update(JSON.stringify([name, nonce]))
      .digest("base64url");
  }
}

function wrong(): ServerError {
  return new ServerError("BAD_SIGN_IN", "the name, the password or the code is wrong");
}
