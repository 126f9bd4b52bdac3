// People and programs that may ask: who they are, what they may do, and how they sign in.
import { z } from "zod";

const time = z.int().nonnegative();

/** What somebody may do, rising: each may do all that the one before may. */
export const roles = ["viewer", "analyst", "lead", "admin"] as const;
export const role = z.enum(roles);
export type Role = z.infer<typeof role>;

/** Whether one role includes another. */
export function includesRole(has: Role, needed: Role): boolean {
  return roles.indexOf(has) >= roles.indexOf(needed);
}

/** A name of a space, as `outweigh.yml` gives it. */
export const spaceName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "expected lower-case letters, digits, dots, dashes");

/** A role, in one space or, without one, everywhere. */
export const grant = z.strictObject({ role, space: spaceName.optional() });
export type Grant = z.infer<typeof grant>;

/** "lead", or "analyst in vision, viewer in audio". */
export function grantsText(grants: readonly Grant[]): string {
  return grants.map((it) => (it.space === undefined ? it.role : `${it.role} in ${it.space}`)).join(", ");
}

/** Most grants of one account: one for each space of a large organisation. */
const grants = z.array(grant).min(1).max(64);

/** What a person signs in as; `:` is left out, for names of tokens and of an identity provider hold one. */
export const accountName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._@-]{0,63}$/, "expected lower-case letters, digits and ._@-, at most 64");

export const accountRow = z.object({
  name: z.string(),
  grants: z.array(grant),
  /** `invited`: the link is not used yet; `disabled`: signs in no more. */
  state: z.enum(["invited", "active", "disabled"]),
  /** Who vouches for the person at sign-in: a password and a code here, or an identity provider. */
  by: z.enum(["password", "provider"]),
  /** By it, two accounts are known to be of one person: a provider vouches for it, or an admin gave it. */
  address: z.string().optional(),
  createdAt: time,
  createdBy: z.string(),
  /** To about a minute. */
  lastSeenAt: time.optional(),
});
export type AccountRow = z.infer<typeof accountRow>;
export const accountPage = z.object({
  items: z.array(accountRow),
  total: z.int(),
  /** The spaces that there are, with their models. */
  spaces: z.array(z.object({ name: z.string(), models: z.array(z.string()) })),
});
export type AccountPage = z.infer<typeof accountPage>;

/** An e-mail address, as it is compared: small letters. */
export const personAddress = z
  .string()
  .trim()
  .max(254)
  .regex(/^[^\s@<>,;:"()[\]\\]+@[^\s@]+$/, "expected an e-mail address")
  .transform((it) => it.toLowerCase());

export const accountBody = z.strictObject({ name: accountName, grants, address: personAddress.optional() });
export const addressBody = z.strictObject({ address: personAddress });
export const grantsBody = z.strictObject({ grants });

/** An invitation: its address signs one person up, once. */
export const invitation = z.object({ account: accountRow, path: z.string(), expiresAt: time });
export type Invitation = z.infer<typeof invitation>;

const secret = z.string().min(1).max(200);
export const invitationBody = z.strictObject({ token: secret });
/** What an invited person needs to see: who they will be, and what their authenticator wants to know. */
export const invited = z.object({ name: z.string(), grants: z.array(grant), secret: z.string(), uri: z.string() });
export type Invited = z.infer<typeof invited>;

/** Shortest password: with a second factor, NIST SP 800-63B asks for eight; we ask for what a passphrase has anyway. */
export const minPassword = 12;
/** Longest one, in characters: hashing takes as long for it as for a short one, reading it must too. */
const maxPassword = 256;
/** Six digits of an authenticator, or one of the recovery codes. */
export const code = z.string().trim().min(6).max(32);

export const acceptBody = z.strictObject({
  token: secret,
  password: z.string().min(minPassword).max(maxPassword),
  code,
});
/** The key of the new session, and the codes that each sign in once without an authenticator. They are told once. */
export const accepted = z.object({ key: z.string(), recoveryCodes: z.array(z.string()) });
export type Accepted = z.infer<typeof accepted>;

export const signInBody = z.strictObject({
  name: z.string().min(1).max(64),
  password: z.string().min(1).max(maxPassword),
  code: code.optional(),
});

/** How a browser can sign in here. */
export const signInWays = z.object({
  /** There are accounts: a name, a password and a code. */
  password: z.boolean(),
  /** What the identity provider is called; none: there is none. */
  provider: z.string().optional(),
});
export type SignInWays = z.infer<typeof signInWays>;
