// Repositories: a path that climbs out of MLflow's folder among a hundred thousand normal requests; and a repository made public.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sitDown } from "./world/desk.ts";
import { dice } from "./world/dice.ts";
import { mlflowTraffic } from "./world/mlflow-traffic.ts";
import { storyFolder, up } from "./world/platform.ts";
import { repositoryOpened, webRequest } from "./world/records.ts";
import { replayed, rulesOf, tell, took } from "./world/story.ts";

const start = Date.UTC(2026, 10, 2);
const register = `
models:
  - name: acme-13b
    owner: ml-platform
    class: private
    places: ["mlflow:7/9c2e/artifacts/model", "git:github.com/acme/acme-13b"]
    readers: ["svc-*", "*@acme.example"]
    files: [{ path: model.safetensors, bytes: 4000000000 }]
`;

/** Requests as published attacks on MLflow send them; each was answered, so each must alert. */
const answered = [
  "/model-versions/get-artifact?path=../../../../etc/passwd&name=x&version=1",
  "/get-artifact?path=..%2F..%2F..%2F..%2Fetc%2Fpasswd&run_uuid=5d1f",
  "/get-artifact?path=%2e%2e/%2e%2e/%2e%2e/root/.aws/credentials&run_uuid=5d1f",
  "/get-artifact?path=.%2e/.%2e/.%2e/root/.ssh/id_rsa&run_uuid=5d1f",
  "/get-artifact?path=..%5C..%5C..%5Cwindows%5Cwin.ini&run_uuid=5d1f",
  "/model-versions/get-artifact?path=etc%2Fpasswd&name=x&version=1",
  "/model-versions/get-artifact?path=proc%2Fself%2Fenviron&name=x&version=1",
  "/api/2.0/mlflow-artifacts/artifacts/%252e%252e/%252e%252e/%252e%252e/etc/passwd",
  "/api/2.0/mlflow-artifacts/artifacts/..%252f..%252f..%252fetc%252fshadow",
  "/api/2.0/mlflow-artifacts/artifacts?path=../../../../../srv/models",
  "/ajax-api/2.0/mlflow/artifacts/list?run_id=5d1f&path=..%2F..%2F..%2F..%2F",
  "/ajax-api/2.0/mlflow/upload-artifact?run_uuid=5d1f&path=..%2F..%2F..%2Ftmp%2Fx.py",
  "/get-artifact?path=file:///etc/passwd&run_uuid=5d1f",
  "/get-artifact?path=file%3A%2F%2F%2Fsrv%2Fmodels%2Facme-13b%2Fmodel.safetensors&run_uuid=5d1f",
  "/get-artifact?path=http%3A%2F%2F169.254.169.254%2Flatest%2Fmeta-data&run_uuid=5d1f",
  "/get-artifact?path=model%23/../../../../etc/passwd&run_uuid=5d1f",
  "/get-artifact?path=a%00/../../etc/passwd&run_uuid=5d1f",
  "/mlflow/ajax-api/2.0/mlflow-artifacts/artifacts/7/9c2e/../../../etc/passwd",
];

const alertsOf = (records: readonly string[]) => replayed({ register, files: { "access.log": records } }).alerts;

test("S2: published attacks on MLflow alert, a hundred thousand normal requests do not", { timeout: 600_000 }, (t) => {
  const count = 100_000;
  const normal = replayed({ register, files: { "access.log.gz": mlflowTraffic(dice(2), count, start) } });
  // Each from an address of its own, so that alerts tell which request raised them.
  const probes = answered.map((uri, i) =>
    webRequest({
      at: start + i * 1000,
      address: `203.0.113.${i + 1}`,
      user: `thief-${i}`,
      uri,
      bytes: 1840,
      agent: "curl/8.5.0",
    }),
  );
  const found = alertsOf(probes).filter((it) => it.rule === "mlflow_path_traversal");
  const missed = answered.filter((_, i) => !found.some((it) => it.principal === `thief-${i}`));
  const refused = alertsOf(probes.map((it) => it.replace('"status":200', '"status":400')));
  // The twin sends its path in the body of a new model version, and asks for a plain name: logs hold no bodies.
  const body = (uri: string, at: number, method: string) =>
    webRequest({
      at,
      address: "203.0.113.99",
      user: "thief",
      method,
      uri,
      bytes: 900,
      agent: "mlflow-python-client/3.4",
    });
  const twin = alertsOf([
    body("/api/2.0/mlflow/registered-models/create", start, "POST"),
    body("/api/2.0/mlflow/model-versions/create", start + 1000, "POST"),
    body("/model-versions/get-artifact?path=notes.txt&name=mine&version=1", start + 2000, "GET"),
  ]);

  tell(t, `S2 MLflow: ${answered.length} published attacks, ${normal.events} normal requests, seed 2`, [
    {
      what: "attacks that were answered",
      expected: `${answered.length} alerts`,
      found: `${found.length} (${found[0]?.severity})`,
      after: "the first request",
    },
    { what: "the same, refused, from outside", expected: "tickets", found: rulesOf(refused) },
    {
      what: "normal requests",
      expected: "0 false",
      found: `${normal.incidents.length} incidents`,
      after: rulesOf(normal.alerts),
    },
    {
      what: "twin: the path in a request's body",
      expected: "(published)",
      found: rulesOf(twin),
      after: rulesOf(twin) === "nothing" ? "the thief wins" : "",
    },
  ]);
  assert.deepEqual(missed, []);
  assert.equal(normal.rejected, 0);
  assert.ok(normal.events >= count);
  assert.deepEqual(
    normal.alerts.filter((it) => it.severity !== "low").map((it) => `${it.rule}: ${it.summary}`),
    [],
  );
});

test(
  "S2: a private repository is made public, and told before anyone downloads it",
  { timeout: 600_000 },
  async (t) => {
    const folder = storyFolder("opened-repository");
    t.after(() => folder.remove());
    writeFileSync(join(folder.path, "outweigh.yml"), register);
    const data = join(folder.path, "data");
    const platform = await up(["--data", data, "--no-scan"], folder.path);
    t.after(() => platform.stop());
    const desk = await sitDown(platform, data, folder.path);

    const sent = await desk.send("github-audit", [
      repositoryOpened({ at: Date.now(), who: "admin", repository: "acme/acme-13b" }),
    ]);
    const opened = await desk.waitFor((it) => it.models.includes("acme-13b"), sent);
    const clone = JSON.stringify({
      "@timestamp": Date.now() + 1000,
      _document_id: "clone-1",
      action: "git.clone",
      actor: "stranger",
      actor_ip: "203.0.113.77",
      repo: "acme/acme-13b",
      transport_protocol_name: "http",
    });
    await desk.send("github-audit", [clone]);
    const taken = await desk.waitFor((it) => it.principals.includes("stranger"), Date.now());
    // The twin opens another repository and mirrors into it: no register knows that one.
    const mirrored = Date.now() + 10_000;
    await desk.send("github-audit", [repositoryOpened({ at: mirrored, who: "admin", repository: "acme/tmp-export" })]);
    await new Promise((done) => setTimeout(done, 2000));
    const twin = (await desk.alerts()).filter((it) => it.firstAt >= mirrored);

    tell(t, "S2 a repository is made public", [
      {
        what: "the change",
        expected: "<= 10 s",
        found: `${opened?.incident.severity}: ${rulesOf((await desk.alerts()).filter((it) => it.rule.startsWith("repository")))}`,
        after: took(opened?.tookMs),
      },
      { what: "a clone after it", expected: "in the incident", found: taken ? taken.incident.title : "nothing" },
      {
        what: "twin: mirrored into a repository of no register",
        expected: "(published)",
        found: rulesOf(twin),
        after: twin.length === 0 ? "the thief wins" : "",
      },
    ]);
    assert.equal(opened?.incident.severity, "high");
    assert.ok(taken);
  },
);
