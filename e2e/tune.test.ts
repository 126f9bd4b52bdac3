// Flows 5 and 6: a false positive becomes an exception, and a hunt a rule, each from raw logs in to what is in use, in a real browser.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { consoleDir } from "@outweigh/console";
import type { Browser, Page } from "playwright-core";
import { readContent } from "../packages/cli/src/content.ts";
import { aServer, eventually } from "../packages/server/src/testing/a-server.ts";
import type { Running } from "../packages/server/src/start.ts";
import { apiOf, noBrowser, openBrowser, picture, type PageApi } from "./world/browser.ts";
import { storyFolder } from "./world/platform.ts";
import { webRequest } from "./world/records.ts";

const late = { timeout: 90_000 };
const rule = "weights_read_with_download_tool";
const folder = storyFolder("tune");
let server: Running;
let browser: Browser;
let page: Page;
let api: PageApi;
let sent = 0;
const wrong: string[] = [];
/** What goes wrong in the pages; not what the network of a busy machine loses, or a busy server puts off. */
const note = (text: string): void => {
  if (!/net::ERR_|preload CSS|status of 503/.test(text)) wrong.push(text);
};

/** Raw lines of the registry's log, an hour ago; waits until all that comes of them is stored. */
async function log(...users: readonly string[]): Promise<void> {
  const lines = users.map((user) => {
    sent++;
    const at = Date.now() - 3_600_000 + sent * 1000;
    const model = user === "guest" ? "acme-2b" : "acme-13b";
    const uri = `/acme/${model}/resolve/main/model-${sent % 2}.safetensors`;
    const address = user === "guest" ? "198.51.100.7" : "203.0.113.20";
    const agent = user === "mirror" ? "rclone/v1.66.0" : "curl/8.5.0";
    return webRequest({ at, user, uri, agent, address, bytes: 1000 });
  });
  const headers = { authorization: `Bearer ${server.token("front")}` };
  const send = () => fetch(`${server.url}/api/ingest/front`, { method: "POST", headers, body: lines.join("\n") });
  // A machine that is busy says so, and is asked again.
  assert.equal((await eventually(send, ({ status }) => status !== 503, 60_000)).status, 200);
  const told = async () => (await (await api.get("/api/sources?filter=name:front")).json()).items[0].events;
  assert.equal(await eventually(told, (it) => it === sent, 60_000), sent);
}

async function alertsOf(user: string, of: string): Promise<{ id: string; count: number }[]> {
  const filter = encodeURIComponent(`rule:${of} principal:${user}`);
  return (await (await api.get(`/api/alerts?filter=${filter}`)).json()).items;
}

if (noBrowser === false)
  before(
    async () => {
      const files = [0, 1].map((it) => ({ path: `model-${it}.safetensors`, bytes: 1000 }));
      const models = ["acme-13b", "acme-2b"].map((name) => ({
        name,
        class: "private" as const,
        places: [`hf:acme/${name}`],
        readers: ["svc-deploy"],
        files,
      }));
      server = await aServer(
        join(folder.path, "data"),
        {
          models,
          spaces: [{ name: "language", models: ["acme-13b"] }],
          sources: [{ name: "front", kind: "http-access" }],
        },
        { content: readContent(), consoleDir },
      );
      browser = await openBrowser();
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: "dark" });
      context.setDefaultTimeout(late.timeout);
      page = await context.newPage();
      page.on("pageerror", (it) => note(String(it)));
      page.on("console", (it) => it.type() === "error" && note(it.text()));
      await page.goto(server.openUrl);
      await page.getByRole("link", { name: /^Incidents/ }).waitFor(late);
      api = await apiOf(page);
    },
    { timeout: 600_000 },
  );

after(async () => {
  await browser?.close();
  await server?.close();
  folder.remove();
});

/** Puts what is shown on trial, and publishes it, by its buttons. */
async function putToUse(word: string): Promise<void> {
  const pane = page.getByRole("complementary", { name: "The selected row" });
  await pane.getByRole("button", { name: "Check", exact: true }).click(late);
  await pane.getByText("✓ Nothing stands in its way.").waitFor(late);
  await picture(page, `tune-${word}-checked`);
  await pane.getByRole("button", { name: "Put on trial" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/reason/i).fill("the check is green");
  await dialog.getByRole("button", { name: "Put it on trial" }).click();
  await pane.getByText(/^On trial: what it would/).waitFor(late);
}

async function publish(word: string): Promise<void> {
  const pane = page.getByRole("complementary", { name: "The selected row" });
  await pane.getByRole("button", { name: "Publish" }).click(late);
  const dialog = page.getByRole("dialog");
  await dialog.getByText("What would happen").waitFor(late);
  await dialog.getByLabel(/reason/i).fill("agreed in the morning round");
  await picture(page, `tune-${word}-publishing`);
  await dialog.getByRole("button", { name: /^Publish/ }).click();
  await dialog.getByText("✓ Verified").waitFor(late);
  await dialog.getByRole("button", { name: "Done" }).click();
  await pane.getByText(/^Published:/).waitFor(late);
}

test(
  "5 tune: a false positive, an exception, what it would have hidden, green proofs, published",
  { skip: noBrowser, timeout: 600_000 },
  async () => {
    await log("mirror", "thief", "mirror");
    const [alert] = await alertsOf("mirror", rule);
    assert.ok(alert);
    await page.goto(`${server.url}/alerts/${alert.id}`);
    await page.getByRole("link", { name: /^This is fine/ }).click(late);
    await page.getByLabel("The exception").waitFor(late);
    assert.match(await page.getByLabel("The exception").inputValue(), /principal\|cased: mirror/);
    await page.getByLabel(/reason/i).fill("our mirror, said its owner");
    await picture(page, "tune-exception-draft");
    await page.getByRole("button", { name: "Keep as a draft" }).click();
    await putToUse("exception");
    await page.getByText(/would have hidden 1 whole and 0 in part/).waitFor(late);
    await page.getByText("none belongs to a confirmed theft.").waitFor();
    await log("mirror");
    assert.equal((await alertsOf("mirror", rule))[0]?.count, alert.count + 1, "on trial nothing is hidden");
    await publish("exception");
    await log("mirror", "thief-2");
    assert.equal((await alertsOf("mirror", rule))[0]?.count, alert.count + 1, "published it is hidden");
    assert.equal((await alertsOf("thief-2", rule)).length, 1, "and nobody else is");
    await page.goto(`${server.url}/own-rules?sel=exception`);
    await page.getByText(/it hid 1 match, the last/).waitFor(late);
    await picture(page, "tune-exception-published");
    await page.emulateMedia({ colorScheme: "light" });
    await picture(page, "tune-exception-published-light");
    await page.emulateMedia({ colorScheme: "dark" });
    assert.deepEqual(wrong, []);
  },
);

test(
  "6 new rule: from events to a draft, its proof, a trial, and published to one space",
  { skip: noBrowser, timeout: 600_000 },
  async () => {
    await page.goto(`${server.url}/events?filter=principal:thief`);
    await page.getByRole("button", { name: "Make a rule" }).click(late);
    await page.getByRole("link", { name: "Write it here as a draft" }).click(late);
    const text = page.getByLabel("The rule", { exact: true });
    await text.waitFor(late);
    const begun = await text.inputValue();
    await text.fill(
      begun
        .replace("draft_from_a_hunt", "thief_reads")
        .replace("experimental", "test")
        .replace("level: low", "level: high"),
    );
    assert.match(await page.getByLabel(/^Its proof/).inputValue(), /what was hunted for/);
    await page.getByLabel(/^Space/).fill("language");
    await page.getByLabel(/reason/i).fill("he comes back");
    await picture(page, "tune-rule-draft");
    await page.getByRole("button", { name: "Keep as a draft" }).click();
    await putToUse("rule");
    await log("thief");
    assert.deepEqual(await alertsOf("thief", "thief_reads"), [], "on trial it raises nothing");
    await publish("rule");
    await log("thief");
    assert.equal((await alertsOf("thief", "thief_reads")).length, 1);
    await page.goto(`${server.url}/rules?filter=id:thief_reads`);
    await page.getByRole("complementary").getByText("thief_reads").first().waitFor(late);
    const { items, chain } = await (await api.get("/api/evidence?filter=kind:rule-*")).json();
    assert.equal(chain.ok, true);
    assert.deepEqual(
      items
        .map(({ kind }: { kind: string }) => kind)
        .filter((it: string) => it !== "rule-refused")
        .toReversed(),
      ["rule-drafted", "rule-checked", "rule-trial", "rule-published"],
    );
    assert.deepEqual(wrong, []);
  },
);

test(
  "two incidents are merged and split by keyboard; the old address leads to the one that stays",
  { skip: noBrowser, timeout: 600_000 },
  async () => {
    await log("guest");
    const [alert] = await alertsOf("guest", rule);
    const { items } = await (await api.get("/api/incidents")).json();
    assert.deepEqual([alert !== undefined, items.length], [true, 2]);
    await page.goto(`${server.url}/incidents`);
    await page.getByRole("row").nth(2).waitFor(late);
    for (const key of ["x", "j", "x", "m"]) await page.keyboard.press(key);
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Merge 2 incidents").waitFor(late);
    await dialog.getByLabel(/reason/i).fill("one contractor");
    await picture(page, "tune-merging");
    await page.keyboard.press("Control+Enter");
    await page
      .getByText(/merged INC-\d+ into it: one contractor/)
      .first()
      .waitFor(late);
    const [into] = (await (await api.get("/api/incidents")).json()).items;
    const gone = items.find((it: { id: string }) => it.id !== into.id);
    await page.goto(`${server.url}/incidents/${gone.id}?tab=alerts`);
    await page.waitForURL(`**/incidents/${into.id}*`, late);
    await page.goto(`${server.url}/incidents/${into.id}?tab=alerts`);
    await page.getByRole("button", { name: /^Split/ }).waitFor(late);
    await page.keyboard.press("s");
    await dialog.getByRole("checkbox", { name: /guest/ }).first().check(late);
    await dialog.getByLabel(/reason/i).fill("a guest after all");
    await picture(page, "tune-splitting");
    await page.keyboard.press("Control+Enter");
    await page
      .getByText(/took an alert out of INC-\d+: a guest after all/)
      .first()
      .waitFor(late);
    assert.equal((await (await api.get("/api/incidents")).json()).total, 2);
    assert.deepEqual(wrong, []);
  },
);
