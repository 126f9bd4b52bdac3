// The browser that tests and photographs use: this machine's own Chromium, without a window.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser } from "playwright-core";
import { consoleDir } from "../src/index.ts";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

/** Why no test can run that needs a browser and a built console; false if it can. */
export const noBrowser: string | false =
  (!executablePath && "no Chromium on this machine") ||
  (!existsSync(join(consoleDir, "index.html")) && "the console is not built: npm run build");

/** How long a browser may take to start, and a page for what a test waits for, on a machine that has other work, in ms: deadlines, no measures. */
const [startMs, pageMs] = [180_000, 90_000];

export async function aBrowser(): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: executablePath ?? "",
    timeout: startMs,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  });
  return patient(browser);
}

/** Gives every page of a browser that time. */
function patient(browser: Browser): Browser {
  const plain = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await plain(options);
    context.setDefaultTimeout(pageMs);
    return context;
  };
  return browser;
}
