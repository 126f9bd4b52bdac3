// A page of HTML as a PDF, by the browser of this machine.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CliError } from "./error.ts";

const browsers = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** Longest that printing may take, in ms: a report of a few hundred lines takes seconds. */
const printMs = 60_000;

/**
 * The page runs nothing and asks nobody: its own policy says so, the browser resolves no name, and its profile is a fresh folder that
 * is removed.
 *
 * @throws {CliError} FAILED where there is no browser, or it prints nothing.
 */
export async function printedPage(text: string): Promise<Buffer> {
  const browser = browsers.find(existsSync);
  if (!browser)
    throw new CliError("FAILED", "there is no Chromium to print with: take --as html, and print it in a browser");
  const folder = await mkdtemp(join(tmpdir(), "outweigh-print-"));
  const page = join(folder, "page.html");
  const pdf = join(folder, "page.pdf");
  try {
    await writeFile(page, text, { mode: 0o600 });
    await ended(browser, [
      "--headless",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--host-resolver-rules=MAP * ~NOTFOUND",
      // Chromium's sandbox refuses to run as root; the page has no scripts.
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      `--user-data-dir=${join(folder, "profile")}`,
      "--no-pdf-header-footer",
      `--print-to-pdf=${pdf}`,
      pathToFileURL(page).href,
    ]);
    return await readFile(pdf);
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError("FAILED", `${browser} printed nothing: take --as html`, { cause });
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function ended(program: string, args: readonly string[]): Promise<void> {
  return new Promise((done, failed) => {
    const child = spawn(program, args, { stdio: "ignore", timeout: printMs });
    child.once("error", failed);
    child.once("close", (code) => (code === 0 ? done() : failed(new Error(`it ended with ${code}`))));
  });
}
