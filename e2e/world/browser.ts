// A headless Chromium, where the machine has one.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { sessionHeader } from "@outweigh/schema";
import { chromium, type APIResponse, type Browser, type Page } from "playwright-core";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((it) =>
  existsSync(it),
);

/** Why browser stories cannot run here, or false: what a test's `skip` wants. */
export const noBrowser: string | false = executablePath
  ? false
  : "no Chromium on this machine (Debian: apt-get install chromium)";

export async function openBrowser(): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: executablePath ?? "",
    timeout: 180_000,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  const plain = browser.newContext.bind(browser);
  // A page has the time that a machine with other work takes.
  browser.newContext = async (options) => {
    const context = await plain(options);
    context.setDefaultTimeout(90_000);
    return context;
  };
  return browser;
}

/** Keeps a picture of a page among the run's artefacts, or in the folder that `OUTWEIGH_PICTURES` names. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.OUTWEIGH_PICTURES ?? join(import.meta.dirname, "..", "artefacts");
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** The API as the session of a page reaches it: with its cookie and its key. */
export interface PageApi {
  get(path: string): Promise<APIResponse>;
  post(path: string, data: object): Promise<APIResponse>;
}

/** Once the page is signed in. */
export async function apiOf(page: Page): Promise<PageApi> {
  const key = await page.evaluate((name) => sessionStorage.getItem(name), sessionHeader);
  const { origin } = new URL(page.url());
  const headers = { origin, [sessionHeader]: key ?? "" };
  return {
    get: (path) => patiently(() => page.request.get(origin + path, { headers })),
    post: (path, data) => patiently(() => page.request.post(origin + path, { data, headers })),
  };
}

/** Asks again while the server says that it is busy, as it asks for: then it did nothing. For two minutes. */
async function patiently(ask: () => Promise<APIResponse>): Promise<APIResponse> {
  for (const began = Date.now(); ; await new Promise((done) => setTimeout(done, 200))) {
    const answer = await ask();
    if (answer.status() !== 503 || Date.now() - began > 120_000) return answer;
  }
}
