import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "@outweigh/evidence";
import { secondPerson } from "./second-person.ts";

const day = 86_400_000;
const proposed = { at: 100 * day, by: "mallory" };
const entry = (kind: string, time: number, by = "mallory", text = ""): Entry => ({
  seq: 1,
  time,
  kind,
  by: { salt: "00".repeat(16), value: by },
  fields: { text: { salt: "00".repeat(16), value: text } },
  prev: "",
  hash: "",
});

test("an account that was made, reset or given other roles after the proposal is nobody's agreement", () => {
  for (const kind of ["account-invited", "account-reset", "account-accepted", "account-grants", "account-address"]) {
    const { changed } = secondPerson([entry("account-invited", day), entry(kind, proposed.at)], proposed);
    assert.match(changed ?? "", /^the account that agrees .* after this was proposed/, kind);
  }
  const reset = secondPerson([entry("account-reset", proposed.at + 1)], proposed);
  assert.match(reset.changed ?? "", /was made anew after this was proposed by mallory/);
});

test("one that was changed in the week before counts, and it is said by whom", () => {
  const entries = [entry("account-invited", 99 * day), entry("account-accepted", 99.5 * day, "sock")];
  assert.deepEqual(secondPerson(entries, proposed), {
    young: "the account that agrees was made by mallory 24 h before this was proposed",
  });
  // Of several, what the one that proposes did: that is whom it serves.
  const later = [...entries, entry("account-grants", 99.9 * day, "root")];
  assert.match(secondPerson(later, proposed).young ?? "", /by mallory/);
});

test("an old account is an account, and other entries about it say nothing", () => {
  const entries = [
    entry("account-invited", day),
    entry("account-accepted", 2 * day),
    entry("signed-in", proposed.at + 1),
  ];
  assert.deepEqual(secondPerson(entries, proposed), {});
  assert.deepEqual(secondPerson([], proposed), {});
});

test("an account that the identity provider made, or gave other roles, after the proposal is nobody's agreement either", () => {
  const signedIn = (time: number, text: string) => entry("account-provided", time, "sock", text);
  const first = secondPerson([signedIn(proposed.at + 1, "as viewer")], proposed);
  assert.equal(first.changed, "the account that agrees was made by the identity provider after this was proposed");
  const raised = secondPerson([signedIn(day, "as viewer"), signedIn(proposed.at + 1, "as lead")], proposed);
  assert.match(raised.changed ?? "", /was given other roles by the identity provider after/);
  // Whoever signs in as ever changes nothing.
  assert.deepEqual(secondPerson([signedIn(day, "as lead"), signedIn(proposed.at + 1, "as lead")], proposed), {});
});
