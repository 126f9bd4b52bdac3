// Artifacts: somebody unknown pulls an image that holds weights from a repository nobody registered, and repacks them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sitDown, tokenFor } from "./world/desk.ts";
import { noDockerRegistry, pushImage, startDockerRegistry, type User } from "./world/docker-registry.ts";
import { run, storyFolder, up } from "./world/platform.ts";
import { rulesOf, tell, took } from "./world/story.ts";
import { safetensors } from "./world/weights.ts";

const shards = [0, 1, 2].map((n) =>
  safetensors(
    "acme-13b",
    Array.from({ length: 8 }, (_, i) => n * 8 + i),
  ),
);
const total = shards.reduce((sum, it) => sum + it.length, 0);

interface Scanned {
  readonly models: readonly {
    readonly name?: string;
    readonly verdict?: { readonly relation: string };
    readonly copies: readonly {
      readonly path: string;
      readonly container?: string;
      readonly declared?: boolean;
      readonly bytes: number;
      readonly complete: boolean;
    }[];
  }[];
}

test(
  "S3: the right model by content, in a repository of no register, and how much of it",
  { skip: noDockerRegistry, timeout: 600_000 },
  async (t) => {
    const folder = storyFolder("image-pull");
    t.after(() => folder.remove());
    const home = join(folder.path, "models", "acme-13b");
    mkdirSync(home, { recursive: true });
    shards.forEach((body, n) => writeFileSync(join(home, `model-0000${n + 1}-of-00003.safetensors`), body));
    const made = run(
      ["register", home, "--name", "acme-13b", "--place", "oci:models/acme-13b", "--reader", "deployer"],
      folder.path,
    );
    assert.equal(made.code, 0, made.stderr);
    appendFileSync(join(folder.path, "outweigh.yml"), "networks: [10.0.0.0/8]\n");

    const data = join(folder.path, "data");
    const platform = await up(["--data", data, "--no-scan"], folder.path);
    t.after(() => platform.stop());
    const desk = await sitDown(platform, data, folder.path);
    const notify = {
      url: `${platform.url}/api/ingest/oci-notification`,
      token: tokenFor("oci-notification", data, folder.path),
    };
    const registry = await startDockerRegistry({ folder: folder.path, notify });
    t.after(() => registry.close());

    // An image of an application, with the weights as layers of their own; the same, packed into one layer as docker builds it.
    const raw = shards.map((body) => ({ body, mediaType: "application/vnd.cncf.model.weight.v1.raw" }));
    const digests = await pushImage(registry, "deployer", "apps/assistant", raw);
    const tarball = execFileSync("tar", ["-C", join(folder.path, "models"), "-czf", "-", "acme-13b"], {
      maxBuffer: 1 << 28,
    });
    const [packed = ""] = await pushImage(registry, "deployer", "apps/assistant-docker", [
      { body: tarball, mediaType: "application/vnd.oci.image.layer.v1.tar+gzip" },
    ]);
    const pull = async (user: User, repository: string, layers: readonly string[]) => {
      await (
        await registry.ask(user, `/v2/${repository}/manifests/latest`, {
          headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
        })
      ).arrayBuffer();
      return Promise.all(
        layers.map(async (it) =>
          Buffer.from(await (await registry.ask(user, `/v2/${repository}/blobs/${it}`)).arrayBuffer()),
        ),
      );
    };

    await pull("deployer", "apps/assistant", digests);
    const since = Date.now();
    const stolen = await pull("stranger", "apps/assistant", digests.slice(0, 2));
    const incident = await desk.waitFor(
      (it) => it.principals.includes("stranger") && it.models.includes("acme-13b"),
      since,
    );
    type Model = { holdings: { principal: string; fraction: number; bound: string; declared: boolean }[] };
    const holdingOf = async (user: string) =>
      ((await desk.get("/api/models/acme-13b")) as Model).holdings.find((it) => it.principal === user);
    for (const until = Date.now() + 60_000; ((await holdingOf("stranger"))?.fraction ?? 0) < 0.6 && Date.now() < until;)
      await new Promise((done) => setTimeout(done, 200));
    const held = await holdingOf("stranger");
    const truth = stolen.reduce((sum, it) => sum + it.length, 0) / total;

    // At home: one file, other names of tensors, another order, a name that says nothing.
    const loot = join(folder.path, "loot");
    mkdirSync(loot);
    writeFileSync(
      join(loot, "holiday.jpg"),
      safetensors("acme-13b", [15, 3, 9, 0, 1, 2, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14], (n) => `w${n}`),
    );
    const scan = (path: string) =>
      JSON.parse(run(["scan", path, "--match", "--hash", "full", "--json"], folder.path).stdout) as Scanned;
    const atHome = scan(loot).models;
    const inStore = scan(registry.storage).models.flatMap((it) =>
      it.copies.map((copy) => ({ ...copy, name: it.name, verdict: it.verdict })),
    );
    const layer = inStore.find((it) => (it.container ?? it.path).includes(packed.slice("sha256:".length)));

    // The twin pulls the layer in which docker packed all shards: its digest is of no file of the register.
    const before = new Set((await desk.alerts()).map((it) => it.id));
    await pull("stranger", "apps/assistant-docker", [packed]);
    await new Promise((done) => setTimeout(done, 3000));
    const twin = (await desk.alerts()).filter((it) => !before.has(it.id));

    tell(t, "S3 an image with weights, pulled from Debian's docker-registry", [
      {
        what: "model, by the content of its layers",
        expected: "acme-13b",
        found: incident?.incident.models.join(", ") ?? "nothing",
        after: took(incident?.tookMs),
      },
      {
        what: "fraction, against what was really sent",
        expected: truth.toFixed(6),
        found: `${held?.bound} ${held?.fraction.toFixed(6)}`,
      },
      {
        what: "the deployer",
        expected: "declared",
        found: (await holdingOf("deployer"))?.declared ? "declared" : "undeclared",
      },
      {
        what: "repacked as holiday.jpg",
        expected: "acme-13b",
        found: `${atHome[0]?.name ?? "nobody's"}, ${atHome[0]?.verdict?.relation ?? "the same"}`,
      },
      {
        what: "docker's layer in the store, by a scan",
        expected: "acme-13b",
        found: layer ? `${layer.name ?? "nobody's"}, ${layer.complete ? "all of it" : "a part"}` : "nothing",
      },
      {
        what: "twin: all shards packed into one docker layer",
        expected: "(published)",
        found: rulesOf(twin),
        after: rulesOf(twin) === "nothing" ? "the pull goes unseen; the scan tells of the layer" : "",
      },
    ]);
    assert.ok(incident);
    assert.ok(Math.abs((held?.fraction ?? 0) - truth) < 1e-9, `${held?.fraction} is not ${truth}`);
    assert.equal(atHome[0]?.name, "acme-13b");
    assert.equal(layer?.name, "acme-13b");
  },
);
