// Tokens by the command line, against a server that runs.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessLine, aFolder, aServer } from "../../../server/src/testing/a-server.ts";
import { run as inProcess } from "../testing/run.ts";

const folder = aFolder("token-commands");
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

async function sent(secret: string): Promise<number> {
  const headers = { authorization: `Bearer ${secret.trim()}` };
  const body = accessLine("a.safetensors");
  return (await fetch(`${server.url}/api/ingest/registry`, { method: "POST", body, headers })).status;
}

test("a token is made, used, listed without its secret, rotated and revoked", async () => {
  const made = await run("token", "create", "--source", "registry");
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /^[\w-]{32}\n$/, "the secret alone is on stdout");
  assert.equal(await sent(made.stdout), 200);

  const listed = await run("token", "list");
  assert.match(listed.stdout, /^registry +source registry +used 20/);
  assert.doesNotMatch(listed.stdout, new RegExp(made.stdout.trim()));

  const turned = JSON.parse((await run("token", "rotate", "registry", "--json")).stdout);
  assert.deepEqual([await sent(made.stdout), await sent(turned.secret)], [401, 200]);
  assert.equal((await run("token", "revoke", "registry")).code, 0);
  assert.equal(await sent(turned.secret), 401);
  assert.match((await run("token", "list")).stdout, /^No token/);
});

test("what is wrong with a call is said in words, with the exit code of wrong use or of a failure", async () => {
  const unnamed = await run("token", "create");
  assert.deepEqual([unnamed.code, /--source NAME/.test(unnamed.stderr)], [2, true]);
  assert.equal((await run("token", "create", "--source", "Bad Name")).code, 2);
  const unknown = await run("token", "revoke", "nobody");
  assert.deepEqual([unknown.code, /there is no token named nobody/.test(unknown.stderr)], [3, true]);
});
