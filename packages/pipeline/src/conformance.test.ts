// Every event of every source is a valid event of OCSF 1.8.0, by OCSF's own schema.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { detectKind, sourceOf, sources } from "./ingest/sources.ts";
import { anEvent } from "./testing/nouns.ts";
import { ocsfProblems } from "./testing/ocsf-schema.ts";
import { noSamples, recording, replay, samples } from "./testing/recordings.ts";

const content = join(import.meta.dirname, "..", "..", "..", "content", "rules");
const around = { trusts: () => false };

/** Problems of all events, each once, with how often it came. */
function problemsOf(events: readonly Parameters<typeof ocsfProblems>[0][]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const it of events) for (const problem of ocsfProblems(it)) found[problem] = (found[problem] ?? 0) + 1;
  return found;
}

test("what is missing, unknown, misplaced or of another type is a problem, at every depth", () => {
  const event = anEvent({ actor: { user: { name: "eve" } }, file: { name: "f", type_id: 1 } });
  const problems = (over: object) => ocsfProblems({ ...event, ...over });
  assert.deepEqual(problems({}), []);
  assert.deepEqual(problems({ file: { name: "f" } }), ["class 6006 file has no type_id"]);
  assert.equal(problems({ actor: {} }).length, 1);
  assert.deepEqual(problems({ colour: "red" }), ["class 6006 has no attribute colour"]);
  assert.deepEqual(problems({ file: { name: "f", type_id: 1, colour: "red" } }), [
    "class 6006 file has no attribute colour",
  ]);
  assert.deepEqual(problems({ actor: { user: { name: "eve", type_id: 77 } } }), [
    "class 6006 actor user type_id is 77",
  ]);
  assert.deepEqual(problems({ actor: { user: { name: 7 } } }), ["class 6006 actor user name is no text"]);
  assert.deepEqual(problems({ activity_id: 18, type_uid: 600618 }), ["class 6006 activity_id is 18"]);
  assert.deepEqual(problems({ category_uid: 3 }), ["category_uid is not the class's"]);
  assert.deepEqual(problems({ class_uid: 2001 }), ["class 2001 is not one we write"]);
});

const proofs = readdirSync(content, { recursive: true, encoding: "utf8" }).filter((it) => it.endsWith(".test.yml"));
const proven = proofs.flatMap((file) => {
  const cases: { records?: unknown[] }[] = parse(readFileSync(join(content, file), "utf8"), { maxAliasCount: 1000 });
  return cases.flatMap((it) => it.records ?? []).map((it) => (typeof it === "string" ? it : JSON.stringify(it)));
});

test("the events of every proof", () => {
  const events = proven.flatMap((record) => {
    const kind = detectKind(record);
    assert.ok(kind, record);
    const read = sourceOf(kind).read(record, { source: kind, offset: 0 }, around);
    return read.ok ? read.events : [];
  });
  assert.ok(events.length >= proven.length);
  assert.deepEqual(problemsOf(events), {});
});

test("every source is in some proof or has its own test of this", () => {
  const seen = new Set(proven.map(detectKind));
  const tested = readdirSync(join(import.meta.dirname, "ingest")).filter((it) => it.endsWith(".test.ts"));
  const unproven = sources.filter((it) => !seen.has(it.id) && !tested.includes(`${it.id}.test.ts`));
  assert.deepEqual(
    unproven.map((it) => it.id),
    [],
  );
});

for (const name of [
  "lab-auditd/audit.log",
  "lab-mlflow-http/nginx_access_json.log",
  "lab-mlflow-http/nginx_access_combined.log",
  "lab-mlflow-http/mlflow_uvicorn_access.log",
  "lab-oci-registry/notifications.ndjson",
  "lab-oci-registry/registry_app_and_access.log",
]) {
  test(`the events of ${name}`, () => {
    assert.deepEqual(problemsOf(replay([{ name, bytes: recording(name) }]).events), {});
  });
}

test("the events of other people's logs", { skip: noSamples }, () => {
  const folders = ["aws-cloudtrail", "aws-cloudtrail/invictus", "aws-cloudtrail/stratus", "s3-access", "web"];
  const files = folders.flatMap((folder) =>
    readdirSync(join(samples, folder), { withFileTypes: true })
      .filter((it) => it.isFile() && /\.(nd)?json$|\.log$/.test(it.name))
      .map((it) => ({ name: join(folder, it.name), bytes: readFileSync(join(samples, folder, it.name)) })),
  );
  assert.ok(files.length > 10);
  assert.deepEqual(problemsOf(replay(files, [], { rules: [] }).events), {});
});
