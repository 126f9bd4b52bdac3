import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { eventsOf, onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { noSamples, samples } from "../testing/recordings.ts";
import { okta } from "./okta.ts";

/** In the shape of Okta's documented LogEvent; written by us. */
const logEvent = (over: object = {}) => ({
  uuid: "d1c2-1",
  published: "2026-11-24T09:00:00.015Z",
  eventType: "user.session.start",
  outcome: { result: "SUCCESS" },
  actor: { id: "00u1", type: "User", alternateId: "Ana@acme.example" },
  client: {
    ipAddress: "203.0.113.77",
    userAgent: { rawUserAgent: "Mozilla/5.0" },
    zone: "null",
    geographicalContext: { country: "Germany", city: "Berlin", geolocation: { lat: 52.5, lon: 13.4 } },
  },
  authenticationContext: { externalSessionId: "s-1" },
  debugContext: { debugData: { behaviors: "{New Device=POSITIVE, New Country=NEGATIVE}", threatSuspected: "false" } },
  target: [],
  ...over,
});

test("a sign-in names person, place, device and session", () => {
  const it = onlyEvent(okta, logEvent());
  assert.deepEqual([it.principal, it.operation, it.status_id, it.class_uid], ["ana@acme.example", "logon", 1, 3002]);
  assert.deepEqual(it.src_endpoint, {
    ip: "203.0.113.77",
    location: { country: "Germany", city: "Berlin", lat: 52.5, long: 13.4 },
  });
  assert.deepEqual(Object(it.actor).session, { uid: "s-1" });
  const { new_device: device, new_place: place, session, latitude } = Object(it.unmapped);
  assert.deepEqual([device, place, session, latitude], [true, undefined, "s-1", 52.5]);
});

test("a reset of somebody's factors is about them, whoever did it", () => {
  const target = [{ type: "User", alternateId: "ben@acme.example" }];
  const it = onlyEvent(okta, logEvent({ eventType: "user.mfa.factor.reset_all", target }));
  assert.deepEqual(
    [it.operation, it.principal, Object(it.unmapped).subject],
    ["mfa-change", "ana@acme.example", "ben@acme.example"],
  );
  assert.deepEqual([it.class_uid, it.activity_id, it.user], [3001, 11, { uid: "ben@acme.example" }]);
});

test("every kind of event has the objects that its class demands", () => {
  const kinds = {
    "user.session.end": "logoff",
    "user.authentication.sso": "logon",
    "user.mfa.okta_verify.deny_push": "mfa-refuse",
    "user.mfa.factor.activate": "mfa-change",
    "user.account.reset_password": "password-change",
    "user.account.privilege.grant": "grant",
    "group.user_membership.add": "request",
    "system.api_token.create": "create-key",
    "security.threat.detected": "threat",
    "user.account.lock": "request",
    "policy.rule.update": "request",
  };
  for (const [eventType, operation] of Object.entries(kinds)) {
    assert.equal(onlyEvent(okta, logEvent({ eventType })).operation, operation, eventType);
  }
  const outcome = { result: "FAILURE", reason: "User rejected Okta push verify: REJECTED" };
  const refused = onlyEvent(okta, logEvent({ eventType: "user.authentication.auth_via_mfa", outcome }));
  assert.deepEqual([refused.operation, refused.status_id], ["mfa-refuse", 2]);
});

test("an account that is closed is its owner's, not the administrator's who closed it", () => {
  const target = [{ type: "User", alternateId: "ana@acme.example" }];
  const closed = onlyEvent(okta, logEvent({ eventType: "user.lifecycle.deactivate", target }));
  assert.deepEqual(
    [closed.operation, (closed.unmapped as { subject: string }).subject],
    ["offboard", "ana@acme.example"],
  );
  assert.equal(onlyEvent(okta, logEvent({ eventType: "user.lifecycle.reactivate", target })).operation, "reinstate");
});

test("event hooks and streams are unwrapped", () => {
  const hook = { eventType: "com.okta.event_hook", data: { events: [logEvent(), logEvent({ uuid: "2" })] } };
  assert.equal(eventsOf(okta, hook).length, 2);
  assert.equal(eventsOf(okta, { "detail-type": "SystemLog", detail: logEvent() }).length, 1);
});

test("what is wrong is named, and no JSON breaks it", () => {
  assert.match(whyNot(okta, logEvent({ published: "redacted" })), /^published: not a time: "redacted"/);
  assert.match(whyNot(okta, logEvent({ eventType: 7 })), /^eventType: /);
  assert.equal(
    onlyEvent(okta, logEvent({ actor: { alternateId: "anonymous@acme.example" } })).principal,
    "user:anonymous@acme.example",
  );
  fc.assert(
    fc.property(fc.jsonValue(), (it) => {
      const over = { actor: it, client: it, target: it, debugContext: it, outcome: it, securityContext: it };
      return typeof readWith(okta, logEvent(over)).ok === "boolean";
    }),
  );
});

test("hand-shaped records of others are events, or rejects that name a field", { skip: noSamples }, () => {
  const rows = readFileSync(join(samples, "panther/Okta.SystemLog.ndjson"), "utf8").trim().split("\n");
  const answers = rows.map((it) => readWith(okta, JSON.parse(it).log));
  assert.ok(answers.some((it) => it.ok));
  assert.deepEqual(
    answers.filter((it) => !it.ok && !/^(published|eventType|uuid): /.test(it.reason)),
    [],
  );
});
