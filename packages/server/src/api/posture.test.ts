// Posture over real engines: whose scans are believed, which controls hold by them, and since when.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { hostScans, newToken, posture, theftKinds, type Posture, type ScanReport } from "@outweigh/schema";
import type { Running } from "../start.ts";
import { aFolder, aServer, eventually, signIn, visitorWith, type Visitor } from "../testing/a-server.ts";

const folder = aFolder("posture");
const content = join(import.meta.dirname, "../../../../content");
const controls = readdirSync(join(content, "controls"), { recursive: true, encoding: "utf8" })
  .filter((it) => it.endsWith(".yml"))
  .map((it) => ({ id: basename(it, ".yml"), text: readFileSync(join(content, "controls", it), "utf8") }));
const [logsources = "", techniques = "", vectors = ""] = ["logsources", "techniques", "rand"].map((it) =>
  readFileSync(join(content, `${it}.yml`), "utf8"),
);
let server: Running;
let visitor: Visitor;
let secret = "";

before(async () => {
  const models = [
    { name: "acme", class: "private" as const, places: ["file:/srv/acme"], digest: "d".repeat(64) },
    { name: "acme-far", class: "public" as const, places: ["file:/srv/acme-far"] },
  ];
  const spaces = [
    { name: "none", models: ["acme"] },
    { name: "far", models: ["acme-far"] },
  ];
  const rule = "rules/weights/copy_readable_by_everyone.yml";
  const rules = [{ path: basename(rule), text: readFileSync(join(content, rule), "utf8") }];
  const over = { content: { rules, playbooks: [], policy: "[]", controls, logsources, techniques, vectors } };
  server = await aServer(join(folder.path, "data"), { models, spaces }, over);
  visitor = await signIn(server.openUrl);
  const { status, body } = await visitor.post("/api/tokens", { source: "scan", host: "gpu-1" });
  assert.equal(status, 200, JSON.stringify(body));
  secret = newToken.parse(body).secret;
});
after(async () => {
  await server.close();
  folder.remove();
});

let minute = 0;

function aScan(over: Partial<ScanReport> = {}): object {
  const at = new Date(Date.now() - 3_600_000 + ++minute * 60_000).toISOString();
  const copy = {
    path: "/srv/acme/a",
    format: "gguf",
    bytes: 9,
    digest: "d".repeat(64),
    complete: true,
    readableBy: [],
    declared: true,
  };
  const model = {
    id: "m",
    name: "acme",
    class: "private",
    digest: copy.digest,
    bytes: 9,
    tensors: 1,
    formats: ["gguf"],
    copies: [copy],
  };
  const looked = theftKinds.map((kind) => ({ kind, complete: true }));
  return {
    version: "0",
    host: "gpu-1",
    startedAt: at,
    finishedAt: at,
    roots: ["/"],
    filesSeen: 1,
    bytesRead: 1,
    models: [model],
    listeners: [],
    paths: [],
    looked,
    notSeen: [],
    ...over,
  };
}

async function send(report: object, token = secret, encoding = "identity"): Promise<number> {
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    "content-encoding": encoding,
  };
  return (await fetch(`${server.url}/api/ingest/scan`, { method: "POST", headers, body: JSON.stringify(report) }))
    .status;
}

const told = async (): Promise<Posture> => posture.parse((await visitor.get("/api/posture")).body);
const control = (it: Posture, name: string) => it.controls.find((row) => row.name === name);

test("nothing passes before anything was seen", async () => {
  const states = new Set(
    (await told()).controls.filter((it) => !["model_owner_named"].includes(it.name)).map((it) => it.state),
  );
  assert.equal((await told()).controls.length, controls.length);
  assert.equal(control(await told(), "files_closed_to_others")?.state, "unknown");
  assert.ok(states.has("unknown"));
  const { vectors: groups, mitigations } = await told();
  const held = (groups?.groups ?? []).flatMap((it) => it.measures.filter(({ state }) => state === "holds"));
  assert.deepEqual([...new Set(held.map((it) => it.name))], ["model_digest_known"]);
  assert.equal(groups?.groups.find((it) => it.name === "physical")?.state, "uncovered");
  assert.ok(mitigations.length > 0 && mitigations.every((it) => it.name !== undefined));
});

test("a token of scans is made for one host, and sends no other's", async () => {
  assert.equal((await visitor.post("/api/tokens", { source: "scan" })).status, 400);
  assert.equal((await visitor.post("/api/tokens", { source: "registry", host: "gpu-1" })).status, 400);
  assert.equal((await visitor.post("/api/tokens", { source: "scan", host: "a b" })).status, 400);
  assert.equal(await send(aScan({ host: "gpu-2" })), 403);
  assert.equal(await send(aScan()), 200);
  const { body } = await eventually(
    () => visitor.get("/api/scan"),
    (it) => it.status === 200,
  );
  assert.equal(body.host, "gpu-1");
  const { host: _, ...unnamed } = aScan() as ScanReport;
  assert.equal(await send(unnamed), 200, "one that names no host is this host's");
  const { scans } = await told();
  assert.deepEqual([...new Set(scans.map((it) => it.host))], ["gpu-1"]);
});

test("a theft path fails its control with time and fix, and mending it is history", async () => {
  const steps = [
    { from: "any local user", to: "/srv/acme/a", how: "reads the file", basis: "verified" as const, proof: "/ 0755" },
  ];
  const path = { model: "acme", kind: "file-mode" as const, steps, minutes: 1, fix: "chmod o-r /srv/acme/a" };
  await send(aScan({ paths: [path] }));
  const open = await eventually(told, (it) => control(it, "files_closed_to_others")?.state === "fail");
  const failed = control(open, "files_closed_to_others");
  assert.deepEqual([failed?.minutes, failed?.fix], [1, "chmod o-r /srv/acme/a"]);
  assert.equal(open.paths[0]?.host, "gpu-1");
  const far = { name: "far", grant: { role: "viewer", space: "far" } };
  const { secret: ofFar } = newToken.parse((await visitor.post("/api/tokens", far)).body);
  const cut = posture.parse(
    (await visitorWith(server.url, { authorization: `Bearer ${ofFar}` }).get("/api/posture")).body,
  );
  assert.deepEqual(
    [cut.space, control(cut, "files_closed_to_others")?.state],
    ["far", "pass"],
    "its own models have no path",
  );
  assert.doesNotMatch(
    JSON.stringify(cut.controls.map((it) => ({ ...it, about: "" }))),
    /any local user|\/srv|gpu-1|chmod/,
  );
  assert.deepEqual([cut.paths, cut.pathCount, cut.scans, cut.spaces], [[], 0, [], ["far"]]);
  const near = { name: "near", grant: { role: "viewer", space: "none" } };
  const { secret: ofNear } = newToken.parse((await visitor.post("/api/tokens", near)).body);
  const nearby = visitorWith(server.url, { authorization: `Bearer ${ofNear}` });
  const own = control(posture.parse((await nearby.get("/api/posture")).body), "files_closed_to_others");
  assert.deepEqual([own?.state, own?.minutes, own?.fixIs, own?.evidence.length], ["fail", 1, "command", 1]);
  assert.equal((await nearby.get("/api/posture?space=far")).status, 404);
  assert.equal(posture.parse((await visitor.get("/api/posture?space=far")).body).pathCount, 0);
  await send(aScan());
  const mended = await eventually(told, (it) => control(it, "files_closed_to_others")?.state === "pass");
  assert.deepEqual(
    control(mended, "files_closed_to_others")
      ?.history.map((it) => it.state)
      .slice(0, 2),
    ["pass", "fail"],
  );
  assert.equal(mended.pathCount, 0);
  assert.deepEqual(
    mended.change.gone.map((it) => [it.host, it.what]),
    [["gpu-1", "any local user → /srv/acme/a"]],
  );
  const before = posture.parse((await nearby.get("/api/posture")).body);
  assert.deepEqual(
    control(before, "files_closed_to_others")
      ?.history.map((it) => it.state)
      .slice(0, 2),
    ["pass", "fail"],
    "each space has a history of its own",
  );
});

test("each scan is remembered with what it changed since the one before", async () => {
  const scans = async () => hostScans.parse((await visitor.get("/api/scans/GPU-1")).body);
  const token = { path: "/home/ann/token", opens: "hf", scope: "a token", readableBy: ["other"] };
  const known = (await scans()).runs.length;
  await send(aScan({ tokens: [token] }));
  const { runs } = await eventually(scans, (it) => it.runs.length > known);
  assert.deepEqual(runs[0]?.change?.newTokens.items, [{ what: token.path, says: "hf: a token, readable by other" }]);
  assert.match(runs[0]?.digest ?? "", /^[0-9a-f]{64}$/);
  assert.equal(runs.find((it) => it.pathsBefore === 1 && it.paths === 0)?.change?.gonePaths.total, 1);
  assert.equal(runs.at(-1)?.change, undefined, "the first one had nothing to be compared with");
  assert.equal((await visitor.get("/api/scans/none")).status, 404);
  await send(aScan());
});

test("controls and coverage go to other tools as SARIF, as a table and as JSON", async () => {
  const { body: sarif } = await visitor.get("/api/posture/export?as=sarif");
  assert.equal(sarif.runs[0].results.length, controls.length);
  const { body: table } = await visitor.get("/api/posture/export?as=csv");
  assert.match(table, /^part,name,title,stage,state,since,why,fix,evidence,mitigations\r\n/);
  assert.match(table, /\r\ncontrol,files_closed_to_others,/);
  assert.match(table, /\r\nmethod of theft,repositories,/);
  assert.equal(posture.parse((await visitor.get("/api/posture/export?as=json")).body).controls.length, controls.length);
  assert.equal((await visitor.get("/api/posture/export?as=pdf")).status, 400);
});

test("coverage counts rules only where a source that they read sends", async () => {
  const { coverage, mitigations, techniques } = await eventually(told, (it) =>
    it.coverage.some(({ sees }) => sees.length > 0),
  );
  assert.ok(techniques.every((it) => it.seeing <= it.rules && it.rules > 0) && techniques.some((it) => it.seeing > 0));
  const row = coverage.find((it) => it.sees.some(({ rules }) => rules > 0));
  assert.deepEqual(row?.sees, [{ kind: "scan", rules: 1 }]);
  assert.ok(mitigations.every((it) => it.passed <= it.tested && it.tested > 0));
});
