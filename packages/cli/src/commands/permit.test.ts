// Permits by the command line, against a server that runs. That what is read under one is told: e2e/flows/permit.ts.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { aFolder, aServer, signIn, type Visitor } from "../../../server/src/testing/a-server.ts";
import { aPerson, password } from "../../../server/src/testing/an-account.ts";
import { run as inProcess } from "../testing/run.ts";

const folder = aFolder("permit-commands");
const data = join(folder.path, "data");
let server: Awaited<ReturnType<typeof aServer>>;
let operator: Visitor;
before(async () => {
  const models = [{ name: "acme-13b", class: "private" as const, places: ["s3://acme/13b/"] }];
  server = await aServer(data, { models });
  operator = await signIn(server.openUrl);
  writeFileSync(join(folder.path, "outweigh.yml"), "{}\n");
});
after(async () => {
  await server.close();
  folder.remove();
});

const run = (...args: readonly string[]) =>
  inProcess(...args, "--data", data, "--config", join(folder.path, "outweigh.yml"));

test("a permit is asked for by name, agreed to by another person, listed and ended; a shell's word is refused at once", async () => {
  const ana = await aPerson(server.url, operator, "ana", [{ role: "analyst" }]);
  const lee = await aPerson(server.url, operator, "lee", [{ role: "lead" }]);
  assert.match((await run("permit", "list")).stdout, /^No permit was asked for/);

  const wanted = ["permit", "ask", "acme-13b", "--principal", "kim", "--reason", "a site move"];
  const alone = await run(...wanted);
  assert.deepEqual([alone.code, alone.stdout], [3, ""]);
  assert.match(alone.stderr, /needs two people who sign in by name.*sign in with an account/);
  const { body: nothing } = await operator.get("/api/actions?filter=verb:permit");
  assert.equal(nothing.total, 0, "nothing was proposed");

  delete process.env["OUTWEIGH_PASSWORD"];
  assert.equal((await run(...wanted, "--as", "ana")).code, 2);
  process.env["OUTWEIGH_PASSWORD"] = password;
  const code = ana.recoveryCodes[0] ?? assert.fail("no recovery code");
  const asked = await run(...wanted, "--as", "ana", "--code", code, "--json");
  delete process.env["OUTWEIGH_PASSWORD"];
  assert.equal(asked.code, 0, asked.stderr);
  const { permit } = JSON.parse(asked.stdout);
  assert.deepEqual([permit.state, permit.by, permit.target], ["pending", "ana", "acme-13b"]);
  assert.match((await run("permit", "list")).stdout, /^action-\S+ +asked for .*kim.*asked for by ana: a site move\n$/);

  const agreed = { digest: permit.digest, reason: "agreed" };
  const { body: given } = await lee.post(`/api/actions/${permit.id}/approve`, agreed);
  assert.equal(given.state, "verified", JSON.stringify(given));
  assert.match((await run("permit", "list", "acme-13b")).stdout, / holds until 20.*decided by lee/);
  assert.match((await run("permit", "list", "acme-70b")).stdout, /^No permit was asked for of acme-70b/);
  assert.equal((await operator.get("/api/report")).body.permits.holding, 1);

  assert.equal((await run("permit", "end", "action-none", "--reason", "x")).code, 3);
  const over = await run("permit", "end", permit.id, "--reason", "the move is done");
  assert.equal(over.code, 0, over.stderr);
  assert.match((await run("permit", "list")).stdout, / over /);
  const { permits } = (await operator.get("/api/models/acme-13b")).body;
  assert.notEqual(permits[0].endedBy, undefined);
});
