import assert from "node:assert/strict";
import { test } from "node:test";
import { whyOne } from "./one-person.ts";

const local = (name: string, address?: string) => ({
  name,
  by: "password" as const,
  ...(address !== undefined && { address }),
});
const provided = (name: string, address?: string) => ({
  name,
  by: "provider" as const,
  ...(address !== undefined && { address }),
});
const why = (a: ReturnType<typeof local | typeof provided>, b: typeof a) => whyOne(a, b, { a: a.name, b: b.name });

test("two invited people are two, and so are two subjects of a provider", () => {
  assert.equal(why(local("ana"), local("bo")), undefined);
  assert.equal(why(provided("sso:ana"), provided("sso:bo")), undefined);
  assert.equal(why(local("ana", "ana@acme.example"), provided("sso:bo", "bo@acme.example")), undefined);
});

test("one person with a password and a provider is one, however the address is written", () => {
  const same = /same address: they are one person/;
  assert.match(why(local("ana", "ana@acme.example"), provided("sso:ana", "ana@acme.example")) ?? "", same);
  assert.match(why(local("ana@acme.example"), provided("sso:x", "Ana@Acme.Example")) ?? "", same, "a name may be one");
  assert.match(why(local("ana", "ana+two@acme.example"), local("bo", "ana@acme.example")) ?? "", same);
  assert.match(why(provided("sso:ana", "a@b.example"), provided("sso:ana:2", "a@b.example")) ?? "", same);
});

test("not knowing is no second person", () => {
  assert.match(why(local("ana"), provided("sso:ana", "ana@acme.example")) ?? "", /nothing says the address of ana$/);
  assert.match(
    why(local("ana", "ana@acme.example"), provided("sso:ana")) ?? "",
    /nothing says the address of sso:ana$/,
  );
  assert.match(whyOne(local("ana"), undefined, { a: "ana", b: "root" }) ?? "", /no account any more/);
  assert.match(why(local("ana"), local("ana")) ?? "", /cannot agree to it as well/);
});
