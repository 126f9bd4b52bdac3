// Flow 8. Found outside: somebody hands in a suspect file. It is compared, beside models that it cannot come from; which copy it is, who
// held it by the books; the pack. The comparison is the command line's; the console shows what the suspect is and who held the model.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { patiently } from "../../packages/server/src/testing/a-server.ts";
import { picture } from "../world/browser.ts";
import { safetensors } from "../world/weights.ts";
import { kept } from "./leaver.ts";
import { command, list, until, type World } from "./world.ts";

/** The model that the suspect is, and two that it is not. */
const compared = ["acme-3b", "acme-13b", "acme-7b"] as const;

export async function foundOutside(world: World): Promise<string> {
  const { lee, platform, root } = world;
  const { page } = lee;
  const handedIn = join(root, "handed-in");
  mkdirSync(handedIn);
  const suspect = join(handedIn, "llama-best.bin");
  writeFileSync(
    suspect,
    safetensors("acme-3b", [2, 0, 3, 1], (n) => `model.block${n}`),
  );

  // Against the model, and against all the others: what it is, and what it is not.
  const against = await Promise.all(
    compared.map(async (model) => {
      const { stdout, stderr } = await command(world, "compare", join(root, "srv", model), suspect, "--json");
      assert.notEqual(stdout, "", stderr);
      const { relation, pValue }: { relation: string; pValue: number } = JSON.parse(stdout);
      return { model, relation, pValue };
    }),
  );
  const related = against.filter((it) => it.relation !== "unrelated");
  assert.deepEqual(
    related.map((it) => [it.model, it.relation]),
    [["acme-3b", "same-tensors"]],
  );
  assert.ok(related.every((it) => it.pValue < 1e-6));

  // A scan of it, sent as of the place where it was found: the register knows it by its tensors.
  const scan = await command(world, "scan", handedIn, "--json");
  const made = await lee.post("/api/tokens", { source: "scan", host: "found-outside", name: "found-outside" });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const sent = await patiently(`${platform.url}/api/ingest/scan`, {
    method: "POST",
    headers: { authorization: `Bearer ${made.body.secret}` },
    body: JSON.stringify({ ...JSON.parse(scan.stdout), host: "found-outside" }),
  });
  assert.equal(sent.status, 200, await sent.text());
  const incident = await until("an incident tells of the suspect", async () => {
    const alerts = await list<{ model?: string; incident?: string }>(lee, "/api/alerts?filter=rule:undeclared-copy");
    return alerts.find((it) => it.model === "acme-3b")?.incident;
  });

  // Which copy, and who held it.
  await page.goto(`${platform.url}/models/acme-3b`);
  await page.getByRole("link", { name: "found-outside" }).waitFor();
  await page
    .getByText(/llama-best\.bin/)
    .first()
    .waitFor();
  const holders = page.getByRole("row", { name: /shadow/ });
  await holders.getByText("by nobody").waitFor();
  await picture(page, "flow-8-held-by");

  await page.goto(`${platform.url}/incidents/${incident}`);
  await page.getByRole("heading", { name: "What happened" }).waitFor();
  await page.keyboard.press("c");
  const [found] = related;
  await page.keyboard.type(
    `compared: ${found?.relation}, p ${found?.pValue.toExponential(1)}; the other models are unrelated`,
  );
  await page.keyboard.press("Control+Enter");
  await page
    .getByText(/compared: same-tensors/)
    .last()
    .waitFor();
  await picture(page, "flow-8-incident");
  await page.goto(`${platform.url}/incidents/${incident}?tab=activity`);
  const pack = await kept(page, "Take this incident's evidence as a pack");
  const checked = await command(world, "verify", pack, "--json");
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  return `same tensors as acme-3b, p ${found?.pValue.toExponential(1)}; ${against.length - 1} other models unrelated`;
}
