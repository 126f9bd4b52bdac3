import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mistakeText } from "./mistake.ts";
import { checkConfig } from "./read.ts";

const good = "models:\n  - name: acme-13b\n    class: private\n    places: [s3://acme/m/]\n";
const said = (text: string) => checkConfig(text, "f.yml").mistakes.map(mistakeText);

test("an empty file is good: all has defaults", () => {
  assert.equal(checkConfig("", "f.yml").config?.server.port, 7700);
  assert.equal(checkConfig(good, "f.yml").config?.models[0]?.name, "acme-13b");
});

test("all mistakes are told at once, each with line, column and path", () => {
  const text = 'models:\n  - name: "acme 13b"\n    class: secret\n    places: ["nfs:x"]\nsources:\n  - name: UP\n';
  assert.deepEqual(
    said(text).map((it) => it.split(": ").slice(0, 2).join(" ")),
    [
      "f.yml:2:11 models[0].name",
      "f.yml:3:12 models[0].class",
      "f.yml:4:14 models[0].places[0]",
      "f.yml:6:11 sources[0].name",
    ],
  );
});

test("an unknown key is told at the key, a missing one at what should hold it", () => {
  assert.deepEqual(said("server:\n  prot: 1\n"), ["f.yml:2:3: server.prot: there is no such key"]);
  assert.match(said("models:\n  - name: a\n    class: base\n")[0] ?? "", /^f\.yml:2:5: models\[0\]\.places: /);
});

test("a kind that is none is told with those there are", () => {
  const [line = ""] = said("connections: [{ name: pager, kind: webhok, url: 'https://h.example/' }]");
  assert.match(line, /^f\.yml:1:\d+: connections\[0\]\.kind: invalid option: expected one of .*'webhook'/);
});

test("what does not read as YAML is told where", () => {
  assert.match(said("models: [\n")[0] ?? "", /^f\.yml:\d+:\d+: /);
  assert.match(said("a: 1\na: 2\n")[0] ?? "", /unique/);
});

test("one name is one thing, one place belongs to one model", () => {
  const two = `${good}  - name: acme-13b\n    class: base\n    places: [s3://acme/m]\n`;
  assert.deepEqual(said(two), [
    'f.yml:5:11: models[1].name: there are two models named "acme-13b"',
    'f.yml:7:14: models[1].places[0]: the place "s3://acme/m" is declared twice: whose reads are those?',
  ]);
});

test("a secret in the file is refused and not repeated", () => {
  const token = `hf_${"a".repeat(34)}`;
  const [line = ""] = said(
    `policy:\n  webhooks:\n    - { name: x, url: "https://u:hunter2@h.example/" }\nsources: [{ name: s, paths: ["${token}"] }]\n`,
  );
  assert.match(line, /^f\.yml:3:\d+: this looks like a password in an address/);
  assert.doesNotMatch(said(`server: { data: "${token}" }`).join(), new RegExp(token));
  assert.match(
    said("policy: { webhooks: [{ name: x, url: 'https://h.example/', token: s3cr3t }] }")[0] ?? "",
    /expected \$\{NAME\}/,
  );
});

test("what would not end in memory or stack is refused", () => {
  assert.match(said("[".repeat(5000))[0] ?? "", /nested/);
  const bomb = [
    "a: &a [x, x, x, x, x, x, x, x, x]",
    ..."bcdefgh".split("").map((it, i) => `${it}: &${it} [${Array(9).fill(`*${"abcdefgh"[i]}`).join(", ")}]`),
  ].join("\n");
  assert.match(said(bomb)[0] ?? "", /[Aa]lias/);
});

test("any text is a configuration or has mistakes", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const { config, mistakes } = checkConfig(text, "f.yml");
      assert.equal(config === undefined, mistakes.length > 0);
    }),
  );
});

test("a variable that the gateway names and that is not set is a mistake where somebody asks", () => {
  const text =
    'gateway:\n  upstreams:\n    - { name: a, protocol: vllm, url: "http://127.0.0.1:1", credential: "${ACME_KEY}" }\n';
  assert.deepEqual(checkConfig(text, "f.yml").mistakes, []);
  assert.deepEqual(checkConfig(text, "f.yml", { ACME_KEY: "x" }).mistakes, []);
  assert.deepEqual(checkConfig(text, "f.yml", {}).mistakes.map(mistakeText), [
    "f.yml:3:73: gateway.upstreams[0].credential: the variable ACME_KEY is not set",
  ]);
});
