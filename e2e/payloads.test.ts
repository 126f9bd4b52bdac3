// Script, formulas, terminal escapes and marks of direction in every field of every kind of record: sent to a real server, and looked
// at on every page that shows them. Nothing runs, everything is text, what cannot be seen is shown by name.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { noBrowser, openBrowser, picture } from "./world/browser.ts";
import { sitDown, type Desk } from "./world/desk.ts";
import { benignRecords, poisoned } from "./world/payloads.ts";
import { run, storyFolder, up } from "./world/platform.ts";

/** What must never reach a screen as it is: controls, escapes, overrides and isolates of direction, halves of pairs. */
const raw = /(?![\n\t\r])[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u;
/** Kinds that a token of a source may not send, and why. */
const signed: Readonly<Record<string, string>> = {
  scan: "needs a host's own token: sent below",
  agent: "signed reports of an enrolled agent alone; replayed below by the command line",
  gateway: "signed reports of an enrolled gateway alone; replayed below by the command line",
};

test("no payload in any field runs, or hides, anywhere", { skip: noBrowser, timeout: 600_000 }, async (t) => {
  const folder = storyFolder("payloads");
  t.after(() => folder.remove());
  const data = join(folder.path, "data");
  const records = new Map([...benignRecords()].map(([kind, all]) => [kind, all.flatMap(poisoned)]));
  const kinds = [...records.keys()].filter((it) => !(it in signed));
  writeFileSync(
    join(folder.path, "outweigh.yml"),
    JSON.stringify({
      models: [
        {
          name: "acme-13b",
          class: "private",
          places: ["hf:acme/acme-13b", "file:/srv/models/acme-13b", "s3://acme-models/acme-13b/"],
        },
      ],
      sources: kinds.map((kind) => ({ name: `p-${kind}`, kind })),
    }),
  );
  const platform = await up(["--data", data, "--no-scan"], folder.path);
  t.after(() => platform.stop());
  const desk = await sitDown(platform, data, folder.path);
  for (const kind of kinds) await desk.send(`p-${kind}`, records.get(kind) ?? []);
  await sendScans(platform.url, data, folder.path, records.get("scan") ?? []);
  const sources = await settled(desk, kinds.length);
  const shown = kinds.filter((kind) => (sources.find(({ name }) => name === `p-${kind}`)?.events ?? 0) > 0);
  assert.ok(shown.length >= 22, `no event came of ${kinds.filter((it) => !shown.includes(it)).join(", ")}`);

  const browser = await openBrowser();
  t.after(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const wrong = watched(page);
  await page.addInitScript(() => {
    const found: string[] = [];
    Reflect.set(globalThis, "violations", found);
    Reflect.get(globalThis, "document").addEventListener(
      "securitypolicyviolation",
      (it: { blockedURI: string; violatedDirective: string }) => found.push(`${it.violatedDirective} ${it.blockedURI}`),
    );
  });
  const { openUrl }: { openUrl: string } = JSON.parse(run(["open", "--data", data, "--json"], folder.path).stdout);
  await page.goto(openUrl);
  const places = await placesOf(desk, kinds);
  const seen = { names: 0 };
  for (const place of places) {
    await page.goto(platform.url + place);
    await page.locator("main h1, main h2, main [role=grid]").first().waitFor({ timeout: 90_000 });
    const { text, hidden, made, violations } = await looked(page);
    assert.deepEqual([made, violations, wrong], [[], [], []], place);
    assert.doesNotMatch(text, raw, place);
    assert.deepEqual(
      hidden.filter((it) => raw.test(it)),
      [],
      place,
    );
    if (/U\+202E|U\+001B/.test(text)) seen.names++;
  }
  await picture(page, "payloads");
  assert.ok(seen.names > 0, "hidden characters were shown by name nowhere");
  t.diagnostic(
    `${[...records.values()].flat().length} records of ${records.size} kinds, ${places.length} pages, ${seen.names} name a hidden character`,
  );

  await exportsAreSafe(desk, platform.url);
  commandsAreSafe(folder.path, data, records);
});

/** What a page made of the payloads: elements that no page of ours has, and attributes that are shown. */
function looked(page: Page): Promise<{ text: string; hidden: string[]; made: string[]; violations: string[] }> {
  return page.evaluate(() => {
    const root = Reflect.get(globalThis, "document");
    const all = [...root.querySelectorAll("main *")];
    const attribute = (name: string) => all.flatMap((it) => it.getAttribute(name) ?? []);
    return {
      text: root.body.innerText,
      hidden: [...attribute("title"), ...attribute("aria-label"), root.title],
      made: all
        .filter((it) => it.matches("img, script, iframe, object, [onerror], [onload], a[href^='javascript:']"))
        .map((it) => it.outerHTML),
      violations: Reflect.get(globalThis, "violations"),
    };
  });
}

function watched(page: Page): string[] {
  const wrong: string[] = [];
  page.on("pageerror", (it) => wrong.push(String(it)));
  page.on("console", (it) => it.type() === "error" && !/status of 503/.test(it.text()) && wrong.push(it.text()));
  page.on("dialog", (it) => {
    wrong.push(`a dialog: ${it.message()}`);
    void it.dismiss();
  });
  return wrong;
}

async function sendScans(url: string, data: string, cwd: string, scans: readonly string[]): Promise<void> {
  const made = run(["token", "create", "--source", "scan", "--host", "gpu-7", "--data", data, "--json"], cwd);
  assert.equal(made.code, 0, made.stderr);
  const { secret }: { secret: string } = JSON.parse(made.stdout);
  for (const body of scans.slice(0, 60)) {
    const answer = await fetch(`${url}/api/ingest/scan`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}` },
      body,
    });
    assert.ok(answer.status < 500, await answer.text());
  }
}

interface Source {
  readonly name: string;
  readonly records: number;
  readonly events: number;
  readonly rejects: number;
}

/** All sources, once what was sent is read: nothing more comes. */
async function settled(desk: Desk, least: number): Promise<Source[]> {
  let before = "";
  for (const until = Date.now() + 240_000; Date.now() < until; await new Promise((done) => setTimeout(done, 1000))) {
    const { items } = (await desk.get("/api/sources?limit=200")) as { items: Source[] };
    const now = JSON.stringify(items.map((it) => [it.name, it.records, it.rejects]));
    if (now === before && items.filter((it) => it.records > 0).length >= least) return items;
    before = now;
  }
  throw new Error(`not read within four minutes: ${before}`);
}

/** Every page that shows what was sent. */
async function placesOf(desk: Desk, kinds: readonly string[]): Promise<string[]> {
  const ids = async (path: string) => ((await desk.get(path)) as { items: { id: string; principal?: string }[] }).items;
  const incidents = (await ids("/api/incidents?limit=200")).slice(0, 2);
  const alerts = (await ids("/api/alerts?limit=200")).slice(0, 3);
  const hostile = (await ids("/api/events?limit=500")).filter(
    (it) => raw.test(it.principal ?? "") || it.principal?.includes("<"),
  );
  return [
    "/incidents",
    ...incidents.flatMap(({ id }) =>
      ["", "?tab=graph", "?tab=alerts", "?tab=activity"].map((tab) => `/incidents/${id}${tab}`),
    ),
    "/alerts",
    ...alerts.map(({ id }) => `/alerts/${encodeURIComponent(id)}`),
    "/events",
    ...kinds.filter((_, i) => i % 3 === 0).map((kind) => `/events?filter=source:p-${kind}&wide=1`),
    ...hostile
      .slice(0, 4)
      .map(({ principal = "" }) => `/entities/principal/${encodeURIComponent(principal.toWellFormed())}`),
    "/models",
    "/models/acme-13b",
    ...kinds.filter((_, i) => i % 4 === 0).map((kind) => `/sources?sel=p-${kind}`),
  ].concat(["/hosts", "/clients", "/posture", "/rules", "/actions", "/evidence", "/report", "/settings"]);
}

/** Formulas are none in a spreadsheet; a report is no page of its own. */
async function exportsAreSafe(desk: Desk, url: string): Promise<void> {
  const [incident] = await desk.incidents();
  assert.ok(incident, "no incident came of it");
  const csv = String(await desk.text(`/api/incidents/${incident.id}/export?as=csv`));
  for (const cell of csv.split(/\r?\n/).flatMap((it) => it.match(/"(?:[^"]|"")*"|[^,]+/g) ?? []))
    assert.doesNotMatch(cell.replace(/^"/, ""), /^[=+@\t\r]|^-(?!\d)/, `${url}: a formula in CSV`);
  const html = String(await desk.text(`/api/incidents/${incident.id}/export?as=html`));
  assert.doesNotMatch(html, /<(img|svg|script)[^>]*(alert|src=x)/i);
}

/** What a terminal is told: the same records by `replay`, and the server's own words by `sources`. */
function commandsAreSafe(root: string, data: string, records: ReadonlyMap<string, readonly string[]>): void {
  const logs = join(root, "logs");
  mkdirSync(logs);
  for (const [kind, all] of records) writeFileSync(join(logs, `${kind}.log`), all.join("\n") + "\n");
  for (const args of [
    ["replay", logs],
    ["sources", "--data", data],
  ]) {
    const { stdout, stderr } = run(args, root);
    assert.ok(stdout.length > 100, stderr);
    assert.doesNotMatch(stdout.replaceAll("\n", ""), raw, args.join(" "));
    assert.doesNotMatch(stderr.replace(/[\r\n]/g, ""), raw, args.join(" "));
  }
}
