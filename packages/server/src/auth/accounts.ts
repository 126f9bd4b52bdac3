// People who sign in by name: a password and a code here, or an identity provider that vouches for them.
import { grantsText, type AccountRow, type Grant, type Invitation } from "@outweigh/schema";
import { ServerError } from "../error.ts";
import {
  accountSeen,
  addAccount,
  addInvitation,
  allAccounts,
  openInvitations,
  removeInvitations,
  setAddress,
  setGrants,
  storeEntry,
  storeUse,
  type StoredAccount,
  type StoredInvitation,
} from "../store/accounts.ts";
import { removeSessionsOf } from "../store/sessions.ts";
import type { Db, Tx } from "../store/state/state.ts";
import { whyOne } from "./one-person.ts";
import { hashPassword } from "./passwords.ts";
import { decrypt, encrypt, newRecoveryCodes, newTotp, stepOf } from "./second-factor.ts";
import { digestOf, newSecret } from "./tokens.ts";

/** How long an invitation is good, in ms: a person reads a message within a day. */
const invitationMs = 24 * 3_600_000;
/** Most accounts. All are held in memory. */
const maxAccounts = 2000;
/** How often it is stored that somebody was here, in ms. */
const seenMs = 60_000;

/** Stores a change together with its evidence. */
export type Store = (text: string, change: (tx: Tx) => Promise<void>) => Promise<void>;

interface Made {
  readonly by: string;
  readonly now: number;
}

/** What an invited person is shown, and must show a code of. */
export interface Invited {
  readonly account: StoredAccount;
  /** The authenticator's secret, in base 32. */
  readonly secret: string;
}

/** All accounts by name, in memory: what an account may do is asked with every request. One server works on a database. */
export class Accounts {
  readonly #db: Db;
  readonly #key: Buffer;
  readonly #all = new Map<string, StoredAccount>();
  /** By digest. */
  readonly #invitations = new Map<string, StoredInvitation>();

  private constructor(db: Db, key: Buffer) {
    this.#db = db;
    this.#key = key;
  }

  /** @param key 32 bytes that encrypt the authenticators' secrets. */
  static async open(db: Db, key: Buffer, now: number): Promise<Accounts> {
    const accounts = new Accounts(db, key);
    for (const it of await allAccounts(db)) accounts.#all.set(it.name, it);
    for (const it of await openInvitations(db, now)) accounts.#invitations.set(it.id, it);
    return accounts;
  }

  /** Whether anybody signs in by name. */
  get exist(): boolean {
    return this.#all.size > 0;
  }

  get(name: string): StoredAccount | undefined {
    return this.#all.get(name);
  }

  bySubject(subject: string): StoredAccount | undefined {
    return [...this.#all.values()].find((it) => it.subject === subject);
  }

  /** What a person of an identity provider is called here: by the subject, so that nobody is put on record as another one. */
  providedName(subject: string, name: string): string {
    return this.bySubject(subject)?.name ?? this.#freeName(name, subject);
  }

  list(): AccountRow[] {
    return [...this.#all.values()].map(shownAccount).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** What somebody may do now; undefined for nobody's name, and for one that was disabled. */
  grantsOf(name: string, now: number): readonly Grant[] | undefined {
    const found = this.#all.get(name);
    if (!found || found.state !== "active") return undefined;
    if (now - (found.lastSeenAt ?? 0) >= seenMs) this.#seen(found, now);
    return found.grants;
  }

  /** A new account, and the invitation to it. @throws {ServerError} CONFLICT, TOO_MANY */
  async invite(
    { name, grants, address }: { name: string; grants: readonly Grant[]; address?: string | undefined },
    made: Made,
    store: Store,
  ): Promise<Invitation> {
    if (this.#all.has(name)) throw new ServerError("CONFLICT", `there is an account ${name} already: reset it instead`);
    if (this.#all.size >= maxAccounts) throw new ServerError("TOO_MANY", `there are ${maxAccounts} accounts`);
    const account: StoredAccount = {
      name,
      grants: [...grants],
      state: "invited",
      by: "password",
      ...(address !== undefined && { address }),
      createdAt: made.now,
      createdBy: made.by,
      totpStep: 0,
      recovery: [],
    };
    return this.#invited(account, made, store, `invited ${name} as ${grantsText(grants)}`, addAccount);
  }

  /** Starts over: the password, the authenticator, the recovery codes and all sessions are worth nothing from now on. */
  async reset(name: string, made: Made, store: Store): Promise<Invitation> {
    const { password: _, totp: __, ...rest } = this.#required(name, "password");
    const account: StoredAccount = { ...rest, state: "invited", recovery: [] };
    return this.#invited(account, made, store, `invited ${name} anew`, async (tx, it) => {
      await storeEntry(tx, it);
      await removeSessionsOf(tx, name);
    });
  }

  /** @throws {ServerError} NOT_FOUND */
  async disable(name: string, store: Store): Promise<AccountRow> {
    const account: StoredAccount = { ...this.#required(name), state: "disabled" };
    await store(`disabled the account ${name}`, async (tx) => {
      await storeEntry(tx, account);
      await removeInvitations(tx, name);
      await removeSessionsOf(tx, name);
    });
    this.#forgetInvitations(name);
    return shownAccount(this.#change(name, { state: "disabled" }));
  }

  /** @throws {ServerError} NOT_FOUND, CONFLICT where an identity provider says it. */
  async setGrants(name: string, grants: readonly Grant[], store: Store): Promise<AccountRow> {
    this.#required(name, "password");
    await store(`made ${name} ${grantsText(grants)}`, (tx) => setGrants(tx, name, grants));
    return shownAccount(this.#change(name, { grants: [...grants] }));
  }

  /** Whose an account is, as an admin says. @throws {ServerError} NOT_FOUND, CONFLICT where an identity provider says it. */
  async setAddress(name: string, address: string, store: Store): Promise<AccountRow> {
    this.#required(name, "password");
    await store(`said that ${name} is ${address}`, (tx) => setAddress(tx, name, address));
    return shownAccount(this.#change(name, { address }));
  }

  /** Why two names may be one person; undefined: they are two. Not knowing is a reason. */
  whyOne(a: string, b: string): string | undefined {
    return whyOne(this.#all.get(a), this.#all.get(b), { a, b });
  }

  /** What an invitation is for. @throws {ServerError} BAD_LINK */
  invitation(token: string, now: number): Invited {
    const found = this.#invitations.get(digestOf(token));
    const account = found && this.#all.get(found.account);
    if (!found || !account || found.expiresAt <= now) throw badInvitation();
    return { account, secret: decrypt(found.totp, this.#key) };
  }

  /** Uses an invitation up. @throws {ServerError} BAD_LINK, BAD_CODE */
  async accept(
    token: string,
    { password, code, now }: { readonly password: string; readonly code: string; readonly now: number },
    store: Store,
  ): Promise<{ readonly name: string; readonly recoveryCodes: string[] }> {
    const { account: before, secret } = this.invitation(token, now);
    const step = stepOf(secret, code, { now, last: 0 });
    if (step === undefined)
      throw new ServerError("BAD_CODE", "that is not the authenticator's code of now: compare its clock with this one");
    // Gone before the hash is made: two who hold the link must not both use it.
    this.#forgetInvitations(before.name);
    const { codes, digests } = newRecoveryCodes();
    const hash = await hashPassword(password);
    // Disabled, or invited anew, while it was made: then that counts.
    if (this.#all.get(before.name) !== before) throw badInvitation();
    const account: StoredAccount = {
      ...before,
      state: "active",
      password: hash,
      totp: encrypt(secret, this.#key),
      totpStep: step,
      recovery: digests,
    };
    await store("accepted the invitation: set a password and an authenticator", async (tx) => {
      await storeEntry(tx, account);
      await removeInvitations(tx, account.name);
    });
    const { state, totp, totpStep, recovery } = account;
    this.#change(account.name, { state, totpStep, recovery, password: hash, ...(totp && { totp }) });
    return { name: account.name, recoveryCodes: codes };
  }

  /** The authenticator's secret. */
  totpOf({ totp }: StoredAccount): string | undefined {
    return totp === undefined ? undefined : decrypt(totp, this.#key);
  }

  /** Stores what a sign-in used up, a code or a recovery code, and a password that was hashed anew. `before` is the password's old hash. */
  async use(
    name: string,
    change: Partial<Pick<StoredAccount, "totpStep" | "recovery" | "password">>,
    before: string,
  ): Promise<StoredAccount> {
    const account = this.#change(name, change);
    await storeUse(this.#db, account, before);
    return account;
  }

  /** A person of an identity provider, at each sign-in: who they are is the subject, never a name or an address. */
  async provided(
    { subject, name, grants, address, now }: Vouched & { readonly now: number },
    store: Store,
  ): Promise<StoredAccount> {
    const known = this.bySubject(subject);
    if (known?.state === "disabled") throw new ServerError("FORBIDDEN", "this account was disabled: ask an admin");
    if (!known && this.#all.size >= maxAccounts) throw new ServerError("TOO_MANY", "there are too many accounts");
    const account: StoredAccount = {
      ...(known ?? { name: this.#freeName(name, subject), createdAt: now, createdBy: "provider" }),
      grants: [...grants],
      state: "active",
      by: "provider",
      totpStep: 0,
      recovery: [],
      subject,
      ...(address !== undefined && { address }),
    };
    await store(`signed in by the identity provider as ${grantsText(grants)}`, async (tx) => {
      if (!known) return addAccount(tx, account);
      await setGrants(tx, account.name, grants);
      if (address !== undefined) await setAddress(tx, account.name, address);
    });
    // What the provider does not say any more stays as it was: silence must not make two people of one.
    if (known) return this.#change(account.name, { grants: [...grants], ...(address !== undefined && { address }) });
    this.#all.set(account.name, account);
    return account;
  }

  async #invited(
    account: StoredAccount,
    { now }: Made,
    store: Store,
    text: string,
    put: (tx: Tx, it: StoredAccount) => Promise<void>,
  ): Promise<Invitation> {
    const token = newSecret();
    const it = {
      id: digestOf(token),
      account: account.name,
      totp: encrypt(newTotp(), this.#key),
      expiresAt: now + invitationMs,
    };
    await store(text, async (tx) => {
      await put(tx, account);
      await addInvitation(tx, it);
    });
    this.#forgetInvitations(account.name);
    this.#all.set(account.name, account);
    this.#invitations.set(it.id, it);
    // Behind `#`: no server and no proxy is sent it.
    return { account: shownAccount(account), path: `/invitation#${token}`, expiresAt: it.expiresAt };
  }

  #forgetInvitations(name: string): void {
    for (const [id, it] of this.#invitations) if (it.account === name) this.#invitations.delete(id);
  }

  /** A provider's people never have the name of one who signs in here. */
  #freeName(name: string, subject: string): string {
    const wanted = `sso:${name}`;
    return this.#all.has(wanted) ? `${wanted}:${digestOf(subject).slice(0, 8)}` : wanted;
  }

  #required(name: string, by?: "password"): StoredAccount {
    const found = this.#all.get(name);
    if (!found) throw new ServerError("NOT_FOUND", `there is no account ${name}`);
    if (by !== undefined && found.by !== by)
      throw new ServerError("CONFLICT", `an identity provider vouches for ${name}, and says what it may do`);
    return found;
  }

  #seen({ name }: StoredAccount, now: number): void {
    this.#change(name, { lastSeenAt: now });
    void accountSeen(this.#db, name, now).catch(() => undefined);
  }

  /** Changes these fields and no others: what else changed meanwhile stays. */
  #change(name: string, fields: Partial<StoredAccount>): StoredAccount {
    const account = { ...this.#required(name), ...fields };
    this.#all.set(name, account);
    return account;
  }
}

/** Whom an identity provider vouches for. */
interface Vouched {
  readonly subject: string;
  readonly name: string;
  readonly grants: readonly Grant[];
  /** One that the provider says it has verified. */
  readonly address?: string | undefined;
}

/** An account without its secrets. */
function shownAccount(it: StoredAccount): AccountRow {
  const { name, grants, state, by, address, createdAt, createdBy, lastSeenAt } = it;
  return {
    name,
    grants,
    state,
    by,
    ...(address !== undefined && { address }),
    createdAt,
    createdBy,
    ...(lastSeenAt !== undefined && { lastSeenAt }),
  };
}

function badInvitation(): ServerError {
  return new ServerError("BAD_LINK", "this invitation was used, replaced, or is older than a day: ask for another one");
}
