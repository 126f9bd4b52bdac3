// What is watched after a theft, by the command line, of a running server.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessLine, aFolder, aServer, eventually, signIn } from "../../../server/src/testing/a-server.ts";
import { run as inProcess } from "../testing/run.ts";

const folder = aFolder("watched-command");
const data = join(folder.path, "data");
let server: Awaited<ReturnType<typeof aServer>>;

before(async () => {
  const files = [{ path: "model.safetensors", bytes: 1000 }];
  const model = { name: "acme-13b", class: "private" as const, places: ["hf:acme/acme-13b"], bytes: 1000, files };
  server = await aServer(data, { models: [model], sources: [{ name: "registry", kind: "http-access" }] });
});
after(async () => {
  await server.close();
  folder.remove();
});

const run = (...args: readonly string[]) => inProcess("watched", ...args, "--data", data);

test("nothing is watched until a theft is confirmed; then it is listed, found by kind, ended, and watched again", async () => {
  const none = await run();
  assert.deepEqual([none.code, none.stdout.startsWith("Nothing is watched. ")], [0, true]);
  const operator = await signIn(server.openUrl);
  const stolen = accessLine("model.safetensors", { user: "mal\u001b[31mlory", bytes: 1000, at: Date.now() - 60_000 });
  const headers = { authorization: `Bearer ${server.token("registry")}` };
  await fetch(`${server.url}/api/ingest/registry`, { method: "POST", headers, body: stolen });
  const open = () => operator.get("/api/incidents?filter=status:open");
  const [incident] = (await eventually(open, ({ body }) => body.total > 0, 120_000)).body.items;
  const close = async () => {
    const verdict = { status: "closed", verdict: "true-positive", reason: "he took it" };
    assert.equal((await operator.post(`/api/incidents/${incident.id}/status`, verdict)).status, 200);
  };
  await close();

  const { code, stdout } = await run();
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^model +acme-13b +20.* to 20.* · INC-${incident.number}$`, "m"));
  assert.match(stdout, /^place +hf:acme\/acme-13b /m);
  assert.ok(!stdout.includes("\u001b"), "what others wrote draws nothing");
  const { watched } = JSON.parse((await run("--filter", "kind:model", "--json")).stdout);
  assert.deepEqual([watched.length, watched[0].name, watched[0].thefts[0].incident], [1, "acme-13b", incident.id]);
  assert.equal((await run("--filter", "kind:host")).stdout, "Nothing that is watched matches kind:host.\n");
  assert.match((await run("--filter", "severity:high")).stderr, /there is no field "severity"/);

  assert.deepEqual(
    [(await run("end", "disk", "x", "--reason", "x")).code, (await run("end", "model", "x")).code],
    [2, 2],
  );
  const unknown = await run("end", "model", "acme-7b", "--reason", "x");
  assert.deepEqual([unknown.code, /the model acme-7b is not watched/.test(unknown.stderr)], [3, true]);
  const ended = await run("end", "model", "acme-13b", "--reason", "its weights were replaced");
  assert.deepEqual([ended.code, ended.stdout], [0, "The model acme-13b is not watched any more.\n"]);
  assert.doesNotMatch((await run()).stdout, /^model/m);
  await close();
  assert.match((await run()).stdout, /^model +acme-13b /m);
});
