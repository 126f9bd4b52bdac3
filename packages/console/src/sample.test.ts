// The sample in a real browser: one click on, one click off, and nothing of it anywhere else.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { aBrowser, noBrowser as skip } from "../dev/browser.ts";
import { sessionScript, startFixture, type FixtureServer } from "../dev/server.ts";

let browser: Browser;
let server: FixtureServer;
before(async () => {
  if (skip) return;
  browser = await aBrowser();
  server = await startFixture({ mood: "empty" });
});
after(async () => {
  await browser?.close();
  await server?.close();
});

/** A page of a console that has seen nothing yet, and what it asked the server for. */
async function opened(path: string) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addInitScript(sessionScript);
  const page = await context.newPage();
  const asked: string[] = [];
  const wrong: string[] = [];
  page.on("request", (it) => asked.push(new URL(it.url()).pathname));
  page.on("pageerror", (it) => wrong.push(String(it)));
  page.on("console", (it) => it.type() === "error" && wrong.push(it.text()));
  await page.goto(server.url + path);
  return { page, asked, wrong, close: () => context.close() };
}

const mark = (page: Page) => page.getByRole("note", { name: "Sample" }).getByText("Sample: none of this happened.");
const kept = (page: Page) => page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));

test("an empty console offers the sample: one click fills it, one click empties it", { skip }, async () => {
  const { page, asked, wrong, close } = await opened("/incidents");
  await page.getByText("no source of logs yet").waitFor();
  const before = await kept(page);
  await page.getByRole("link", { name: "this page with a sample" }).click();
  await mark(page).waitFor();
  await page.getByText("Undeclared copy of acme-13b on gpu-9").first().waitFor();
  assert.equal(new URL(page.url()).pathname, "/sample/incidents");
  await page.getByRole("link", { name: "Leave the sample" }).click();
  await page.getByText("no source of logs yet").waitFor();
  assert.equal(new URL(page.url()).pathname, "/incidents");
  assert.equal(await page.getByText("acme-13b").count(), 0);
  assert.equal(await kept(page), before, "nothing stays in the browser");
  assert.ok(asked.length > 0);
  assert.deepEqual(wrong, []);
  await close();
});

test("every page bears the mark, and none of them asks the server for anything", { skip }, async () => {
  const { page, asked, wrong, close } = await opened("/sample/incidents");
  await page.getByRole("row").nth(1).waitFor();
  const names = "Alerts Events Models Posture Hosts Clients Sources Rules Actions Evidence Report Settings".split(" ");
  for (const name of names) {
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
    await page.waitForURL(new RegExp(`/sample/${name.toLowerCase()}`));
    await page.locator("main h1, main h2, main [role=row]").nth(1).waitFor();
    await mark(page).waitFor();
    await page.waitForFunction(() => document.title.startsWith("Sample · "));
  }
  for (const deep of ["/sample/models/acme-13b", "/sample/hosts/h-1", "/sample/alerts/a-1", "/sample"]) {
    await page.goto(server.url + deep);
    await mark(page).waitFor();
    await page.locator("main h1, main [role=row]").first().waitFor();
  }
  assert.deepEqual(
    asked.filter((it) => it.startsWith("/api")),
    [],
  );
  assert.deepEqual(wrong, []);
  await close();
});

test("an action in the sample says that nothing happens, and is forgotten; a pack is refused", { skip }, async () => {
  const { page, asked, wrong, close } = await opened("/sample/incidents/inc-214");
  const heading = page.getByRole("heading", { name: "What happened" });
  await heading.waitFor().catch(async (cause: unknown) => {
    assert.fail(`${String(cause)}\n${wrong.join("\n")}\n${await page.locator("body").innerText()}`);
  });
  await page.keyboard.press("r");
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Quarantine m.gguf").click();
  await dialog.getByText("This is the sample: nothing is moved, sent or asked").waitFor();
  await dialog.getByLabel(/reason/i).fill("to see how it looks");
  await dialog.getByRole("button", { name: /^Quarantine/ }).click();
  await dialog.getByText("Verified", { exact: false }).first().waitFor();
  await page.keyboard.press("Escape");
  await page.goto(`${server.url}/sample/incidents/inc-214?tab=activity`);
  await page.getByRole("button", { name: /as a pack/ }).click();
  await page.getByText("nothing is made, asked, sent or exported from it").waitFor();
  assert.equal(await page.getByText("to see how it looks").count(), 0);
  assert.deepEqual(
    asked.filter((it) => it.startsWith("/api")),
    [],
  );
  assert.equal(server.state.actions.length, 0);
  await close();
});
