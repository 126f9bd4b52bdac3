// Every screen, dark and light, at two widths: accessible, under the real policy, asking nobody else.
import assert from "node:assert/strict";
import { test } from "node:test";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { aBrowser, noBrowser } from "../dev/browser.ts";
import { photograph } from "../dev/photograph.ts";
import { screens, type Screen } from "../dev/screens.ts";
import { walk, type Look } from "../dev/walk.ts";

/** Where the photographs of this walk are kept; nowhere unless it is named. */
const folder = process.env["OUTWEIGH_SCREENSHOTS"];

const isPlain = ({ mood, act }: Screen) => mood === undefined && act === undefined;
const isList = ({ path }: Screen) => path.lastIndexOf("/") === 0;

const groups: Readonly<Record<string, readonly Screen[]>> = {
  "every list": screens.filter((it) => isPlain(it) && isList(it)),
  "every page": screens.filter((it) => isPlain(it) && !isList(it)),
  "every dialog": screens.filter((it) => it.act !== undefined),
  "what is empty or broken": screens.filter((it) => it.mood !== undefined),
};

for (const [name, some] of Object.entries(groups)) {
  test(`${name}: accessible, under the policy, asking nobody else`, { skip: noBrowser }, async (t) => {
    const browser = await aBrowser();
    t.after(() => browser.close());
    const wrong: string[] = [];
    const found: string[] = [];
    await walk(browser, some, {
      look: async (it) => {
        for (const one of await violations(it)) found.push(`${it.screen.name} ${it.theme} ${it.width}: ${one}`);
        if (folder) await photograph(folder, it);
      },
      wrong: (text) => wrong.push(text),
    });
    assert.deepEqual(found, []);
    assert.deepEqual(wrong, []);
  });
}

/** What axe finds serious or worse. All rules once at each width; what differs between the themes is contrast alone. */
async function violations({ page, theme, width }: Look): Promise<string[]> {
  const all = (theme === "dark") === (width === 1280);
  await withAxe(page);
  return page.evaluate(
    async (options) => {
      const { violations: found } = await Reflect.get(globalThis, "axe").run(options);
      return found
        .filter((it: { impact: string }) => it.impact === "serious" || it.impact === "critical")
        .map((it: { id: string; nodes: { html: string }[] }) => `${it.id}: ${it.nodes[0]?.html}`);
    },
    { resultTypes: ["violations"], ...(!all && { runOnly: ["color-contrast"] }) },
  );
}

/** Puts axe into the page, once for each time that it is loaded. */
async function withAxe(page: Page): Promise<void> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe.source);
}
