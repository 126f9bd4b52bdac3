// Repositories: a leaked token downloads a private model from a registry while the deployer downloads it too.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "../packages/server/src/testing/a-server.ts";
import { apiOf, noBrowser, openBrowser, picture } from "./world/browser.ts";
import { storyFolder, up } from "./world/platform.ts";
import { startRegistry } from "./world/registry.ts";
import { safetensors } from "./world/weights.ts";

const shards = [
  ["model-00001-of-00002.safetensors", safetensors("acme-13b", [0, 1, 2])],
  ["model-00002-of-00002.safetensors", safetensors("acme-13b", [3, 4, 5])],
] as const;

const register = (log: string) => `
models:
  - name: acme-13b
    owner: ml-platform
    class: private
    places: ["hf:acme/acme-13b"]
    readers: ["svc-deploy"]
    bytes: ${shards.reduce((sum, [, body]) => sum + body.length, 0)}
    files:
${shards.map(([path, body]) => `      - { path: ${path}, bytes: ${body.length} }`).join("\n")}
sources:
  - name: registry
    kind: http-access
    paths: [${JSON.stringify(log)}]
networks: [127.0.0.0/8]
`;

test(
  "a leaked token takes a private model; the deployer stays silent",
  { skip: noBrowser, timeout: 600_000 },
  async (t) => {
    const folder = storyFolder("leaked-token");
    t.after(() => folder.remove());
    const log = join(folder.path, "access.log");
    writeFileSync(log, "");
    writeFileSync(join(folder.path, "outweigh.yml"), register(log));

    const registry = await startRegistry({
      files: new Map(shards.map(([name, body]) => [`/acme/acme-13b/resolve/main/${name}`, body])),
      tokens: new Map([
        ["deployers-token", "svc-deploy"],
        ["leaked-token", "old-ci"],
      ]),
      log,
      addressOf: (user) => (user === "old-ci" ? "203.0.113.77" : "127.0.0.5"),
    });
    t.after(() => registry.close());

    const platform = await up(["--data", join(folder.path, "data"), "--no-scan"], folder.path);
    t.after(() => platform.stop());
    const browser = await openBrowser();
    t.after(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(platform.link);

    // The deployer takes everything, as it may.
    await download(registry.url, "deployers-token", "huggingface_hub/0.30");
    // The thief takes everything too.
    await download(registry.url, "leaked-token", "curl/8.5.0");

    const row = page.getByRole("row", { name: /acme-13b/ }).first();
    await row.waitFor();
    await page.goto(`${platform.url}/incidents`);
    await row.waitFor();
    await picture(page, "leaked-token-queue");

    const api = await apiOf(page);
    // The queue may show it when the first part is read: by the last one it is as bad as it gets.
    const stolen = async () => {
      const { items } = await (await api.get("/api/incidents?filter=status:open")).json();
      return items.find((it: { models: string[] }) => it.models.includes("acme-13b"));
    };
    const theft = await eventually(stolen, (it) => it?.severity === "critical");
    assert.ok(theft, "no incident names the model");
    assert.equal(theft.severity, "critical");
    assert.deepEqual(theft.principals, ["old-ci"]);
    assert.equal(theft.act, "obtain");

    const { holdings, coalition } = await (await api.get("/api/models/acme-13b")).json();
    const of = (principal: string) => holdings.find((it: { principal: string }) => it.principal === principal);
    assert.deepEqual([of("svc-deploy").declared, of("old-ci").declared], [true, false]);
    assert.equal(of("old-ci").complete, true);
    assert.equal(coalition.readers, 1);

    for (const alert of (await (await api.get("/api/alerts")).json()).items) {
      assert.ok(
        alert.principal !== "svc-deploy" || ["informational", "low"].includes(alert.severity),
        `${alert.rule} on the deployer`,
      );
    }

    await page.goto(`${platform.url}/incidents/${theft.id}`);
    await page.getByText("What happened").first().waitFor();
    await picture(page, "leaked-token-incident");
  },
);

async function download(url: string, token: string, agent: string): Promise<void> {
  for (const [name, body] of shards) {
    const answer = await fetch(`${url}/acme/acme-13b/resolve/main/${name}`, {
      headers: { authorization: `Bearer ${token}`, "user-agent": agent },
    });
    assert.equal((await answer.arrayBuffer()).byteLength, body.length);
  }
}
