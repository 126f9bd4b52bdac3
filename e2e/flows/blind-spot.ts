// Flow 7. A blind spot: downloads that nobody logs. The console says so; the tap is turned on; the same way is gone again, and seen.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { patiently } from "../../packages/server/src/testing/a-server.ts";
import { picture } from "../world/browser.ts";
import { download, incidentOf, list, shardsOf, until, type IncidentRow, type World } from "./world.ts";

export async function blindSpot(world: World): Promise<string> {
  const { lee, root, platform } = world;
  const { page } = lee;
  const log = join(root, "registry.log");
  writeFileSync(log, "");
  // What the hub logs: who changed a repository. Never who read one.
  const made = { event: "repo.create", timestamp: new Date().toISOString(), user: "lee", repo: "acme/acme-3b" };
  world.log("hub", JSON.stringify(made));

  // A thief takes the whole model: nothing is seen.
  await download(world, "shadow", "acme-3b");
  await page.goto(`${platform.url}/models/acme-3b`);
  await page
    .getByText(/nothing was read|no read|not read/i)
    .first()
    .waitFor();
  assert.deepEqual(await list<IncidentRow>(lee, "/api/incidents?filter=model:acme-3b"), []);

  // The console tells of it: the source says what it cannot see.
  await page.goto(`${platform.url}/sources?sel=hub`);
  const pane = page.getByRole("complementary", { name: "The selected row" });
  await pane.getByRole("heading", { name: "What it cannot see" }).waitFor();
  await pane
    .getByText(/download/i)
    .first()
    .waitFor();
  await picture(page, "flow-7-not-logged");

  // The tap: the registry's own log, sent by a shipper with a token that is made here.
  await page.getByRole("button", { name: "Connect a source" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/^Source/).fill("hub-tap");
  await dialog.getByRole("button", { name: "Make the token" }).click();
  const secret = (await dialog.locator("[data-secret]").getAttribute("data-secret")) ?? "";
  await picture(page, "flow-7-tap");
  await dialog.getByRole("button", { name: "I have it" }).click();
  const ship = async (lines: number) => {
    await until("the registry's log", async () => readFileSync(log, "utf8").split("\n").length > lines);
    const body = readFileSync(log, "utf8");
    writeFileSync(log, "");
    const answer = await patiently(`${platform.url}/api/ingest/hub-tap`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}` },
      body,
    });
    assert.equal(answer.status, 200, await answer.text());
  };
  writeFileSync(log, "");

  // The same way again.
  const began = Date.now();
  await download(world, "svc-deploy", "acme-3b");
  await download(world, "shadow", "acme-3b");
  await ship(2 * shardsOf("acme-3b").length);
  const found = await incidentOf(world, "acme-3b", "shadow");
  const took = Date.now() - began;
  assert.equal(found.severity, "critical");
  assert.deepEqual(found.principals, ["shadow"]);
  await page.goto(`${platform.url}/sources?sel=hub-tap`);
  await pane.getByText("Records arrive as they should.").waitFor();
  await page.goto(`${platform.url}/incidents/${found.id}`);
  await page.getByRole("heading", { name: "What happened" }).waitFor();
  await picture(page, "flow-7-seen");
  const { holdings } = (await lee.get("/api/models/acme-3b")).body;
  const held = holdings.find((it: { principal: string }) => it.principal === "shadow");
  assert.equal(
    held.bytes,
    shardsOf("acme-3b").reduce((sum, [, body]) => sum + body.length, 0),
  );
  return `seen ${(took / 1000).toFixed(1)} s after the tap was on and the way was gone again`;
}
