// Passwords: hashed by argon2id with the parameters beside the hash, a bounded number of them at once.
import { argon2, randomBytes, timingSafeEqual, type Argon2Parameters } from "node:crypto";
import { promisify } from "node:util";
import { ServerError } from "../error.ts";

const derive: (algorithm: "argon2id", parameters: Argon2Parameters) => Promise<Buffer> = promisify(argon2);

/** How hard a password is to try. `memory` in KiB. */
interface Cost {
  readonly memory: number;
  readonly passes: number;
  readonly lanes: number;
}

/** RFC 9106 §4, the second recommended option: 64 MiB, three passes, four lanes. */
const current: Cost = { memory: 64 * 1024, passes: 3, lanes: 4 };
/** RFC 9106 §3.1: 128 bits of salt, 256 bits of tag. */
const saltBytes = 16;
const tagBytes = 32;

/** What a try against an account that does not exist, or has no password, is compared with: it takes as long. */
const nobody = printed(current, randomBytes(saltBytes), randomBytes(tagBytes));

/** What came of a comparison; `stale`: right, and stored with another cost than today's. */
type Compared = "right" | "stale" | "wrong";

/** A password's hash in PHC form: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. */
export async function hashPassword(password: string, cost: Cost = current): Promise<string> {
  const salt = randomBytes(saltBytes);
  return printed(cost, salt, await hash(password, salt, cost));
}

/** Compares in the same time whether there is such an account or not. @throws {ServerError} INTERNAL for a hash that is none. */
export async function comparePassword(password: string, stored: string | undefined): Promise<Compared> {
  const { cost, salt, tag } = parsed(stored ?? nobody);
  const isSame = timingSafeEqual(await hash(password, salt, cost), tag);
  if (!isSame || stored === undefined) return "wrong";
  return printed(cost, salt, tag) === printed(current, salt, tag) ? "right" : "stale";
}

/** NIST SP 800-63B §3.1.1.2: one password is the same however its characters are composed. */
function hash(password: string, nonce: Buffer, { memory, passes, lanes }: Cost): Promise<Buffer> {
  const message = Buffer.from(password.normalize("NFKC"), "utf8");
  return derive("argon2id", { message, nonce, memory, passes, parallelism: lanes, tagLength: tagBytes });
}

function printed({ memory, passes, lanes }: Cost, salt: Buffer, tag: Buffer): string {
  const text = (it: Buffer) => it.toString("base64").replace(/=+$/, "");
  return `$argon2id$v=19$m=${memory},t=${passes},p=${lanes}$${text(salt)}$${text(tag)}`;
}

function parsed(text: string): { readonly cost: Cost; readonly salt: Buffer; readonly tag: Buffer } {
  const [, m, t, p, salt, tag] =
    /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([\w+/]{22})\$([\w+/]{43})$/.exec(text) ?? [];
  if (salt === undefined || tag === undefined)
    throw new ServerError("INTERNAL", "a stored password is no argon2id hash");
  return {
    cost: { memory: Number(m), passes: Number(t), lanes: Number(p) },
    salt: Buffer.from(salt, "base64"),
    tag: Buffer.from(tag, "base64"),
  };
}

/** One at a time, and few in wait: 64 MiB and a fifth of a second each must never become everybody's. */
export class Lane {
  readonly #most: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param most How many may wait. */
  constructor(most: number) {
    this.#most = most;
  }

  /** @throws {ServerError} BUSY when too many wait. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#most) throw new ServerError("BUSY", "too many are signing in: try again in a moment");
    this.#waiting++;
    const mine = this.#last.then(work, work);
    this.#last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      this.#waiting--;
    }
  }
}
