// Photographs every page, dark and light, at two widths: `node dev/shots.ts FOLDER [name…]`. Wants a built console and Chromium.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { clients } from "../src/sample/world/clients.ts";
import { aBrowser } from "./browser.ts";
import { sessionScript, startFixture, type Mood } from "./server.ts";

interface Shot {
  readonly name: string;
  readonly path: string;
  readonly mood?: Mood;
  readonly act?: (page: Page) => Promise<void>;
}

/** The client that a gateway's detectors found, as an address names it. */
const resell = encodeURIComponent(clients.find((it) => it.principal === "resell/eu")?.id ?? "");

const shots: readonly Shot[] = [
  { name: "incidents", path: "/incidents" },
  { name: "sample", path: "/sample/incidents" },
  { name: "sample-incident", path: "/sample/incidents/inc-214" },
  { name: "incident", path: "/incidents/inc-214" },
  { name: "incident-graph", path: "/incidents/inc-214?tab=graph" },
  { name: "incident-alerts", path: "/incidents/inc-214?tab=alerts" },
  { name: "incident-activity", path: "/incidents/inc-214?tab=activity" },
  { name: "alerts", path: "/alerts?sel=a-1" },
  { name: "alert", path: "/alerts/a-1" },
  { name: "events", path: "/events" },
  { name: "event", path: "/events?sel=e-100&wide=1" },
  { name: "entity", path: "/entities/principal/arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fanalytics" },
  { name: "models", path: "/models" },
  { name: "model", path: "/models/acme-13b" },
  { name: "sources", path: "/sources?sel=registry" },
  { name: "source-mixed", path: "/sources?sel=logs" },
  { name: "hosts", path: "/hosts?sel=h-1" },
  { name: "empty-hosts", path: "/hosts", mood: "empty" },
  { name: "host", path: "/hosts/h-1" },
  { name: "host-timeline", path: "/hosts/h-1?tab=timeline&filter=" },
  { name: "host-egress", path: "/hosts/h-1?tab=egress" },
  { name: "host-scans", path: "/hosts/h-1?tab=scans" },
  { name: "host-agent", path: "/hosts/h-1?tab=agent" },
  { name: "host-nothing", path: "/hosts/h-2" },
  { name: "posture", path: "/posture" },
  {
    name: "posture-history",
    path: "/posture",
    act: async (page) => {
      await page.getByRole("button", { name: "Evidence and history" }).nth(1).click();
    },
  },
  { name: "posture-paths", path: "/posture?tab=paths" },
  {
    name: "posture-proof",
    path: "/posture?tab=paths",
    act: async (page) => {
      await page.getByRole("button", { name: "member of docker: ann to root of gpu-9, verified" }).press("Enter");
    },
  },
  { name: "posture-coverage", path: "/posture?tab=coverage" },
  { name: "scans", path: "/scans/gpu-9" },
  { name: "empty-posture", path: "/posture?tab=paths", mood: "empty" },
  {
    name: "ask-host",
    path: "/hosts?sel=h-1",
    act: async (page) => {
      await page.getByRole("button", { name: "Ask this host" }).click();
      await page.getByRole("dialog").waitFor({ timeout: 3000 });
    },
  },
  {
    name: "host-facts",
    path: "/hosts?sel=h-1",
    act: async (page) => {
      await page.getByRole("button", { name: "Read the facts" }).click();
      await page.getByRole("dialog").waitFor({ timeout: 3000 });
    },
  },
  { name: "clients", path: `/clients?sel=${resell}` },
  { name: "client", path: `/clients/${resell}` },
  { name: "clients-beside", path: `/clients/${resell}/beside/${resell.replace("eu", "us")}` },
  { name: "client-keys", path: "/client-keys" },
  { name: "empty-clients", path: "/clients", mood: "empty" },
  { name: "empty-client-keys", path: "/client-keys", mood: "empty" },
  {
    name: "order-client",
    path: `/clients/${resell}`,
    act: async (page) => {
      await page.getByRole("button", { name: "Turn here: Label only" }).click();
      await page.getByText("What would happen").waitFor({ timeout: 3000 });
    },
  },
  {
    name: "make-key",
    path: "/client-keys",
    act: async (page) => {
      await page.getByRole("button", { name: "Make a key" }).click();
      await page.getByRole("dialog").waitFor({ timeout: 3000 });
    },
  },
  { name: "rules", path: "/rules" },
  { name: "own-rules", path: "/own-rules" },
  { name: "own-rule-draft", path: "/own-rules/draft?by=alert&sel=a-1" },
  { name: "empty-own-rules", path: "/own-rules", mood: "empty" },
  { name: "actions", path: "/actions?sel=act-2" },
  { name: "action-undone", path: "/actions?sel=act-4" },
  { name: "action-seen", path: "/actions?sel=act-6" },
  { name: "action-unknown", path: "/actions?sel=act-8" },
  {
    name: "settings-connections",
    path: "/settings",
    act: async (page) => {
      for (const name of ["hub", "code"])
        await page.getByRole("button", { name: `Test the connection ${name}` }).click();
      await page.getByText("the token sees").scrollIntoViewIfNeeded();
    },
  },
  { name: "invitation", path: "/invitation#x" },
  {
    name: "hunt-rule",
    path: "/events?filter=principal:old-ci",
    act: async (page) => {
      await page.getByRole("button", { name: "Make a rule" }).click();
      await page.getByRole("dialog").waitFor({ timeout: 3000 });
    },
  },
  {
    name: "pin",
    path: "/events?sel=e-100",
    act: async (page) => {
      await page.getByRole("button", { name: "Pin to an incident" }).click();
      await page.getByRole("dialog").waitFor({ timeout: 3000 });
    },
  },
  { name: "events-sorted", path: "/events?sort=time" },
  { name: "report", path: "/report" },
  { name: "evidence", path: "/evidence" },
  { name: "empty", path: "/incidents", mood: "empty" },
  { name: "empty-models", path: "/models", mood: "empty" },
  { name: "empty-sources", path: "/sources", mood: "empty" },
  { name: "broken", path: "/events", mood: "broken" },
  {
    name: "guide",
    path: "/incidents",
    act: async (page) => {
      await page.keyboard.press("?");
      await page.getByRole("dialog").waitFor({ timeout: 3000 });
    },
  },
  {
    name: "palette",
    path: "/incidents",
    act: async (page) => {
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox", { name: "Find anything" }).fill("acme");
    },
  },
  {
    name: "respond",
    path: "/incidents/inc-214",
    act: async (page) => {
      await page.getByText("What happened").waitFor();
      await page.keyboard.press("r");
      await page.getByRole("dialog").getByText("Quarantine m.gguf").click();
      await page.getByLabel(/reason/i).fill("not a declared copy");
    },
  },
  {
    name: "close",
    path: "/incidents/inc-214",
    act: async (page) => {
      await page.getByText("What happened").waitFor();
      await page.keyboard.press("e");
      await page.getByText("True positive").click();
    },
  },
  {
    name: "filter",
    path: "/incidents",
    act: async (page) => {
      await page.keyboard.press("/");
      await page.getByLabel("Filter", { exact: true }).fill("status:open m");
    },
  },
  {
    name: "bulk",
    path: "/incidents",
    act: async (page) => {
      for (const key of ["x", "j", "x", "j", "x"]) await page.keyboard.press(key);
    },
  },
];

const [folder = "shots", ...names] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const browser = await aBrowser();
for (const mood of ["busy", "empty", "broken"] as const) {
  const server = await startFixture({ mood });
  for (const colorScheme of ["dark", "light"] as const) {
    for (const width of [1280, 1920]) {
      const page = await browser.newPage({ colorScheme, viewport: { width, height: width === 1280 ? 800 : 1080 } });
      await page.addInitScript(sessionScript);
      page.on("pageerror", (error) => console.error(`${error}`));
      page.on("console", (it) => it.type() === "error" && console.error(it.text()));
      for (const { name, path, mood: wanted = "busy", act } of shots) {
        if (wanted !== mood || (names.length > 0 && !names.includes(name))) continue;
        await page.goto(server.url + path);
        await page.locator("main").waitFor();
        await page.waitForTimeout(500);
        await act?.(page);
        await page.waitForTimeout(200);
        await page.screenshot({ path: join(folder, `${name}-${colorScheme}-${width}.png`) });
      }
      await page.close();
    }
  }
  await server.close();
}
await browser.close();
