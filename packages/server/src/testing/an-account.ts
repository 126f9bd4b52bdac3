// People of a test: invited, with a password and an authenticator, signed in.
import assert from "node:assert/strict";
import { accepted, invitation, invited, opened, sessionHeader, type Grant, type Invitation } from "@outweigh/schema";
import { Secret, TOTP } from "otpauth";
import { patiently, visitorWith, type Answer, type Visitor } from "./a-server.ts";

export const password = "correct horse battery";

/** The code that an authenticator with this secret shows now, or so many steps of 30 s later. */
export function codeOf(secret: string, later = 0): string {
  const totp = new TOTP({ secret: Secret.fromBase32(secret) });
  return totp.generate({ timestamp: Date.now() + later * 30_000 });
}

export interface Person extends Visitor {
  readonly name: string;
  /** Of the authenticator. */
  readonly secret: string;
  /** The code that the invitation was accepted with. */
  readonly usedCode: string;
  readonly recoveryCodes: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

/** Asks as somebody who is not signed in. */
export async function knock(
  url: string,
  path: string,
  body: unknown,
  cookie = "",
): Promise<Answer & { cookies: string[] }> {
  const answer = await patiently(url + path, {
    method: "POST",
    headers: { origin: url, "content-type": "application/json", ...(cookie !== "" && { cookie }) },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json(), cookies: answer.headers.getSetCookie() };
}

/** What the address of an invitation holds. */
export function tokenIn({ path }: Invitation): string {
  return path.slice(path.indexOf("#") + 1);
}

/** Invites somebody, and accepts in their name. */
export async function aPerson(url: string, admin: Visitor, name: string, grants: readonly Grant[]): Promise<Person> {
  const made = await admin.post("/api/accounts", { name, grants });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  return accept(url, tokenIn(invitation.parse(made.body)));
}

export async function accept(url: string, token: string): Promise<Person> {
  const { secret, name } = invited.parse((await knock(url, "/api/invitations/read", { token })).body);
  const usedCode = codeOf(secret);
  const body = { token, password, code: usedCode };
  const answer = await knock(url, "/api/invitations/accept", body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const { key, recoveryCodes } = accepted.parse(answer.body);
  const headers = headersOf(answer.cookies, key);
  return { name, secret, usedCode, recoveryCodes, headers, ...visitorWith(url, headers) };
}

/** Signs somebody in by name; the answer says whether it worked. */
export async function signInAs(url: string, body: object, cookie = "") {
  const answer = await knock(url, "/api/sign-in", body, cookie);
  if (answer.status !== 200) return { ...answer, visitor: undefined };
  const headers = headersOf(answer.cookies, opened.parse(answer.body).key);
  return { ...answer, visitor: visitorWith(url, headers) };
}

function headersOf(cookies: readonly string[], key: string): Record<string, string> {
  const cookie = cookies.map((it) => it.split(";")[0]).join("; ");
  return { cookie, [sessionHeader]: key };
}
