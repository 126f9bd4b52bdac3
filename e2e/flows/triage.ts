// Flow 1. Triage: the queue, a pane, a verdict with its reason, the next one. By keyboard only.
import assert from "node:assert/strict";
import { picture } from "../world/browser.ts";
import { webRequest } from "../world/records.ts";
import { incidentOf, list, shardsOf, until, type IncidentRow, type ModelName, type World } from "./world.ts";

/** Two strangers read a model each, beside the one who may. */
function readings(at: number): string[] {
  const read = (user: string, model: ModelName, address: string, agent: string) => {
    const [[part, body] = ["", Buffer.alloc(0)]] = shardsOf(model);
    return webRequest({ at, user, address, agent, bytes: body.length, uri: `/acme/${model}/resolve/main/${part}` });
  };
  return [
    read("intern", "acme-2b", "10.0.5.5", "curl/8.5.0"),
    read("batch-9", "acme-1b", "203.0.113.20", "python-requests/2.32"),
    read("svc-deploy", "acme-1b", "10.0.3.4", "vllm/0.9"),
  ];
}

export async function triage(world: World): Promise<string> {
  const { ana } = world;
  const { page } = ana;
  world.log("front", ...readings(Date.now() - 60_000));
  await incidentOf(world, "acme-2b", "intern");
  await incidentOf(world, "acme-1b", "batch-9");
  const closed = () => list<IncidentRow>(ana, "/api/incidents?filter=status:closed&limit=200");
  const before = (await closed()).length;

  const began = Date.now();
  await page.goto(`${world.platform.url}/alerts`);
  await page.getByRole("grid").waitFor();
  // From here on no pointer: go to the queue, and read the first one beside it.
  await page.keyboard.press("g");
  await page.keyboard.press("i");
  await page.waitForURL(/\/incidents/);
  const pane = page.getByRole("complementary", { name: "The selected row" });
  await pane.getByRole("heading", { name: "What happened" }).waitFor();
  const verdicts = ["True positive", "False positive"] as const;
  for (const [i, verdict] of verdicts.entries()) {
    await page.keyboard.press("a");
    await pane.getByText(/assigned to\s*ana/).waitFor();
    await page.keyboard.press("e");
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    // The first verdict is one Tab away; arrows choose.
    const radio = dialog.getByRole("radio", { name: verdict });
    await tabTo(page, () =>
      dialog
        .getByRole("radio")
        .first()
        .evaluate((it) => it.matches(":focus")),
    );
    await page.keyboard.press(" ");
    for (let step = 0; step < i; step++) await page.keyboard.press("ArrowDown");
    assert.equal(await radio.isChecked(), true);
    await page.keyboard.press("Tab");
    await page.keyboard.type(`seen on the page, case ${i}`);
    if (i === 0) await picture(page, "flow-1-verdict");
    await page.keyboard.press("Control+Enter");
    await dialog.waitFor({ state: "detached" });
    await until("it left the queue", async () => (await closed()).length === before + i + 1);
    // What is closed is no longer the selected row: the next one is.
    await until("the next one is beside the list", async () => {
      const title = await pane.innerText().catch(() => "");
      return !title.includes("assigned to ana") && title.includes("What happened");
    });
  }
  await picture(page, "flow-1-next");
  return `two judged by keyboard in ${((Date.now() - began) / 1000).toFixed(1)} s`;
}

/** Presses Tab until it is there; at most as often as a person would. */
async function tabTo(page: World["ana"]["page"], isThere: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 6; n++) {
    if (await isThere()) return;
    await page.keyboard.press("Tab");
  }
  assert.ok(await isThere(), "six times Tab do not reach it");
}
