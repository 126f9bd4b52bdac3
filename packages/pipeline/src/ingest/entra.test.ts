import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { eventsOf, onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { noSamples, samples } from "../testing/recordings.ts";
import { entra } from "./entra.ts";

/** In the shape of Microsoft's documented sign-in; written by us. */
const signIn = (over: object = {}) => ({
  id: "66ea-1",
  createdDateTime: "2026-11-24T09:00:00Z",
  userPrincipalName: "Ana@acme.example",
  ipAddress: "203.0.113.77",
  userAgent: "Mozilla/5.0",
  status: { errorCode: 0 },
  appDisplayName: "Azure Storage",
  resourceDisplayName: "Azure Storage",
  riskLevelDuringSignIn: "none",
  deviceDetail: { deviceId: "" },
  location: { city: "Berlin", countryOrRegion: "DE", geoCoordinates: { latitude: 52.5, longitude: 13.4 } },
  ...over,
});
const exported = (over: object = {}) => ({
  time: "2026-11-24T09:00:00Z",
  category: "SignInLogs",
  callerIpAddress: "203.0.113.77",
  properties: signIn(over),
});

test("a sign-in names person, place and what was signed in to, exported or from Graph", () => {
  for (const record of [exported(), signIn()]) {
    const it = onlyEvent(entra, record);
    assert.deepEqual([it.principal, it.operation, it.status_id], ["ana@acme.example", "logon", 1]);
    assert.deepEqual([it.service, Object(it.unmapped).country], [{ name: "Azure Storage" }, "DE"]);
  }
  assert.equal(onlyEvent(entra, exported()).id, onlyEvent(entra, signIn()).id);
});

test("denied prompts, wrong passwords and high risk are told apart", () => {
  const of = (errorCode: number, risk = "none") => {
    const it = onlyEvent(entra, signIn({ status: { errorCode }, riskLevelDuringSignIn: risk }));
    return [it.operation, it.status_id];
  };
  assert.deepEqual(of(500121), ["mfa-refuse", 2]);
  assert.deepEqual(of(50126), ["logon", 2]);
  assert.deepEqual(of(0, "high"), ["threat", 1]);
});

test("audit entries say whose factor, key or role was changed", () => {
  const audit = (activityDisplayName: string, over: object = {}) =>
    onlyEvent(entra, {
      category: "AuditLogs",
      properties: {
        activityDisplayName,
        activityDateTime: "2026-11-24T09:00:00Z",
        result: "success",
        initiatedBy: { user: { userPrincipalName: "admin@acme.example", ipAddress: "203.0.113.1" } },
        targetResources: [{ type: "User", userPrincipalName: "ana@acme.example", displayName: "Ana" }],
        ...over,
      },
    });
  const removed = audit("Admin deleted security info");
  assert.deepEqual(
    [removed.operation, removed.principal, Object(removed.unmapped).subject],
    ["mfa-change", "admin@acme.example", "ana@acme.example"],
  );
  assert.equal(audit("User registered security info").activity_id, 10);
  assert.equal(audit("Reset user password").operation, "password-change");
  assert.equal(audit("Add service principal credentials").operation, "create-key");
  assert.deepEqual([audit("Disable account").operation, audit("Delete user").activity_id], ["offboard", 6]);
  assert.equal(audit("Enable account").operation, "reinstate");
  assert.equal(audit("Add member to role").class_uid, 3005);
  assert.equal(audit("Add member to group").class_uid, 3006);
  assert.equal(audit("Update policy", { result: "failure" }).status_id, 2);
});

test("an application's own sign-in is the application's", () => {
  const it = onlyEvent(entra, {
    properties: { createdDateTime: "2026-11-24T09:00:00Z", servicePrincipalId: "sp-1", servicePrincipalName: "train" },
  });
  assert.equal(it.principal, "train");
});

test("batches are unwrapped, and what is wrong is named", () => {
  assert.equal(eventsOf(entra, { records: [exported(), exported({ id: "2" })] }).length, 2);
  assert.equal(eventsOf(entra, { value: [signIn()] }).length, 1);
  assert.match(whyNot(entra, signIn({ createdDateTime: "x" })), /^createdDateTime: not a time/);
  assert.match(whyNot(entra, { a: 1 }), /neither a sign-in/);
  fc.assert(
    fc.property(fc.jsonValue(), (it) => {
      const over = { status: it, location: it, deviceDetail: it, targetResources: it, initiatedBy: it };
      return typeof readWith(entra, signIn(over)).ok === "boolean";
    }),
  );
});

test("hand-shaped records of others are events, or say why not", { skip: noSamples }, () => {
  const rows = readFileSync(join(samples, "panther/Azure.Audit.ndjson"), "utf8").trim().split("\n");
  const answers = rows.map((it) => readWith(entra, JSON.parse(it).log));
  assert.ok(answers.filter((it) => it.ok && it.events.length > 0).length > rows.length / 2);
  assert.deepEqual(
    answers.filter((it) => !it.ok && !it.reason.startsWith("createdDateTime: ")),
    [],
  );
});
