// Backtests over a real engine: what rules would have said of stored events.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { backtestReport } from "@outweigh/schema";
import type { Running } from "../start.ts";
import { accessLine, aFolder, aServer, eventually, signIn, type Visitor } from "../testing/a-server.ts";

const folder = aFolder("backtests");
let server: Running;
let visitor: Visitor;

before(async () => {
  server = await aServer(join(folder.path, "data"), { sources: [{ name: "registry", kind: "http-access" }] });
  visitor = await signIn(server.openUrl);
  const lines = [
    accessLine("a.json", { user: "ana", bytes: 1 }),
    ...[1, 2, 3].map((it) => accessLine(`b-${it}.json`, { user: "ben", bytes: it })),
  ];
  const headers = { authorization: `Bearer ${server.token("registry")}` };
  await fetch(`${server.url}/api/ingest/registry`, { method: "POST", headers, body: lines.join("\n") });
  await eventually(
    () => visitor.get("/api/events"),
    (it) => it.body.items.length === 4,
  );
});

after(async () => {
  await server.close();
  folder.remove();
});

const rule = `
title: JSON files
id: 4d1f3c52-0000-4000-8000-000000000011
name: json_files
logsource: { category: webserver }
detection: { file: { cs-uri-stem|endswith: .json }, condition: file }
`;
const exception = `
title: Ben is fine
id: 4d1f3c52-0000-4000-8000-000000000012
logsource: { category: webserver }
filter: { rules: [json_files], selection: { cs-username: ben }, condition: not selection }
`;
const always = { from: 0, to: Date.UTC(2100, 0) };

test("a rule is tried on stored events, with what an exception would hide", async () => {
  const { status, body } = await visitor.post("/api/rules/backtest", { ...always, texts: [rule, exception] });
  assert.equal(status, 200, JSON.stringify(body));
  const { rules, events, blind, cut } = backtestReport.parse(body);
  assert.deepEqual([rules.length, events, blind, cut], [1, 4, 0, undefined]);
  const [one] = rules;
  assert.deepEqual([one?.hits, one?.hidden, one?.principals], [1, 3, 1]);
  assert.equal(one?.examples[0]?.because[0]?.selection, "file");
});

test("time and filter choose the events", async () => {
  const tried = async (more: object) =>
    backtestReport.parse((await visitor.post("/api/rules/backtest", { ...always, texts: [rule], ...more })).body);
  assert.equal((await tried({ filter: "principal:ben" })).events, 3);
  assert.equal((await tried({ from: 0, to: 1 })).events, 0);
  assert.equal(
    (await visitor.post("/api/rules/backtest", { ...always, texts: [rule], filter: "nonsense:1" })).status,
    400,
  );
});

test("a rule that is in use is tried by its id; a detector and an unknown one are refused", async () => {
  const post = (id: string) => visitor.post("/api/rules/backtest", { ...always, rule: id });
  const { body: page } = await visitor.get("/api/rules?limit=500");
  const idOf = (kind: string): string => page.items.find((it: { kind: string }) => it.kind === kind)?.id ?? "";
  assert.equal((await post("bulk-completion")).status, 400);
  assert.equal((await post("no_such_rule")).status, 404);
  if (idOf("sigma") !== "") assert.equal((await post(idOf("sigma"))).status, 200);
  assert.equal((await visitor.post("/api/rules/backtest", { ...always })).status, 400);
});

test("a text that is no rule is refused with its reason, and nothing is read", async () => {
  const { body } = await visitor.post("/api/rules/backtest", { ...always, texts: ["title: x"] });
  assert.deepEqual([body.refused.length, body.events], [1, 0]);
});
