// Incidents by the command line, of a running server.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessLine, aFolder, aServer, eventually } from "../../../server/src/testing/a-server.ts";
import { run as inProcess } from "../testing/run.ts";

const folder = aFolder("incidents-command");
const data = join(folder.path, "data");
let server: Awaited<ReturnType<typeof aServer>>;

before(async () => {
  const file = { path: "model.safetensors", bytes: 1000 };
  const model = {
    name: "acme-13b",
    class: "private" as const,
    places: ["hf:acme/acme-13b"],
    bytes: 1000,
    files: [file],
  };
  server = await aServer(data, { models: [model], sources: [{ name: "registry", kind: "http-access" }] });
});
after(async () => {
  await server.close();
  folder.remove();
});

const run = (...args: readonly string[]) => inProcess("incidents", "--data", data, ...args);
const pack = (number: number, ...args: readonly string[]) => inProcess("pack", String(number), "--data", data, ...args);
const firstLine = (text: string) => text.slice(0, text.indexOf("\n"));

test("without one it says so; with one it is listed, found by filter and number, and told whole", async () => {
  const none = await run();
  assert.deepEqual([none.code, none.stdout], [0, "No open incidents: --filter '' lists the closed ones too.\n"]);
  const stolen = accessLine("model.safetensors", { user: "mal\u001b[31mlory", bytes: 1000, at: Date.now() - 60_000 });
  const headers = { authorization: `Bearer ${server.token("registry")}` };
  await fetch(`${server.url}/api/ingest/registry`, { method: "POST", headers, body: stolen });
  const listed = async () => JSON.parse((await run("--json")).stdout);
  const { incidents, total } = await eventually(listed, (it) => it.total > 0, 60_000);
  assert.equal(incidents.length, total);
  const [{ number, id, models }] = incidents;
  assert.deepEqual(models, ["acme-13b"]);
  const shown = await run("--limit", "1");
  assert.equal(shown.code, 1);
  assert.match(shown.stdout, new RegExp(`INC-${number} +new .*\\n   .*acme-13b`));
  assert.equal((await run("--filter", "model:other")).stdout, "No incidents match model:other.\n");
  for (const name of [String(number), `INC-${number}`, id]) {
    const told = await run(name);
    assert.equal(told.code, 0, told.stderr);
    assert.match(told.stdout, /Grouped because: /);
    assert.ok(!told.stdout.includes("\u001b"), "what others wrote draws nothing");
  }
  assert.equal(JSON.parse((await run(`INC-${number}`, "--json")).stdout).incident.id, id);

  const [whole, less] = [await pack(number), await pack(number, "--redact", "principal")];
  assert.doesNotMatch(whole.stderr, /knows the incident as/);
  assert.match(less.stderr, new RegExp(`knows the incident as ${JSON.parse(firstLine(less.stdout)).incident}\n`));
});

test("what cannot be is refused with the reason", async () => {
  assert.deepEqual([(await run("--limit", "0")).code, (await run("INC-1", "--filter", "x")).code], [2, 2]);
  const unknown = await run("INC-999");
  assert.deepEqual([unknown.code, /there is no incident INC-999/.test(unknown.stderr)], [3, true]);
  assert.match((await run("--filter", "colour:red")).stderr, /there is no field "colour"/);
});

test("whoever stops reading ends it quietly, as SIGPIPE ends a program", async () => {
  const program = join(import.meta.dirname, "..", "..", "bin", "outweigh.js");
  const child = spawn(process.execPath, [program, "--help"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let said = "";
  child.stderr.on("data", (it) => (said += it));
  const code = await new Promise((done) => child.once("close", done));
  assert.deepEqual([code, said], [141, ""]);
});
