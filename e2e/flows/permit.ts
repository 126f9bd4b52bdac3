// Flow 9. A model must leave: an analyst asks for a permit, an admin agrees, for an hour and from one address; it is an incident at once, what is
// read stands in it; ended, the next read is an alarm.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { picture } from "../world/browser.ts";
import { webRequest } from "../world/records.ts";
import { command, incidentOf, shardsOf, until, type World } from "./world.ts";
import { kept, secondVerifier } from "./leaver.ts";

const model = "acme-9b";
const dana = "dana@acme.example";
const station = "10.0.7.7";

export async function permit(world: World): Promise<string> {
  const { ana, lee, platform } = world;
  const { page } = ana;

  // Asked for, with a preview; the one that asks cannot agree.
  await page.goto(`${platform.url}/models/${model}`);
  await page.getByText("None was given: nobody but declared readers may read it.").waitFor();
  await page.getByRole("button", { name: "Ask for a permit" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/Who may read it/).fill(dana);
  await dialog.getByLabel(/From which address/).fill(station);
  await dialog.getByLabel(/For how long/).selectOption("1");
  await dialog.getByRole("button", { name: "See what it would mean" }).click();
  await dialog.getByText(`Let ${dana} take ${model} out for 60 min`).waitFor();
  await dialog.getByText(/this gives no access/).waitFor();
  await dialog.getByLabel(/^Reason/).fill("the second region is down: ticket 4712");
  await picture(page, "flow-9-asked");
  await dialog.getByRole("button", { name: "Propose the permit" }).click();
  await dialog.getByText("You proposed it: somebody else must agree.").waitFor();

  // Until somebody else agrees, a read is what it always was.
  await lee.page.goto(`${platform.url}/actions`);
  const pending = lee.page.getByRole("complementary", { name: "The selected row" });
  await pending.getByText("Waits for approval").waitFor();
  await pending.getByText("A lead who is not the one that proposed it").waitFor();
  await pending.getByLabel(/reason/i).fill("confirmed by phone");
  await pending.getByRole("button", { name: "Approve and do it" }).click();
  await pending.getByText("✓ Verified").waitFor();

  // The organisation finds out at once: it stands in the queue, with both names.
  const incident = await incidentOf(world, model, dana);
  assert.match(
    incident.title,
    /^ana asked and lee agreed: dana@acme\.example may take acme-9b out for 60 min from 10\.0\.7\.7/,
  );
  assert.equal(incident.severity, "medium");

  // Watched while it holds.
  const [first, second] = shardsOf(model);
  assert.ok(first && second);
  world.log("front", readOf(first));
  await alerts(world, incident.id, "permit-used", "low");
  await page.goto(`${platform.url}/incidents/${incident.id}?tab=alerts`);
  await page
    .getByText(/under the permit that ana asked for and lee agreed to/)
    .first()
    .waitFor();
  await picture(page, "flow-9-watched");

  // Ended, it is over: the next read is an alarm.
  await pending.getByRole("button", { name: "Undo", exact: true }).click();
  await pending.getByLabel(/Reason for undoing/).fill("the region is back");
  await pending.getByRole("button", { name: "Undo it" }).click();
  await pending.getByText("Undone", { exact: true }).first().waitFor();
  world.log("front", readOf(second));
  await alerts(world, incident.id, "permit-overstepped", "high");
  const worse = (await ana.get(`/api/incidents/${incident.id}`)).body.incident;
  assert.ok(["high", "critical"].includes(worse.severity), worse.severity);
  await page.goto(`${platform.url}/models/${model}`);
  await page.getByText(/ended before its time by/).waitFor();
  await picture(page, "flow-9-ended");

  // What was taken out, by whom and why, for those who were not asked.
  await page.goto(`${platform.url}/incidents/${incident.id}?tab=activity`);
  const pack = await kept(page, "Take this incident's evidence as a pack");
  const { code, stdout } = await command(world, "verify", pack, "--json");
  assert.equal(code, 0, stdout);
  await withoutNames(world);
  return "asked for by one, agreed to by another, told at once and while it held; the read after its end is an alarm";
}

/** The same for somebody who shall not know who it was, nor from where: seen before it is taken, and it holds. */
async function withoutNames(world: World): Promise<void> {
  const { page } = world.ana;
  await page.getByRole("button", { name: "Leave something out" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("checkbox", { name: /^Addresses/ }).check();
  const seen = dialog.getByRole("region", { name: "What the receiver sees" });
  await seen
    .getByText(/^left out:.*src_endpoint/)
    .first()
    .waitFor();
  assert.doesNotMatch(await seen.innerText(), /dana|10\.0\.7\.7/);
  await picture(page, "flow-9-left-out");
  const pack = await kept(page, "Take this pack");
  const text = readFileSync(pack, "utf8");
  assert.doesNotMatch(text, /dana|10\.0\.7\.7/i);
  const { code, stdout } = await command(world, "verify", pack, "--json");
  assert.equal(code, 0, stdout);
  assert.ok(JSON.parse(stdout).redacted > 10, stdout);
  if (existsSync("/usr/bin/python3")) {
    const second = spawnSync("/usr/bin/python3", [secondVerifier, pack], { encoding: "utf8" });
    assert.equal(second.status, 0, second.stdout + second.stderr);
  }
}

function readOf([part, body]: readonly [string, Buffer]): string {
  return webRequest({
    at: Date.now(),
    user: dana,
    address: station,
    agent: "huggingface_hub/0.30; python/3.11",
    bytes: body.length,
    uri: `/acme/${model}/resolve/main/${part}`,
  });
}

function alerts(world: World, incident: string, rule: string, severity: string): Promise<object> {
  return until(`an alert of ${rule}`, async () => {
    const { body } = await world.ana.get(`/api/incidents/${incident}`);
    return body.alerts.find((it: { rule: string; severity: string }) => it.rule === rule && it.severity === severity);
  });
}
