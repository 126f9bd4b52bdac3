// Artifacts: a private model lies renamed outside every declared place; a scan finds it, a person quarantines it, and takes that back.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { apiOf, noBrowser, openBrowser, picture } from "./world/browser.ts";
import { run, storyFolder, up } from "./world/platform.ts";
import { safetensors } from "./world/weights.ts";

function lay(root: string): { declared: string; renamed: string } {
  const declared = join(root, "srv", "models", "acme-13b");
  mkdirSync(declared, { recursive: true });
  writeFileSync(join(declared, "model-00001-of-00002.safetensors"), safetensors("acme-13b", [0, 1]));
  writeFileSync(join(declared, "model-00002-of-00002.safetensors"), safetensors("acme-13b", [2, 3]));
  mkdirSync(join(root, "home", "dev"), { recursive: true });
  // One file, other tensor names, another order, and a name that says nothing.
  const renamed = join(root, "home", "dev", "holiday.jpg");
  writeFileSync(
    renamed,
    safetensors("acme-13b", [3, 1, 0, 2], (n) => `w${n}`),
  );
  // A public model next to it concerns nobody.
  writeFileSync(join(root, "home", "dev", "other.safetensors"), safetensors("public-1b", [0, 1]));
  return { declared, renamed };
}

/** The register, with the digest that a first scan of the declared place printed. */
function register(root: string, declared: string): void {
  const { stdout } = run(["scan", declared, "--json"], root);
  const [model] = JSON.parse(stdout).models;
  writeFileSync(
    join(root, "outweigh.yml"),
    `models:\n  - name: acme-13b\n    class: private\n    digest: ${model.digest}\n    bytes: ${model.bytes}\n    places: [${JSON.stringify(`file:${declared}`)}]\n`,
  );
}

test("scan recognises a renamed, re-sharded copy as the same model", (t) => {
  const folder = storyFolder("renamed-scan");
  t.after(() => folder.remove());
  const { declared, renamed } = lay(folder.path);
  register(folder.path, declared);

  const { code, stdout, stderr } = run(["scan", folder.path, "--json"], folder.path);
  assert.equal(code, 1, stderr);
  const { models } = JSON.parse(stdout);
  const acme = models.find((it: { name?: string }) => it.name === "acme-13b");
  assert.equal(models.length, 2);
  assert.equal(acme.copies.length, 2);
  const found = acme.copies.find((it: { path: string }) => it.path === renamed);
  assert.equal(found.declared, false);
  assert.equal(found.complete, true);
});

test(
  "the copy becomes an incident; quarantine moves it, undo brings it back",
  { skip: noBrowser, timeout: 600_000 },
  async (t) => {
    const folder = storyFolder("renamed-live");
    t.after(() => folder.remove());
    const { declared, renamed } = lay(folder.path);
    const bytes = readFileSync(renamed);
    register(folder.path, declared);

    const platform = await up(["--data", join(folder.path, "data"), "--scan", folder.path], folder.path);
    t.after(() => platform.stop());
    const browser = await openBrowser();
    t.after(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(platform.link);

    const row = page.getByRole("row", { name: /acme-13b/ }).first();
    await row.waitFor();
    await row.click();
    await page.keyboard.press("Enter");
    await page.getByText("What happened").first().waitFor();
    await picture(page, "renamed-incident");

    await page.keyboard.press("r");
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("radio", { name: /quarantine/i }).click();
    await dialog
      .getByText(/holiday\.jpg/)
      .first()
      .waitFor();
    await picture(page, "renamed-preview");
    await dialog.getByLabel(/reason|why/i).fill("not a declared copy");
    await dialog.getByRole("button", { name: /^(Quarantine|Move)/ }).click();
    await dialog.getByText("✓ Verified").first().waitFor();
    assert.equal(existsSync(renamed), false, "the file is still where it was");
    await picture(page, "renamed-quarantined");

    const api = await apiOf(page);
    const { items } = await (await api.get("/api/actions")).json();
    assert.equal(items[0].state, "verified");
    const undone = await api.post(`/api/actions/${items[0].id}/undo`, { reason: "it was ours after all" });
    assert.equal(undone.status(), 200);
    assert.deepEqual(readFileSync(renamed), bytes);

    const { chain, items: entries } = await (await api.get("/api/evidence")).json();
    assert.equal(chain.ok, true);
    const kinds = entries.map((it: { kind: string }) => it.kind).join(" ");
    assert.match(kinds, /undo/);
  },
);
