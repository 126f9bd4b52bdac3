// Goes to every screen, and stops at each in both themes and at both widths.
import { setTimeout as wait } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import type { Screen } from "./screens.ts";
import { sessionScript, startFixture } from "./server.ts";

/** One look at a screen. */
export interface Look {
  readonly screen: Screen;
  readonly page: Page;
  readonly theme: "dark" | "light";
  readonly width: 1280 | 1920;
}

/** In this order each look differs from the one before by theme or by width alone. */
const looks = [
  ["dark", 1280],
  ["light", 1280],
  ["light", 1920],
  ["dark", 1920],
] as const;

/** Longest wait for a screen to stand, in ms: a machine that does other things too. */
const standMs = 60_000;

/** Walks one browser page through the screens. `wrong` tells errors, refusals of the policy and requests to elsewhere. */
export async function walk(
  browser: Browser,
  screens: readonly Screen[],
  { look, wrong }: { look: (it: Look) => Promise<void>; wrong: (text: string) => void },
): Promise<void> {
  for (const mood of ["busy", "empty", "broken"] as const) {
    const here = screens.filter((it) => (it.mood ?? "busy") === mood);
    if (here.length === 0) continue;
    const server = await startFixture({ mood });
    const context = await browser.newContext();
    try {
      await context.addInitScript(sessionScript);
      const page = await context.newPage();
      page.setDefaultTimeout(standMs);
      const quiet = listened(page, server.url, (text) => mood !== "broken" && wrong(text));
      let anew = true;
      for (const screen of here) {
        await page.setViewportSize({ width: 1280, height: 800 });
        await page.emulateMedia({ colorScheme: "dark" });
        await go(page, server.url, screen, anew);
        // What was opened by hand, and the sample, go by loading the page anew.
        anew = screen.act !== undefined || screen.path.startsWith("/sample");
        for (const [theme, width] of looks) {
          await page.emulateMedia({ colorScheme: theme });
          await page.setViewportSize({ width, height: width === 1280 ? 800 : 1080 });
          await quiet();
          await look({ screen, page, theme, width });
        }
      }
    } finally {
      await context.close();
      await server.close();
    }
  }
}

async function go(page: Page, url: string, { name, path, sees, act }: Screen, anew: boolean): Promise<void> {
  // Within the console no page is loaded anew: the router follows the address.
  if (anew || path.startsWith("/sample") || path.startsWith("/invitation")) await page.goto(url + path);
  else await page.evaluate((to) => history.pushState({}, "", to), path);
  await act?.(page);
  const stands = page.locator("main, dialog, body > #root").getByText(sees).first();
  await stands.waitFor({ timeout: standMs }).catch((cause: unknown) => {
    throw new Error(`${name}: ${path} never showed ${String(sees)}`, { cause });
  });
}

/** Hears what goes wrong; answers with a wait until every request of the API is answered and what came is drawn. */
function listened(page: Page, url: string, wrong: (text: string) => void): () => Promise<void> {
  const open = new Set<unknown>();
  page.on("pageerror", (it) => wrong(String(it)));
  page.on("console", (it) => {
    if (it.type() === "error" || it.type() === "warning") wrong(`${it.text()} (${it.location().url})`);
  });
  page.on("request", (it) => {
    if (!it.url().startsWith(url)) wrong(`asked for ${it.url()}`);
    if (!it.url().endsWith("/api/live")) open.add(it);
  });
  page.on("requestfinished", (it) => open.delete(it));
  page.on("requestfailed", (it) => open.delete(it));
  page.on("framenavigated", () => open.clear());
  const drawn = () =>
    page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0)))));
  return async () => {
    const until = Date.now() + standMs;
    await drawn();
    while (open.size > 0 && Date.now() < until) await wait(10);
    await drawn();
  };
}
