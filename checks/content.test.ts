// Holds the content to what it promises: every rule is proven, explained and honest about what it misses.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { detectors, Line, makeRegister, prove, readPlaybook, readPolicy, sources } from "@outweigh/pipeline";
import { methods, technique } from "@outweigh/schema";

const root = join(import.meta.dirname, "..");
const content = join(root, "content");
const rules = readdirSync(join(content, "rules"), { recursive: true, encoding: "utf8" })
  .filter((it) => it.endsWith(".yml") && !it.endsWith(".test.yml"))
  .map((file) => ({
    file: join(content, "rules", file),
    stem: basename(file, ".yml"),
    text: readFileSync(join(content, "rules", file), "utf8"),
  }));
const playbooks = readdirSync(join(content, "playbooks")).map((it) => basename(it, ".md"));

/** A register in which every placeholder has a value. */
const register = makeRegister([
  {
    name: "acme-13b",
    class: "private",
    places: ["s3://acme-models/acme-13b/", "oci:models/acme-13b"],
    readers: ["svc-deploy"],
  },
]);
const line = new Line({ register, rules: rules.map((it) => it.text) });
const infos = new Map(line.rules().map((it) => [it.id, it]));

test("there are rules, and all of them load together", () => {
  assert.ok(rules.length >= 20);
  assert.deepEqual(line.refused(), []);
});

for (const { file, stem, text } of rules) {
  const documents = parseAllDocuments(text).map((it) => it.toJS());
  const info = infos.get(stem);

  test(`${stem}: is named like its file, and says what it means, misses and mistakes`, () => {
    assert.ok(info, "no document of the file is named like it");
    assert.equal(new Set(documents.map((it) => it.id)).size, documents.length);
    assert.ok(info.blindspots.length > 0 && info.falsepositives.length > 0);
    assert.ok(["experimental", "test", "stable"].includes(info.status));
    assert.ok(documents.every((it) => typeof it.description === "string" && it.description.length > 20));
    assert.equal(info.level === "informational", false);
  });

  test(`${stem}: its tags have the form of ATT&CK and ATLAS`, () => {
    assert.ok(info && info.techniques.length > 0);
    assert.deepEqual(
      info.techniques.filter((it) => !technique.safeParse(it).success),
      [],
    );
    const form = /^(attack\.(t\d{4}(\.\d{3})?|[a-z-]+)|atlas\.aml\.t\d{4}(\.\d{3})?)$/;
    assert.deepEqual(
      documents.flatMap((it) => it.tags ?? []).filter((it) => !form.test(it)),
      [],
    );
  });

  test(`${stem}: fires on the attack, and is silent on clean traffic and on what only looks like it`, () => {
    const proof = file.replace(/\.yml$/, ".test.yml");
    assert.ok(existsSync(proof), "no proof beside it");
    const cases = prove(stem, text, readFileSync(proof, "utf8"));
    assert.deepEqual(
      cases.filter((it) => !it.passed),
      [],
    );
    assert.deepEqual([...new Set(cases.map((it) => it.kind))].sort(), ["attack", "clean", "twin"]);
  });
}

test("every rule names only logsources that content/logsources.yml describes, and these name sources that exist", () => {
  const known: { logsource: object; from: string[] }[] = parse(readFileSync(join(content, "logsources.yml"), "utf8"));
  const keys = new Set(known.map((it) => JSON.stringify(Object.entries(it.logsource).sort())));
  const named = rules.flatMap(({ text }) => parseAllDocuments(text).map((it) => it.toJS().logsource ?? undefined));
  const unknown = named.filter((it) => it !== undefined && !keys.has(JSON.stringify(Object.entries(it).sort())));
  assert.deepEqual(unknown, []);
  const kinds: string[] = sources.map((it) => it.id);
  assert.deepEqual(
    known.flatMap((it) => it.from).filter((it) => !kinds.includes(it)),
    [],
  );
});

test("every detector is named like its file, and has blind spots, techniques and a playbook", () => {
  const files = readdirSync(join(root, "packages", "pipeline", "src", "detect"));
  for (const it of detectors) {
    assert.ok(files.includes(`${it.id}.ts`) && files.includes(`${it.id}.test.ts`), `${it.id} has no file or no test`);
    assert.ok(it.blindspots.length > 0, `${it.id} has no blind spots`);
    assert.deepEqual(
      it.techniques.filter((id) => !technique.safeParse(id).success),
      [],
    );
    assert.ok(playbooks.includes(it.playbook), `${it.id} names no playbook`);
  }
});

test("every playbook has the four headings, and every rule's playbook exists", () => {
  for (const id of playbooks) readPlaybook(id, readFileSync(join(content, "playbooks", `${id}.md`), "utf8"));
  assert.deepEqual(
    line.rules().filter((it) => !playbooks.includes(it.playbook)),
    [],
  );
});

test("every playbook is used", () => {
  // The last two are named by the line itself: for a failed detection, and for a rule that names no page.
  const used = new Set([...line.rules().map((it) => it.playbook), "detector-failed", "unexplained"]);
  assert.deepEqual(
    playbooks.filter((it) => !used.has(it)),
    [],
  );
});

test("the policy can be read, and names only rules that exist", () => {
  const { entries } = readPolicy(readFileSync(join(content, "policy.yml"), "utf8"));
  assert.ok(entries.length > 0);
  const named = entries.flatMap((it) => (it.when.rule === undefined ? [] : [it.when.rule].flat()));
  assert.deepEqual(
    named.filter((it) => !infos.has(it)),
    [],
  );
});

for (const method of methods) {
  test(`${method}: a page says how the theft looks, what sees it and what does not`, () => {
    const text = readFileSync(join(root, "docs", "threats", `${method}.md`), "utf8");
    assert.deepEqual(
      [...text.matchAll(/^## (.+)$/gm)].map(([, it]) => it),
      ["How it looks", "What sees it", "What does not"],
    );
    const named = [...text.matchAll(/`([a-z0-9_-]+)`/g)].map(([, it = ""]) => it).filter((it) => /[_-]/.test(it));
    assert.deepEqual(
      named.filter((it) => !infos.has(it)),
      [],
      "a rule or detector that does not exist",
    );
  });
}

for (const { id } of sources) {
  test(`${id}: a page says how to switch it on and what it cannot see`, () => {
    const text = readFileSync(join(root, "docs", "guide", "sources", `${id}.md`), "utf8");
    assert.match(text, /^## Switch it on$/m);
    assert.match(text, /^## What it cannot see$/m);
  });
}
