// Signing in: by invitation, by name, by an identity provider; and everything that must not work.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  accountPage,
  evidencePage,
  invitation,
  providerEntry,
  session,
  sessionHeader,
  signInWays,
} from "@outweigh/schema";
import { ServerError } from "../error.ts";
import type { Running } from "../start.ts";
import { aFolder, aServer, signIn, visitorWith, type Visitor } from "../testing/a-server.ts";
import { accept, aPerson, codeOf, knock, password, signInAs, tokenIn } from "../testing/an-account.ts";
import { anIssuer, clientId, clientSecret, type Issuer } from "../testing/an-issuer.ts";
import { Delays } from "./delays.ts";
import { comparePassword, hashPassword, Lane } from "./passwords.ts";
import { Provider } from "./provider.ts";
import { decrypt, encrypt } from "./second-factor.ts";

const folder = aFolder("accounts");
let server: Running;
let operator: Visitor;
let issuer: Issuer;

before(async () => {
  issuer = await anIssuer();
  const provider = {
    name: "Acme SSO",
    issuer: issuer.url,
    clientId,
    clientSecret: "${OIDC_SECRET}",
    roles: [
      { value: "soc", role: "analyst" as const },
      { value: "soc-leads", role: "lead" as const },
    ],
  };
  const env = { OIDC_SECRET: clientSecret };
  server = await aServer(join(folder.path, "data"), { server: { provider } }, { env });
  operator = await signIn(server.openUrl);
});
after(async () => {
  await server.close();
  await issuer.close();
  folder.remove();
});

async function kinds(filter: string): Promise<string[]> {
  const { items } = evidencePage.parse((await operator.get(`/api/evidence?filter=${encodeURIComponent(filter)}`)).body);
  return items.map((it) => it.kind);
}

test("a person is invited, sets a password and an authenticator, and signs in by them", async () => {
  const ana = await aPerson(server.url, operator, "ana", [{ role: "lead" }]);
  const { user } = session.parse((await ana.get("/api/session")).body);
  assert.deepEqual([user.name, user.role, user.by], ["ana", "lead", "password"]);
  assert.equal(ana.recoveryCodes.length, 10);

  const name = "ana";
  // The code that accepted the invitation is used up: the next one is a step later.
  assert.equal((await signInAs(server.url, { name, password, code: ana.usedCode })).status, 401);
  const asked = await signInAs(server.url, { name, password });
  assert.deepEqual([asked.status, asked.body.error], [401, "CODE_NEEDED"]);
  const code = codeOf(ana.secret, 1);
  const { visitor, status, cookies } = await signInAs(server.url, { name, password, code });
  assert.equal(status, 200);
  assert.equal((await visitor?.get("/api/incidents"))?.status, 200);
  for (const it of cookies) assert.match(it, /HttpOnly/i);
  for (const it of cookies) assert.match(it, /SameSite=Strict/i);
  assert.equal((await signInAs(server.url, { name, password, code })).status, 401, "a code is good once");

  const [recovery = ""] = ana.recoveryCodes;
  assert.equal((await signInAs(server.url, { name, password, code: recovery.toUpperCase() })).status, 200);
  assert.equal(
    (await signInAs(server.url, { name, password, code: recovery })).status,
    401,
    "and so is a recovery code",
  );
  const about = await kinds("subject:account:ana");
  for (const kind of ["account-invited", "account-accepted", "sign-in-failed"]) assert.ok(about.includes(kind), kind);
});

test("an invitation is good once, for a day, and a newer one ends it", async () => {
  const made = await operator.post("/api/accounts", { name: "bo", grants: [{ role: "viewer" }] });
  const first = tokenIn(invitation.parse(made.body));
  const second = tokenIn(invitation.parse((await operator.post("/api/accounts/bo/reset", {})).body));
  assert.equal((await knock(server.url, "/api/invitations/read", { token: first })).status, 401);
  const short = { token: second, password: "short", code: "123456" };
  assert.equal((await knock(server.url, "/api/invitations/accept", short)).status, 400);
  const wrongCode = await knock(server.url, "/api/invitations/accept", { token: second, password, code: "000000" });
  assert.equal(wrongCode.body.error, "BAD_CODE");
  const bo = await accept(server.url, second);
  assert.equal((await knock(server.url, "/api/invitations/read", { token: second })).status, 401);

  // A reset ends the password and every session, before the new invitation is used.
  await operator.post("/api/accounts/bo/reset", {});
  assert.equal((await bo.get("/api/session")).status, 401);
  const old = await signInAs(server.url, { name: "bo", password, code: codeOf(bo.secret, 1) });
  assert.equal(old.body.error, "BAD_SIGN_IN");
  const { items } = accountPage.parse((await operator.get("/api/accounts")).body);
  assert.equal(items.find((it) => it.name === "bo")?.state, "invited");
  assert.doesNotMatch(JSON.stringify(items), /argon2|totp|recovery/);
  assert.equal((await operator.post("/api/accounts", { name: "bo", grants: [{ role: "admin" }] })).status, 409);
});

test("who is disabled while they accept an invitation stays out", async () => {
  const made = await operator.post("/api/accounts", { name: "di", grants: [{ role: "viewer" }] });
  const token = tokenIn(invitation.parse(made.body));
  const { body } = await knock(server.url, "/api/invitations/read", { token });
  const [late] = await Promise.all([
    knock(server.url, "/api/invitations/accept", { token, password, code: codeOf(body.secret) }),
    operator.post("/api/accounts/di/disable", {}),
  ]);
  const { items } = accountPage.parse((await operator.get("/api/accounts")).body);
  assert.equal(items.find((it) => it.name === "di")?.state, "disabled", JSON.stringify(late.body));
});

test("who signs out everywhere is out in every browser, and nobody else is", async () => {
  const cy = await aPerson(server.url, operator, "cy", [{ role: "viewer" }]);
  const { visitor } = await signInAs(server.url, { name: "cy", password, code: codeOf(cy.secret, 1) });
  assert.equal((await visitor?.post("/api/session/end-all", {}))?.status, 204);
  assert.equal((await cy.get("/api/session")).status, 401);
  assert.equal((await operator.get("/api/session")).status, 200);
});

test("names that exist and names that do not are answered alike, and made to wait alike", async (t) => {
  await aPerson(server.url, operator, "dee", [{ role: "viewer" }]);
  // All at once: each counts as failed as it comes; and on a slow machine no wait is over before it is looked at.
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const told = async (name: string) => {
    const tries = Array.from({ length: 6 }, async (): Promise<[number, string]> => {
      const wrong = { name, password: "wrong wrong wrong", code: "000000" };
      const { status, body } = await knock(server.url, "/api/sign-in", wrong);
      return [status, body.error];
    });
    return (await Promise.all(tries)).sort(([a], [b]) => a - b);
  };
  const [there, not] = [await told("dee"), await told("nobody-of-that-name")];
  assert.deepEqual(there, not);
  assert.deepEqual(there.at(0), [401, "BAD_SIGN_IN"]);
  assert.deepEqual(there.at(-1), [429, "TOO_MANY"]);
});

test("others' failures lock nobody out of a browser that was in before", async (t) => {
  const eli = await aPerson(server.url, operator, "eli", [{ role: "viewer" }]);
  const device = eli.headers["cookie"] ?? "";
  // On a slow machine the stranger's wait would be over.
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  for (let n = 0; n < 6; n++) await knock(server.url, "/api/sign-in", { name: "eli", password: "guess guess guess" });
  const good = { name: "eli", password, code: codeOf(eli.secret, 1) };
  assert.equal((await signInAs(server.url, good)).status, 429, "a stranger waits");
  assert.equal((await signInAs(server.url, good, device)).status, 200);
});

test("waits grow, end, and a flood of names pushes out nobody's", () => {
  const delays = new Delays((it) => it === "name:ana");
  const keys = ["name:ana"];
  const waits: number[] = [];
  let now = 0;
  for (let n = 0; n < 20; n++) {
    delays.count(keys, now);
    const until = delays.until(keys, now);
    waits.push(Math.max(0, until - now));
    now = Math.max(now, until);
  }
  assert.deepEqual(waits.slice(0, 7), [0, 0, 0, 0, 1000, 2000, 4000]);
  assert.equal(waits.at(-1), 15 * 60_000);
  delays.count(keys, now);
  for (let n = 0; n < 20_000; n++) delays.count([`name:x${n}`], now);
  assert.ok(delays.until(keys, now) > now);
  assert.equal(delays.until(keys, now + 3_600_000), 0);
});

test("a password is stored with what its hash cost, and hashed anew when that changes", async () => {
  const cheap = await hashPassword("a long enough one", { memory: 1024, passes: 1, lanes: 1 });
  assert.match(cheap, /^\$argon2id\$v=19\$m=1024,t=1,p=1\$/);
  assert.equal(await comparePassword("a long enough one", cheap), "stale");
  assert.equal(await comparePassword("another one", cheap), "wrong");
  assert.equal(await comparePassword("whatever", undefined), "wrong");
  const usual = await hashPassword("ﬁne password");
  assert.equal(await comparePassword("fine password", usual), "right", "however its characters are composed");
  await assert.rejects(comparePassword("x", "plain text"), { code: "INTERNAL" });
});

test("few hashes wait, and the others are told at once", async () => {
  const lane = new Lane(2);
  let finish = () => {};
  const slow = new Promise<void>((done) => (finish = done));
  const held = [lane.run(() => slow), lane.run(() => slow)];
  await assert.rejects(
    lane.run(async () => "more"),
    (it) => it instanceof ServerError && it.code === "BUSY",
  );
  finish();
  await Promise.all(held);
  assert.equal(await lane.run(async () => "again"), "again");
});

test("an authenticator's secret opens with its own key alone", () => {
  const [key, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  assert.equal(decrypt(encrypt("JBSWY3DP", key), key), "JBSWY3DP");
  assert.throws(() => decrypt(encrypt("JBSWY3DP", key), other));
});

/** A browser that goes to the provider and comes back: what the way back answers. */
async function provided(change: (back: URL) => void = () => {}, withState = true) {
  const go = await fetch(`${server.url}/api/sign-in/provider`, { redirect: "manual" });
  const [cookie = ""] = go.headers.getSetCookie();
  assert.match(cookie, /SameSite=Lax/i);
  const there = await fetch(go.headers.get("location") ?? "", { redirect: "manual" });
  const back = new URL(there.headers.get("location") ?? "");
  change(back);
  const headers = withState ? { cookie: cookie.split(";")[0] ?? "" } : {};
  const answer = await fetch(back, { redirect: "manual", headers });
  const text = await answer.text();
  const session = answer.headers.getSetCookie().find((it) => !it.includes("-state=")) ?? "";
  const asks = { cookie: session.split(";")[0] ?? "", [sessionHeader]: /content="([^"]+)"/.exec(text)?.[1] ?? "" };
  return { status: answer.status, text, back, cookie, asks };
}

test("an identity provider vouches for a person, and a claim gives the role", async () => {
  assert.deepEqual(signInWays.parse((await operator.get("/api/sign-in")).body), {
    password: true,
    provider: "Acme SSO",
  });
  const mail = { email: "Fay@Acme.example", email_verified: true };
  issuer.say({ sub: "u-1", preferred_username: "Fay@Acme.example", groups: ["staff", "soc-leads"], ...mail });
  const { status, text, asks } = await provided();
  assert.equal(status, 200, text);
  assert.match(text, /<meta name="key"/);
  const find = async () => accountPage.parse((await operator.get("/api/accounts")).body).items;
  const fay = (await find()).find((it) => it.name === "sso:fay@acme.example");
  assert.deepEqual([fay?.by, fay?.grants, fay?.address], ["provider", [{ role: "lead" }], "fay@acme.example"]);

  // Another subject of the same name is another person; a local account of that name is never linked.
  issuer.say({ sub: "u-2", preferred_username: "fay@acme.example", groups: "soc", ...mail, email_verified: false });
  assert.equal((await provided()).status, 200);
  const both = (await find()).filter((it) => it.name.startsWith("sso:fay@acme.example"));
  assert.deepEqual(
    both.map((it) => it.address),
    ["fay@acme.example", undefined],
    "an address that is not verified is none",
  );
  const said = { address: "Ana@Acme.example" };
  assert.equal((await operator.post("/api/accounts/sso:fay@acme.example/address", said)).status, 409);
  assert.equal((await operator.post("/api/accounts/ana/address", said)).body.address, "ana@acme.example");
  const { items } = (await operator.get("/api/evidence?filter=kind:account-provided")).body;
  const names = items.map((it: { subject?: string }) => it.subject);
  assert.equal(new Set(names).size, 2, "each is on record by their own name");
  issuer.say({ sub: "u-3", preferred_username: "ana", groups: ["soc"] });
  assert.equal((await provided()).status, 200);
  assert.deepEqual((await find()).find((it) => it.name === "ana")?.by, "password");

  issuer.say({ sub: "u-1", preferred_username: "fay@acme.example", groups: ["staff"] });
  const before = visitorWith(server.url, asks);
  assert.equal((await before.get("/api/session")).status, 200);
  assert.match((await provided()).text, /NO_ROLE/);
  assert.equal((await before.get("/api/session")).status, 401, "a role that is gone is gone in every browser");
  assert.equal((await operator.post("/api/accounts/sso:ana/disable", {})).status, 200);
  issuer.say({ sub: "u-3", preferred_username: "ana", groups: ["soc"] });
  assert.match((await provided()).text, /FORBIDDEN/);
});

test("what a provider says wrongly opens nothing", async () => {
  const person = { sub: "u-9", groups: ["soc-leads"] };
  const old = Math.floor(Date.now() / 1000) - 3600;
  for (const lies of [
    { claims: { nonce: "another" } },
    { claims: { aud: "another-client" } },
    { claims: { iss: "http://127.0.0.1:1" } },
    { claims: { exp: old, iat: old - 60 } },
    { claims: { sub: undefined } },
    { alg: "none" as const },
    { alg: "HS256" as const },
    { otherKey: true },
    { iss: "http://another.example" },
  ]) {
    issuer.say(person, lies);
    const { status, text } = await provided();
    assert.deepEqual([status, JSON.parse(text).error], [401, "BAD_SIGN_IN"], JSON.stringify(lies));
  }
});

test("the way back works once, in the browser that set out, with the state that it was given", async () => {
  issuer.say({ sub: "u-10", groups: ["soc"] });
  assert.equal((await provided(undefined, false)).status, 401, "another browser");
  assert.equal((await provided((back) => back.searchParams.set("state", "another"))).status, 401);
  assert.equal((await provided((back) => back.searchParams.set("code", "another"))).status, 401);
  assert.equal((await provided((back) => back.searchParams.delete("code"))).status, 401);
  const { back, cookie, status } = await provided();
  assert.equal(status, 200);
  const again = await fetch(back, { redirect: "manual", headers: { cookie: cookie.split(";")[0] ?? "" } });
  assert.equal(again.status, 401);
  assert.ok(issuer.refused.length > 0);
});

test("whoever sets out to the provider a thousand times ends nobody else's way", async () => {
  const entry = providerEntry.parse({
    name: "Acme SSO",
    issuer: issuer.url,
    clientId,
    clientSecret: "${OIDC_SECRET}",
    roles: [{ value: "soc", role: "analyst" }],
  });
  const it = new Provider(entry, { url: undefined, env: { OIDC_SECRET: clientSecret } });
  const own = "http://127.0.0.1:9";
  const mine = await it.begin(own, Date.now());
  for (let i = 0; i < 1500; i++) await it.begin(own, Date.now());
  issuer.say({ sub: "u-11", groups: ["soc"] });
  const there = await fetch(mine.to, { redirect: "manual" });
  const { search } = new URL(there.headers.get("location") ?? "");
  const away = { kept: mine.kept, own, now: Date.now() };
  await assert.rejects(it.finish(search, { ...away, now: Date.now() + 3_600_000 }), { code: "BAD_SIGN_IN" });
  await assert.rejects(it.finish(search, { ...away, kept: `${mine.kept.slice(0, -8)}AAAAAAA=` }), {
    code: "BAD_SIGN_IN",
  });
  assert.match((await it.finish(search, away)).subject, /u-11/);
});

test("a flood of bad tokens and of strangers' sign-ins leaves the watcher an answer", async () => {
  const bad = { authorization: "Bearer 0123456789012345678901" };
  const knocks = Array.from({ length: 400 }, (_, i) =>
    i % 100 === 0
      ? knock(server.url, "/api/sign-in", { name: `n${i}`, password: "guess guess guess" }).then((it) => it.status)
      : fetch(`${server.url}/api/incidents`, { headers: bad }).then((it) => it.status),
  );
  const watched = await fetch(`${server.url}/healthz`);
  assert.equal(watched.status, 200);
  const statuses = new Set(await Promise.all(knocks));
  assert.ok(
    [...statuses].every((it) => [401, 429, 503].includes(it)),
    [...statuses].join(),
  );
});
