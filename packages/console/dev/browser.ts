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

export function aBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: executablePath ?? "",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  });
}
