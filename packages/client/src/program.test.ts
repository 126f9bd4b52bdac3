// The API as a program of somebody else sees it: a real server, a token of the command line, the program of the guide.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessLine, aFolder, aServer, eventually, signIn } from "../../server/src/testing/a-server.ts";
import { outweigh } from "./index.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const folder = aFolder("client-program");
const data = join(folder.path, "data");
let server: Awaited<ReturnType<typeof aServer>>;

before(async () => {
  const model = { name: "acme-13b", class: "private" as const, places: ["hf:acme/acme-13b"], bytes: 1000 };
  const files = [{ path: "model.safetensors", bytes: 1000 }];
  server = await aServer(data, {
    models: [{ ...model, files }],
    sources: [{ name: "registry", kind: "http-access" }],
  });
  const sender = outweigh({ url: server.url, token: server.token("registry") });
  const at = Date.now() - 60_000;
  const theft = accessLine("model.safetensors", { user: "old-ci", bytes: 1000, at });
  const others = ["README.md", "config.json"].map((it) => accessLine(it, { user: "old-ci", bytes: 10, at }));
  const body = [...others, theft].join("\n");
  const { accepted } = await sender.post("/api/ingest/{source}", { path: { source: "registry" }, body });
  assert.equal(accepted, 3);
  const operator = await signIn(server.openUrl);
  for (const [list, least] of [
    ["incidents", 1],
    ["events", 3],
  ] as const) {
    const isThere = ({ body }: { body: { total: number } }) => body.total >= least;
    assert.ok(isThere(await eventually(() => operator.get(`/api/${list}`), isThere, 120_000)), list);
  }
});
after(async () => {
  await server.close();
  folder.remove();
});

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ stdout: string; stderr: string }> {
  return new Promise((done, failed) =>
    execFile(process.execPath, args, { cwd: root, env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      error ? failed(new Error(stderr, { cause: error })) : done({ stdout, stderr }),
    ),
  );
}

async function tokenAs(role: string): Promise<string> {
  const program = join(root, "packages", "cli", "bin", "outweigh.js");
  const { stdout } = await run([program, "token", "create", "--role", role, "--name", `as-${role}`, "--data", data]);
  return stdout.trim();
}

test("the program of the guide lists incidents, reads them, and hears why it may not comment", async () => {
  const guide = readFileSync(join(root, "docs", "guide", "api.md"), "utf8");
  const [, program = ""] = /^```ts\n([^]*?)^```/m.exec(guide) ?? [];
  const env = { OUTWEIGH_URL: server.url, OUTWEIGH_TOKEN: await tokenAs("viewer") };
  const { stdout } = await run(["--input-type=module-typescript", "--eval", program], env);
  assert.match(stdout, /^\{"number":1,"severity":"\w+","story":".*old-ci/m);
  assert.match(stdout, /^403 FORBIDDEN$/m);
});

test("what is read, changed and refused is what the types say", async () => {
  const api = outweigh({ url: server.url, token: await tokenAs("analyst") });
  const { items, total } = await api.get("/api/incidents", { query: { limit: 1 } });
  const [incident] = items;
  assert.ok(incident && total >= 1);
  const { alerts } = await api.get("/api/incidents/{id}", { path: { id: incident.id } });
  assert.equal(alerts[0]?.principal, "old-ci");
  const csv = await api.get("/api/incidents/{id}/export", { path: { id: incident.id }, query: { as: "csv" } });
  assert.match(csv, /old-ci/);
  const found = api.get("/api/incidents/{id}", { path: { id: "INC-77" } });
  await assert.rejects(found, { name: "ApiError", code: "NOT_FOUND", status: 404 });
  const wrong = api.get("/api/incidents", { query: { filter: "severity:>=" } });
  await assert.rejects(wrong, { name: "ApiError", code: "BAD_FILTER", status: 400 });
  await assert.rejects(api.get("/api/tokens"), { name: "ApiError", code: "FORBIDDEN", status: 403 });
  const stranger = outweigh({ url: server.url, token: "nobody" });
  await assert.rejects(stranger.get("/api/incidents"), { name: "ApiError", code: "NOT_SIGNED_IN", status: 401 });

  const told = new Set<string>();
  for await (const it of api.each("/api/events", { query: { limit: 1 } })) told.add(it.id);
  assert.equal(told.size, 3);
});

test("who listens hears what another program changes", { timeout: 120_000 }, async () => {
  const api = outweigh({ url: server.url, token: await tokenAs("lead") });
  const [incident] = (await api.get("/api/incidents")).items;
  assert.ok(incident);
  const stop = new AbortController();
  const news = api.live({ signal: stop.signal });
  // The server listens for changes once it has begun to answer: what is told before that is not heard.
  const hearing = news.next();
  let first: Awaited<typeof hearing> | undefined;
  do {
    await api.post("/api/incidents/{id}/comments", { path: { id: incident.id }, body: { text: "seen" } });
    first = await Promise.race([hearing, new Promise<undefined>((done) => setTimeout(() => done(undefined), 500))]);
  } while (first === undefined);
  assert.ok(!first.done && ["incident", "evidence"].includes(first.value.noun), JSON.stringify(first));
  stop.abort(new Error("heard enough"));
  await assert.rejects(
    async () => {
      for await (const _ of news);
    },
    { message: "heard enough" },
  );
});
