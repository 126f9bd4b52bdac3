// Dialogs by keys alone: where the focus goes, in which order, and where it is afterwards.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { aBrowser, noBrowser as skip } from "../dev/browser.ts";
import { sessionScript, startFixture, type FixtureServer } from "../dev/server.ts";

let browser: Browser;
let server: FixtureServer;
before(async () => {
  if (skip) return;
  [browser, server] = await Promise.all([aBrowser(), startFixture()]);
});
after(async () => {
  await browser?.close();
  await server?.close();
});

interface Case {
  readonly name: string;
  readonly path: string;
  /** The button that opens it. */
  readonly opener: RegExp;
  /** What is done first, by keys. */
  readonly keys?: readonly string[];
  /** What has the focus at first: the dialog itself, or the field in it that must be filled. */
  readonly first: "dialog" | "field";
}

const cases: readonly Case[] = [
  { name: "Respond", path: "/incidents/inc-214", opener: /^Respond/, first: "dialog" },
  { name: "Split: take alerts out", path: "/incidents/inc-214?tab=alerts", opener: /^Split/, first: "dialog" },
  { name: "Merge 2 incidents", path: "/incidents", opener: /^Merge/, keys: ["x", "j", "x"], first: "field" },
  { name: "Close INC-214", path: "/incidents/inc-214", opener: /^Close/, first: "dialog" },
  { name: "Ask gpu-9", path: "/hosts?sel=h-1", opener: /^Ask this host/, first: "field" },
  { name: "Pin", path: "/events?sel=e-100", opener: /^Pin to an incident/, first: "dialog" },
];

for (const it of cases) {
  test(
    `${it.name}: Tab walks it in reading order and never leaves it; Escape gives the focus back`,
    { skip },
    async (t) => {
      const page = await aPage(t, it.path);
      await page.locator("main [role=row], main h2").nth(1).waitFor();
      for (const key of it.keys ?? []) await page.keyboard.press(key);
      const opener = page.getByRole("button", { name: it.opener });
      await opener.focus();
      await page.keyboard.press("Enter");
      await page.getByRole("dialog").waitFor();
      assert.match(await page.locator("dialog h1").innerText(), new RegExp(`^${it.name}`));
      if (it.first === "dialog") await focused(page, "dialog");
      else await page.waitForFunction(() => document.activeElement?.matches("dialog textarea, dialog input"));

      await page.locator("dialog").focus();
      const expected = await stops(page);
      assert.ok(expected.length >= 2, "there is something to walk");
      const walked: string[] = [];
      for (let i = 0; i < expected.length; i++) {
        await page.keyboard.press("Tab");
        walked.push(await current(page));
      }
      assert.deepEqual(walked, expected);

      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.waitForFunction(() => document.activeElement !== document.body);
      assert.ok(await opener.evaluate((one) => one === document.activeElement), "the focus is back on what opened it");
    },
  );
}

test("an approval is given by keys alone, and the focus stays in the page", { skip }, async (t) => {
  const page = await aPage(t, "/actions?sel=act-5");
  const reason = page.getByLabel("Reason, for the evidence");
  await reason.focus();
  await page.keyboard.type("looked at with the owner");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByText("looked at with the owner").first().waitFor();
  await reason.waitFor({ state: "detached" });
  assert.equal(server.state.actions.find(({ id }) => id === "act-5")?.state, "verified");
  await page.waitForFunction(() => document.activeElement !== document.body);
});

async function aPage(t: { after(it: () => Promise<void>): void }, path: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  t.after(() => context.close());
  await context.addInitScript(sessionScript);
  const page = await context.newPage();
  await page.goto(server.url + path);
  return page;
}

async function focused(page: Page, selector: string): Promise<void> {
  await page.waitForFunction((it) => document.activeElement?.matches(it), selector);
}

/** What Tab should stop at, in reading order: of radio buttons of one name one alone, of what is disabled none. */
function stops(page: Page): Promise<string[]> {
  return page.locator("dialog").evaluate((dialog) => {
    const all = [
      ...dialog.querySelectorAll<HTMLInputElement>("a[href], button, input, textarea, select, [tabindex='0']"),
    ];
    const radios = new Set<string>();
    return all
      .filter((it) => !it.disabled && it.offsetParent !== null)
      .filter((it) => {
        if (it.type !== "radio") return true;
        const group = all.filter((one) => one.type === "radio" && one.name === it.name);
        if (group.some((one) => one.checked)) return it.checked;
        return !radios.has(it.name) && radios.add(it.name) !== undefined;
      })
      .map((it) => `${it.tagName} ${it.getAttribute("aria-label") ?? it.labels?.[0]?.textContent ?? it.textContent}`);
  });
}

function current(page: Page): Promise<string> {
  return page.evaluate(() => {
    const it = document.activeElement as HTMLInputElement | null;
    if (!it?.closest("dialog")) return `outside: ${it?.tagName}`;
    return `${it.tagName} ${it.getAttribute("aria-label") ?? it.labels?.[0]?.textContent ?? it.textContent}`;
  });
}
