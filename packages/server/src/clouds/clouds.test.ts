// Clouds played by a small server that answers as their makers document it: what is asked, what comes of it, and what is never done.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { scan, type ScanOptions } from "@outweigh/agent";
import { cloudEntry, modelEntry, type Asked, type CloudEntry, type ScanReport } from "@outweigh/schema";
import { aFolder } from "../testing/a-server.ts";
import { askClouds } from "./clouds.ts";
import { maxAnswerBytes } from "./limits.ts";

const env = { KEY: "AKIA", SECRET: "s3cr3t-value", TOKEN: "t0ken-value" };
const register = [
  modelEntry.parse({
    name: "acme",
    class: "private",
    places: ["s3://acme-models/acme/", "hf:acme/acme", "git:github.com/acme/weights", "k8s:ml/weights"],
    readers: ["system:serviceaccount:ml:serve"],
  }),
];

type Play = (request: IncomingMessage, response: ServerResponse) => void;

async function aCloud(t: TestContext, play: Play): Promise<string> {
  const server: Server = createServer(play);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
}

function cloudsOf(url: string): CloudEntry[] {
  const s3 = {
    kind: "s3",
    name: "aws",
    endpoint: url,
    forcePathStyle: true,
    accessKeyId: "${KEY}",
    secretAccessKey: "${SECRET}",
  };
  const others = [
    { kind: "kubernetes", name: "cluster", server: url, token: "${TOKEN}" },
    { kind: "huggingface", name: "hub", token: "${TOKEN}", endpoint: url },
    { kind: "github", name: "gh", token: "${TOKEN}", endpoint: url },
  ];
  return [s3, ...others].map((it) => cloudEntry.parse(it));
}

const ask = (url: string, over: Partial<typeof env> = {}) =>
  askClouds({ clouds: cloudsOf(url), register, env: { ...env, ...over }, signal: AbortSignal.timeout(120_000) });

const xml = (text: string) => ({ type: "application/xml", text: `<?xml version="1.0" encoding="UTF-8"?>\n${text}` });
const json = (value: unknown) => ({ type: "application/json", text: JSON.stringify(value) });
const policy = {
  Version: "2012-10-17",
  Statement: [
    { Sid: "Open", Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::acme-models/*" },
  ],
};
const s3Error = (code: string) => xml(`<Error><Code>${code}</Code><Message>none</Message></Error>`);
const named = (name: string, namespace = "ml") => ({ metadata: { name, namespace } });
const role = { ...named("debug"), rules: [{ apiGroups: [""], resources: ["pods/exec"], verbs: ["create"] }] };
const binding = {
  ...named("debug"),
  roleRef: { kind: "Role", name: "debug" },
  subjects: [{ kind: "ServiceAccount", name: "ci", namespace: "build" }],
};
const pod = (name: string) => ({
  ...named(name),
  spec: {
    serviceAccountName: "serve",
    containers: [{ name: "c", env: [{ name: "PASSWORD", value: "hunter2" }] }],
    volumes: [{ name: "w", persistentVolumeClaim: { claimName: "weights" } }],
  },
});
const list = (items: unknown[], more = "") =>
  json({ kind: "X", apiVersion: "v1", metadata: { continue: more }, items });

/** Answers of an account in which much is open, or all is closed. */
function answers(isOpen: boolean): Record<string, { type: string; text: string; status?: number }> {
  const grant = isOpen
    ? `<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>`
    : "";
  return {
    "/acme-models?policy": isOpen ? json(policy) : { ...s3Error("NoSuchBucketPolicy"), status: 404 },
    "/acme-models?acl": xml(
      `<AccessControlPolicy><Owner><ID>1</ID></Owner><AccessControlList>${grant}</AccessControlList></AccessControlPolicy>`,
    ),
    "/acme-models?publicAccessBlock": { ...s3Error("NoSuchPublicAccessBlockConfiguration"), status: 404 },
    "/acme-models?logging": xml(`<BucketLoggingStatus xmlns="http://doc.s3.amazonaws.com/2006-03-01" />`),
    "/apis/rbac.authorization.k8s.io/v1/clusterroles": list([]),
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings": list([]),
    "/apis/rbac.authorization.k8s.io/v1/roles": list([role]),
    "/apis/rbac.authorization.k8s.io/v1/rolebindings": list([isOpen ? binding : { ...binding, subjects: [] }]),
    "/api/v1/pods": list([pod("other-0")], "page-2"),
    "/api/v1/pods?page-2": list([pod("serve-0")]),
    "/api/models/acme/acme": json({ id: "acme/acme", private: !isOpen }),
    "/repos/acme/weights": json({ full_name: "acme/weights", private: !isOpen }),
  };
}

function playing(isOpen: boolean, heard: string[] = []): Play {
  const known = answers(isOpen);
  return (request, response) => {
    const url = new URL(request.url ?? "/", "http://cloud");
    heard.push(`${request.method} ${url.pathname}`);
    const what = ["policy", "acl", "publicAccessBlock", "logging"].find((it) => url.searchParams.has(it));
    const next = url.searchParams.get("continue");
    const more = what ?? next;
    const it =
      known[`${url.pathname.replace(/(?<=.)\/$/, "")}${more === null || more === undefined ? "" : `?${more}`}`];
    if (!it) return void response.writeHead(404).end();
    response.writeHead(it.status ?? 200, { "content-type": it.type }).end(it.text);
  };
}

const scanOf = (folder: string, posture: ScanOptions["posture"]): Promise<ScanReport> =>
  scan({ roots: [join(folder, "nothing")], register, machine: join(folder, "machine"), ...(posture && { posture }) });

function aMachine(t: TestContext): string {
  const folder = aFolder("clouds");
  t.after(folder.remove);
  for (const it of ["nothing", "machine/etc", "machine/proc/net", "machine/proc/self"])
    mkdirSync(join(folder.path, it), { recursive: true });
  return folder.path;
}

/** Whatever the order in which files were read. */
const settled = ({ paths }: ScanReport) => paths.map((it) => JSON.stringify(it)).sort();

test("what clouds answer is judged as what was exported: the same paths, and none where all is closed", async (t) => {
  const folder = aMachine(t);
  const heard: string[] = [];
  const { files, asked } = await ask(await aCloud(t, playing(true, heard)));
  const live = await scanOf(folder, { more: files });
  const policyFile = files.find((it) => it.path === "aws/s3/acme-models/policy.json");
  assert.match(policyFile?.text ?? "", /Statement/);
  assert.ok(
    live.paths.some((it) => it.kind === "bucket-public" && it.steps[0]?.basis === "verified" && it.minutes === 1),
    "what the policy proves stands before what the access list makes likely",
  );
  assert.deepEqual([...new Set(live.paths.map((it) => it.kind))].sort(), [
    "bucket-public",
    "cluster-grant",
    "repository-public",
  ]);
  for (const it of files) {
    const path = join(folder, "exported", it.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, it.text);
  }
  assert.deepEqual(settled(await scanOf(folder, { folder: join(folder, "exported") })), settled(live));
  assert.equal(asked.length, heard.length, "all that is asked is told");
  assert.ok(heard.every((it) => it.startsWith("GET ")));
  assert.ok(live.notSeen.some((it) => it.why.startsWith("its own logging of reads is off")));

  const closed = await ask(await aCloud(t, playing(false)));
  const report = await scanOf(folder, { more: closed.files });
  assert.deepEqual(report.paths, []);
  const open = report.looked?.filter((it) => ["bucket-public", "cluster-grant", "repository-public"].includes(it.kind));
  assert.deepEqual(
    open?.map((it) => it.complete),
    [true, true, true],
  );
});

test("no secret is told: neither those that we hold, nor those that stand in pods", async (t) => {
  const told = JSON.stringify(await ask(await aCloud(t, playing(true))));
  assert.doesNotMatch(told, /s3cr3t-value|t0ken-value|hunter2/);
  const { asked } = await ask("http://127.0.0.1:1", { TOKEN: "", SECRET: "" });
  assert.deepEqual(
    [...new Set(asked.map((it) => it.problem))],
    ["the environment has no SECRET", "the environment has no TOKEN"],
  );
  const lines = (await ask("http://127.0.0.1:1", { TOKEN: "a\r\nx: t0ken-value" })).asked;
  assert.doesNotMatch(JSON.stringify(lines), /t0ken-value/);
});

test("a token goes to no other machine in the clear, and no secret stands in the file", () => {
  const hub = { kind: "huggingface", name: "hub", token: "${TOKEN}" };
  assert.ok(cloudEntry.safeParse(hub).success);
  assert.ok(cloudEntry.safeParse({ ...hub, endpoint: "http://127.0.0.1:8080" }).success);
  for (const over of [
    { endpoint: "http://hub.example" },
    { endpoint: "http://127.0.0.1.example" },
    { endpoint: "https://user:word@hub.example" },
    { token: "hf_secret" },
  ])
    assert.ok(!cloudEntry.safeParse({ ...hub, ...over }).success, JSON.stringify(over));
});

test("a redirect is not followed, and nothing that failed counts as closed", async (t) => {
  let reached = 0;
  const elsewhere = await aCloud(t, (_, response) => {
    reached++;
    response.writeHead(200).end("{}");
  });
  const moved = await aCloud(t, (_, response) => void response.writeHead(307, { location: `${elsewhere}/x` }).end());
  const { files, asked } = await ask(moved);
  assert.deepEqual([reached, files], [0, []]);
  assert.ok(asked.length > 0 && asked.every((it: Asked) => it.problem !== undefined));
  const report = await scanOf(aMachine(t), { more: files });
  for (const kind of ["bucket-public", "cluster-grant", "repository-public"] as const)
    assert.equal(report.looked?.find((it) => it.kind === kind)?.complete, false, kind);
});

test("an endless answer, an endless list and an answer that is none end, and are no answer", async (t) => {
  const piece = Buffer.alloc(1024 * 1024, 32);
  let pages = 0;
  const endless = await aCloud(t, (request, response) => {
    if (request.url?.startsWith("/repos/")) return void response.writeHead(200).end("<html>");
    if (request.url?.startsWith("/api/v1/pods")) {
      const { type, text } = list([pod(`p-${pages++}`)], `page-${pages}`);
      return void response.writeHead(200, { "content-type": type }).end(text);
    }
    response.writeHead(200, { "content-type": "application/json" });
    const pour = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on("drain", pour);
    pour();
  });
  const { files, asked } = await askClouds({
    clouds: cloudsOf(endless).slice(1),
    register,
    env,
    signal: AbortSignal.timeout(120_000),
  });
  assert.equal(pages, 40);
  assert.deepEqual(
    files.map((it) => it.path),
    ["gh/acme/weights.json"],
    "text that is no JSON is left to its reader",
  );
  assert.ok(asked.some((it) => it.problem?.includes(String(maxAnswerBytes))));
});
