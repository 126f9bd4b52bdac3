import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionEntry, includesAddress, referencesOf, touchedBy } from "./connection.ts";

const wrong = (it: object): string => {
  const read = connectionEntry.safeParse({ name: "it", ...it });
  assert.ok(!read.success, JSON.stringify(it));
  return read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
};
const token = "${TOKEN}";

test("a secret is the name of a variable, and is never sent in the clear to elsewhere", () => {
  const repositories = ["acme/a"];
  assert.match(wrong({ kind: "github", token: "ghp_abc", repositories }), /^token: expected \$\{NAME\}/);
  assert.match(wrong({ kind: "github", token, repositories, url: "http://git.acme.example" }), /url: expected https/);
  assert.match(
    wrong({ kind: "github", token, repositories, url: "https://u:p@git.acme.example" }),
    /url: expected no name/,
  );
  assert.match(wrong({ kind: "slack", url: "https://hooks.slack.com/services/T/B/x" }), /^url: expected \$\{NAME\}/);
  const mail = { kind: "mail", host: "mail.acme.example", from: "a@b.example", to: ["c@d.example"], user: "u" };
  assert.match(wrong({ ...mail, password: token, tls: "none" }), /expected starttls or implicit/);
  assert.match(wrong(mail), /expected both, or none/);
  assert.match(wrong({ kind: "webhook", url: "http://h.example", token }), /token: expected an https address/);
  assert.ok(connectionEntry.safeParse({ name: "it", kind: "webhook", url: "http://h.example" }).success);
  assert.ok(
    connectionEntry.safeParse({ name: "it", kind: "jira", url: "http://127.0.0.1:1", token, project: "SOC" }).success,
  );
});

test("what may be touched is named exactly: no path, no address that is not one", () => {
  for (const it of ["acme", "acme/..", "acme/a/b", "../a", "acme/a?x", "*/a"])
    assert.match(wrong({ kind: "huggingface", token, repositories: [it] }), /^repositories\.0: expected owner/);
  assert.match(wrong({ kind: "bucket", buckets: ["s3://a"] }), /^buckets\.0: /);
  const to = ["a@b.example\r\nBcc: x@y.example"];
  assert.match(wrong({ kind: "mail", host: "h.example", from: "a@b.example", to }), /^to\.0: /);
  assert.match(
    wrong({ kind: "ticket", url: "https://h.example", fields: { a: ["{token}"] } }),
    /expected in braces one of/,
  );
});

test("places and patterns are compared whole", () => {
  const github = connectionEntry.parse({ name: "it", kind: "github", token, repositories: ["Acme/A", "lab/*"] });
  assert.deepEqual(touchedBy(github), ["git:github.com/acme/a", "git:github.com/lab/*"]);
  assert.equal(includesAddress("git:github.com/lab/*", "git:github.com/lab/x"), true);
  for (const it of [
    "git:github.com/lab/x/y",
    "git:github.com/labs/x",
    "git:github.com/lab",
    "git:github.com/lab/..",
    "git:github.com/lab/",
  ])
    assert.equal(includesAddress("git:github.com/lab/*", it), false, it);
  assert.deepEqual(referencesOf(github), [{ field: "token", variable: "TOKEN" }]);
});
