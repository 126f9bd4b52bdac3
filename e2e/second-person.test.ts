// Two people: one is invited, sets a password and an authenticator, and proposes; another agrees, sees it done, and takes it back.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { consoleDir } from "@outweigh/console";
import type { Browser, Page } from "playwright-core";
import { aServer } from "../packages/server/src/testing/a-server.ts";
import { codeOf, password } from "../packages/server/src/testing/an-account.ts";
import { apiOf, noBrowser, openBrowser, picture } from "./world/browser.ts";
import { run, storyFolder } from "./world/platform.ts";
import { safetensors } from "./world/weights.ts";

const policy = `
- { when: { rule: undeclared-copy }, do: [quarantine-file], approval: two-people, lasts: 12h, why: it may be in use }
`;
const late = { timeout: 90_000 };

test("what touches production is done by two people", { skip: noBrowser, timeout: 600_000 }, async (t) => {
  const folder = storyFolder("second-person");
  const root = folder.path;
  const place = join(root, "srv", "models", "acme-13b");
  mkdirSync(place, { recursive: true });
  mkdirSync(join(root, "home"));
  writeFileSync(join(place, "model.safetensors"), safetensors("acme-13b", [0, 1]));
  const stray = join(root, "home", "holiday.bin");
  writeFileSync(stray, safetensors("acme-13b", [0, 1]));
  const bytes = readFileSync(stray);
  const scan = JSON.parse(run(["scan", root, "--json"], root).stdout);
  const [{ digest, bytes: size }] = scan.models;

  const models = [{ name: "acme-13b", class: "private" as const, digest, bytes: size, places: [`file:${place}`] }];
  const content = { rules: [], playbooks: [], policy };
  const server = await aServer(
    join(root, "data"),
    { models, sources: [{ name: "scan", kind: "scan" }] },
    { content, consoleDir },
  );
  const browser = await openBrowser();
  t.after(async () => {
    await browser.close();
    await server.close();
    folder.remove();
  });
  writeFileSync(join(root, "outweigh.yml"), JSON.stringify({ models }));
  const report = JSON.parse(run(["scan", root, "--json"], root).stdout);
  const sent = await fetch(`${server.url}/api/ingest/scan`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.token("scan")}` },
    body: JSON.stringify({ ...report, host: hostname() }),
  });
  assert.equal(sent.status, 200);

  const wrong: string[] = [];
  const operator = await person(browser, server.openUrl, wrong);
  const ana = await invited(operator, { name: "ana", role: "analyst", browser, wrong });
  const lee = await invited(operator, { name: "lee", role: "lead", browser, wrong });
  await picture(operator, "accounts-settings");

  // Ana proposes. Her own word is not enough, and the page says so.
  await ana.page.goto(`${server.url}/incidents`);
  await ana.page
    .getByRole("row", { name: /acme-13b/ })
    .first()
    .click(late);
  await ana.page.keyboard.press("r");
  const dialog = ana.page.getByRole("dialog");
  await dialog.getByRole("radio", { name: /quarantine/i }).click();
  await dialog.getByText(/It ends by itself after 12 h/).waitFor();
  await dialog.getByLabel(/reason/i).fill("nobody declared it");
  await picture(ana.page, "approval-proposing");
  await dialog.getByRole("button", { name: /^Propose/ }).click();
  await dialog.getByText("You proposed it: somebody else must agree.").waitFor();
  assert.ok(existsSync(stray), "nothing is done yet");

  // Lee signs in anew, by name, and agrees.
  await lee.page.getByRole("button", { name: /lee/ }).click();
  await lee.page.getByText("Sign this browser out").click();
  await lee.page.getByRole("heading", { name: "Sign in to Outweigh" }).waitFor(late);
  await picture(lee.page, "accounts-sign-in");
  await lee.page.getByLabel("Name").fill("lee");
  await lee.page.getByLabel("Password").fill(password);
  await lee.page.getByLabel(/^Code/).fill(codeOf(lee.secret, 1));
  await lee.page.getByRole("button", { name: "Sign in" }).click();
  await lee.page.getByRole("link", { name: /^Actions/ }).click(late);
  const pane = lee.page.getByRole("complementary");
  await pane.getByText("Waits for approval").waitFor(late);
  await pane.getByLabel(/reason/i).fill("asked the owner: it is a stray");
  await picture(lee.page, "approval-pending");
  await pane.getByRole("button", { name: "Approve and do it" }).click();
  await pane.getByText("✓ Verified").waitFor(late);
  assert.equal(existsSync(stray), false);
  await lee.page.emulateMedia({ colorScheme: "light" });
  await picture(lee.page, "approval-done-light");

  await pane.getByRole("button", { name: "Undo" }).click();
  await pane.getByLabel(/reason for undoing/i).fill("the owner wants it back");
  await pane.getByRole("button", { name: "Undo it" }).click();
  await pane.getByText("Undone", { exact: true }).first().waitFor(late);
  assert.deepEqual(readFileSync(stray), bytes);

  const api = await apiOf(lee.page);
  const { items, chain } = await (await api.get("/api/evidence?filter=kind:action*")).json();
  assert.equal(chain.ok, true);
  const told = items.map(({ kind, by }: { kind: string; by: string }) => `${kind} by ${by}`).toReversed();
  assert.deepEqual(told, [
    "action-previewed by ana",
    "action-proposed by ana",
    "action-approved by lee",
    "action-applied by lee",
    "action-undone by lee",
  ]);
  assert.deepEqual(wrong, [], "the strict policy of the pages was kept");
});

/** A browser of somebody's own, at an address; what goes wrong in it is noted. */
async function person(browser: Browser, address: string, wrong: string[]): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: "dark" });
  const page = await context.newPage();
  page.on("pageerror", (it) => wrong.push(String(it)));
  page.on("console", (it) => {
    // A refused request is an answer here: the page of a browser that is not signed in.
    if (it.type() === "error" && !/status of 401/.test(it.text())) wrong.push(it.text());
  });
  await page.goto(address);
  return page;
}

interface Invited {
  readonly name: string;
  readonly role: string;
  readonly browser: Browser;
  readonly wrong: string[];
}

/** Invites somebody by the console, and accepts in a browser of their own. */
async function invited(
  operator: Page,
  { name, role, browser, wrong }: Invited,
): Promise<{ page: Page; secret: string }> {
  await operator.getByRole("link", { name: "Settings" }).click(late);
  await operator.getByRole("button", { name: "Invite a person" }).click(late);
  const dialog = operator.getByRole("dialog");
  await dialog.getByLabel(/^Name/).fill(name);
  await dialog.getByLabel("Role").selectOption(role);
  await dialog.getByRole("button", { name: "Make the invitation" }).click();
  const link = await dialog.getByText(/\/invitation#/).textContent(late);
  await picture(operator, `accounts-invited-${name}`);
  await dialog.getByRole("button", { name: "Done" }).click();

  const page = await person(browser, link ?? "", wrong);
  const shown = page.locator("[data-secret]");
  await shown.waitFor(late);
  const secret = (await shown.getAttribute("data-secret")) ?? "";
  await picture(page, `accounts-accepting-${name}`);
  await page.getByLabel(/^Password/).fill(password);
  await page.getByLabel(/^The code/).fill(codeOf(secret));
  await page.getByRole("button", { name: "Set password and sign in" }).click();
  await page.getByRole("heading", { name: "Keep these codes" }).waitFor(late);
  await picture(page, `accounts-recovery-${name}`);
  await page.getByRole("button", { name: "I have kept them" }).click();
  await page.getByRole("link", { name: /^Incidents/ }).waitFor(late);
  return { page, secret };
}
