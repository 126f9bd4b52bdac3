// Accounts by the command line, against a server that runs.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { aFolder, aServer } from "../../../server/src/testing/a-server.ts";
import { accept } from "../../../server/src/testing/an-account.ts";
import { run as inProcess } from "../testing/run.ts";

const folder = aFolder("account-commands");
const data = join(folder.path, "data");
let server: Awaited<ReturnType<typeof aServer>>;
before(async () => {
  server = await aServer(data);
});
after(async () => {
  await server.close();
  folder.remove();
});

const run = (...args: readonly string[]) => inProcess(...args, "--data", data);

test("a person is invited, listed, given another role, invited anew and disabled", async () => {
  assert.match((await run("account", "list")).stdout, /^No account/);
  const made = await run("account", "add", "ana", "--role", "admin");
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /^http:\/\/127\.0\.0\.1:\d+\/invitation#[\w-]{32}\n$/, "the link alone is on stdout");
  const ana = await accept(server.url, made.stdout.trim().split("#")[1] ?? "");
  assert.equal((await ana.get("/api/accounts")).status, 200);

  assert.match((await run("account", "role", "ana", "--role", "viewer")).stdout, /ana is viewer now/);
  assert.equal((await ana.get("/api/accounts")).status, 403);
  const { accounts } = JSON.parse((await run("account", "list", "--json")).stdout);
  assert.deepEqual([accounts[0].name, accounts[0].state], ["ana", "active"]);
  assert.match(JSON.parse((await run("account", "reset", "ana", "--json")).stdout).link, /\/invitation#/);
  assert.equal((await ana.get("/api/session")).status, 401);
  assert.match((await run("account", "disable", "ana")).stdout, /^ana is disabled/);
});

test("a token asks as a role, and what is wrong with a call is said in words", async () => {
  const made = JSON.parse((await run("token", "create", "--role", "viewer", "--name", "siem", "--json")).stdout);
  const headers = { authorization: `Bearer ${made.secret}` };
  assert.equal((await fetch(`${server.url}/api/incidents`, { headers })).status, 200);
  assert.equal((await fetch(`${server.url}/api/events`, { headers })).status, 403);
  assert.match((await run("token", "list")).stdout, /^siem +asks as viewer/);
  for (const args of [
    ["token", "create", "--role", "admin", "--name", "x"],
    ["token", "create", "--role", "viewer"],
    ["token", "create"],
    ["account", "add", "Bad Name", "--role", "viewer"],
    ["account", "add", "bo"],
    ["account", "add", "bo", "--role", "boss"],
  ])
    assert.equal((await run(...args)).code, 2, args.join(" "));
  const nowhere = await run("account", "add", "bo", "--role", "viewer:nowhere");
  assert.deepEqual([nowhere.code, /names no space nowhere/.test(nowhere.stderr)], [3, true]);
});
