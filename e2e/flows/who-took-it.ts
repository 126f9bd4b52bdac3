// Flow 2. Who took it: a stranger reads weights; the model's page, its copies, the one on a laptop; facts, quarantine by two people, a
// note, a verdict. What takes a key away at the registry is the registry's own business here: the playbook says so, and the note tells it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { picture } from "../world/browser.ts";
import { outweighBin } from "../world/platform.ts";
import { safetensors } from "../world/weights.ts";
import { webRequest } from "../world/records.ts";
import { command, incidentOf, list, shardsOf, until, type IncidentRow, type World } from "./world.ts";

export async function whoTookIt(world: World): Promise<string> {
  const { ana, lee, platform, root } = world;
  const laptop = join(root, "laptop");
  mkdirSync(laptop);
  const copy = join(laptop, "holiday.bin");
  const agent = await startAgent(world, laptop);
  try {
    await until("the agent reports", async () =>
      (await list<{ state: string }>(ana, "/api/hosts")).some((it) => it.state === "reporting"),
    );
    world.log("front", ...thefts(Date.now() - 120_000));
    const theft = await incidentOf(world, "acme-13b", "old-ci");
    assert.deepEqual([theft.severity, theft.principals], ["critical", ["old-ci"]]);
    // What was taken lies on a laptop, under another name, its tensors in another order.
    writeFileSync(
      copy,
      safetensors("acme-13b", [3, 1, 0, 2], (n) => `w${n}`),
    );

    // From the incident to the model, its copies, and the host.
    const { page } = ana;
    await page.goto(`${platform.url}/incidents/${theft.id}`);
    await page.getByRole("heading", { name: "Who and what" }).waitFor();
    await page.locator('main a[href$="/models/acme-13b"]').first().click();
    await page.getByRole("heading", { name: "Copy map" }).waitFor();
    await page
      .getByRole("row", { name: /old-ci/ })
      .getByText("by nobody")
      .waitFor();
    await askHost(world, "A scan", "Scan this host", "where is it now?");
    await page
      .getByText(/holiday\.bin/)
      .first()
      .waitFor();
    await picture(page, "flow-2-copies");
    await page.locator('main a[href*="/hosts?filter=name"]').first().click();
    await page.waitForURL(/\/hosts\?filter=name/);
    await askHost(world, "Facts", "Collect these facts", "who runs there?", page);
    const pane = page.getByRole("complementary", { name: "The selected row" });
    await pane.getByRole("button", { name: "Read the facts" }).first().click();
    await page
      .getByRole("dialog")
      .getByRole("heading", { name: /processes/i })
      .first()
      .waitFor();
    await picture(page, "flow-2-facts");

    await isolate(world, theft, copy);
    return "the laptop's copy is quarantined by two people, and the incident is closed with a note";
  } finally {
    agent.kill("SIGKILL");
    // It is not expected to report any more: its silence is no alarm in the flows that follow.
    for (const { id } of await list<{ id: string }>(lee, "/api/hosts"))
      await lee.post(`/api/hosts/${id}/revoke`, { reason: "the flow is over" });
  }
}

/** Reads of both shards by who may and by who may not. */
function thefts(at: number): string[] {
  const of = (user: string, address: string, agent: string) =>
    shardsOf("acme-13b").map(([part, body], i) =>
      webRequest({
        at: at + i * 1000,
        user,
        address,
        agent,
        bytes: body.length,
        uri: `/acme/acme-13b/resolve/main/${part}`,
      }),
    );
  return [...of("svc-deploy", "10.0.3.4", "vllm/0.9"), ...of("old-ci", "203.0.113.77", "curl/8.5.0")];
}

async function startAgent(world: World, watched: string) {
  const { root, platform } = world;
  const [data, own] = [join(root, "data"), join(root, "agent")];
  const made = await command(world, "agent", "token", "--host", hostname(), "--data", data, "--json");
  const enrolled = await command(
    world,
    "agent",
    "enrol",
    platform.url,
    "--token",
    JSON.parse(made.stdout).token,
    "--data",
    own,
  );
  assert.equal(enrolled.code, 0, enrolled.stderr);
  const child = spawn(process.execPath, [outweighBin, "agent", "run", watched, "--data", own], {
    cwd: root,
    stdio: "ignore",
    env: { ...process.env, NO_COLOR: "1" },
  });
  return child;
}

/** Asks the host by its page: of an analyst's own page, or of one that is made for it. */
async function askHost(world: World, what: string, button: string, reason: string, on = world.lee.page): Promise<void> {
  if (on === world.lee.page) await on.goto(`${world.platform.url}/hosts`);
  await on.getByRole("button", { name: "Ask this host" }).click();
  const dialog = on.getByRole("dialog");
  await dialog.getByRole("radio", { name: what }).click();
  await dialog.getByLabel(/reason/i).fill(reason);
  await dialog.getByRole("button", { name: button }).click();
  await dialog.waitFor({ state: "detached" });
}

/** The analyst proposes after a preview, the lead agrees; a note; a verdict. */
async function isolate({ ana, lee, platform }: World, theft: IncidentRow, copy: string): Promise<void> {
  const { page } = ana;
  await page.goto(`${platform.url}/incidents/${theft.id}`);
  await page.getByRole("heading", { name: "What happened" }).waitFor();
  await page.keyboard.press("r");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: /Quarantine.*holiday/ }).click();
  await dialog
    .getByText(/Move .*holiday\.bin/)
    .first()
    .waitFor();
  await dialog.getByText(/done once somebody else agrees/).waitFor();
  await dialog.getByLabel(/reason/i).fill("taken by old-ci, declared by nobody");
  await picture(page, "flow-2-preview");
  await dialog.getByRole("button", { name: /^Propose/ }).click();
  await dialog.getByText("You proposed it: somebody else must agree.").waitFor();
  assert.ok(existsSync(copy), "nothing is done yet");

  await lee.page.goto(`${platform.url}/actions`);
  const pending = lee.page.getByRole("complementary", { name: "The selected row" });
  await pending.getByText("Waits for approval").waitFor();
  await pending.getByLabel(/reason/i).fill("agreed");
  await pending.getByRole("button", { name: "Approve and do it" }).click();
  await pending.getByText("✓ Verified").waitFor();
  assert.equal(existsSync(copy), false, "it is where its readers do not come");
  await picture(lee.page, "flow-2-approved");

  await dialog
    .getByRole("button", { name: /Done|Close/ })
    .first()
    .click();
  await page.keyboard.press("c");
  await page.keyboard.type("old-ci's token is taken back at the registry: ticket 4711");
  await page.keyboard.press("Control+Enter");
  await page
    .getByText(/ticket 4711/)
    .last()
    .waitFor();
  await page.getByRole("heading", { name: "What happened" }).click();
  await page.keyboard.press("e");
  const closing = page.getByRole("dialog", { name: /Close INC/ });
  await closing.getByText("True positive").click();
  await closing.getByLabel(/reason/i).fill("a leaked token; the copy is quarantined");
  await closing.getByRole("button", { name: /^Close INC/ }).click();
  await closing.waitFor({ state: "detached" });
  const { incident } = (await ana.get(`/api/incidents/${theft.id}`)).body;
  assert.deepEqual([incident.status, incident.verdict], ["closed", "true-positive"]);
}
