import assert from "node:assert/strict";
import { test } from "node:test";
import { mistakeText } from "./mistake.ts";
import { checkConfig } from "./read.ts";

const said = (text: string, environment?: Record<string, string>) =>
  checkConfig(text, "outweigh.yml", environment).mistakes.map(mistakeText).join("\n");

test("two connections of one name, or that reach the same place, are mistakes; a webhook of before counts", () => {
  const bucket = (name: string, buckets: string) => `  - { name: ${name}, kind: bucket, buckets: [${buckets}] }\n`;
  const hub = (name: string, it: string) =>
    `  - { name: ${name}, kind: huggingface, token: "\${T}", repositories: [${it}] }\n`;
  assert.equal(said(`connections:\n${bucket("a", "xx")}${bucket("b", "yy")}${hub("c", "acme/*")}`), "");
  assert.match(
    said(`connections:\n${bucket("a", "xx")}${bucket("b", "yy, XX")}`),
    /another connection reaches s3:\/\/xx already/,
  );
  assert.match(
    said(`connections:\n${hub("a", "acme/*")}${hub("b", "acme/a")}`),
    /another connection reaches hf:acme\/a already/,
  );
  const webhook = `policy: { webhooks: [{ name: a, url: "https://h.example" }] }\n`;
  assert.match(said(`${webhook}connections:\n${bucket("a", "xx")}`), /two connections named "a"/);
});

test("a variable that a connection names and that is not set is a mistake at its place", () => {
  const text = `connections:\n  - { name: a, kind: slack, url: "\${SLACK}" }\nserver: { metrics: { otlp: { url: "https://c:4318/v1/metrics", token: "\${OTLP}" } } }\n`;
  assert.match(said(text, {}), /SLACK is not set[\s\S]*OTLP is not set/);
  assert.equal(said(text, { SLACK: "https://h.example/x", OTLP: "t" }), "");
});

test("a variable that a cloud or the identity provider names and that is not set is a mistake too: a scan would ask nothing", () => {
  const text = `clouds:
  - { kind: iam, name: account, accessKeyId: "\${KEY}", secretAccessKey: "\${SECRET}" }
  - { kind: github, name: gh, token: "\${GH}" }
server:
  url: https://outweigh.example
  provider: { issuer: "https://login.example", clientId: o, clientSecret: "\${OIDC}", claim: groups, roles: [{ value: soc, role: viewer }] }
`;
  assert.match(
    said(text, { SECRET: "s" }),
    /clouds\[0\]\.accessKeyId: .*KEY is not set\n.*clouds\[1\]\.token: .*GH is not set\n.*clientSecret: .*OIDC is not set/,
  );
  assert.equal(said(text, { KEY: "k", SECRET: "s", GH: "t", OIDC: "o" }), "");
});
