import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { keycloak } from "./keycloak.ts";

/** In the shape of Keycloak's EventRepresentation; written by us. */
const event = (over: object = {}) => ({
  id: "1c0e",
  time: 1795426320250,
  type: "LOGIN",
  realmId: "acme",
  clientId: "mlflow",
  userId: "7f3a",
  sessionId: "s-1",
  ipAddress: "203.0.113.77",
  details: { username: "Ana@acme.example" },
  ...over,
});

test("a sign-in names person, client and session; a failed one says why", () => {
  const it = onlyEvent(keycloak, event());
  assert.deepEqual(
    [it.principal, it.operation, it.status_id, it.service],
    ["ana@acme.example", "logon", 1, { name: "mlflow" }],
  );
  const failed = onlyEvent(keycloak, event({ type: "LOGIN_ERROR", error: "invalid_user_credentials" }));
  assert.deepEqual(
    [failed.operation, failed.status_id, Object(failed.unmapped).reason],
    ["logon", 2, "invalid_user_credentials"],
  );
});

test("a changed factor and a changed password are told apart", () => {
  const of = (type: string, credential = "otp") =>
    onlyEvent(keycloak, event({ type, details: { username: "ana", credential_type: credential } })).operation;
  assert.deepEqual(
    [of("REMOVE_TOTP"), of("UPDATE_CREDENTIAL"), of("UPDATE_CREDENTIAL", "password")],
    ["mfa-change", "mfa-change", "password-change"],
  );
  assert.deepEqual([of("LOGOUT"), of("REGISTER"), of("VERIFY_EMAIL")], ["logoff", "request", "request"]);
});

test("a client of its own acts as the client, and what is wrong is named", () => {
  assert.equal(
    onlyEvent(keycloak, event({ type: "CLIENT_LOGIN", userId: null, details: {} })).principal,
    "client:mlflow",
  );
  assert.match(whyNot(keycloak, event({ time: "x" })), /^time: not a time/);
  assert.match(whyNot(keycloak, event({ type: 3 })), /^type: /);
  fc.assert(fc.property(fc.jsonValue(), (it) => typeof readWith(keycloak, event({ details: it })).ok === "boolean"));
});
