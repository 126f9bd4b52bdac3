// Weak access control: a registry without users listens to the whole network. Found without a word to it; then it is used.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ScanReport } from "@outweigh/schema";
import { sitDown, tokenFor } from "./world/desk.ts";
import { noDockerRegistry, pushImage, startDockerRegistry } from "./world/docker-registry.ts";
import { run, storyFolder, up } from "./world/platform.ts";
import { webRequest } from "./world/records.ts";
import { replayed, rulesOf, tell, took } from "./world/story.ts";
import { noiseSafetensors } from "./world/weights.ts";

const skip = process.platform === "linux" ? noDockerRegistry : "needs Linux's /proc";

/** Connections to a port that the kernel knows of, ended ones too; 0A is the listener itself. Source: proc_net_tcp in Linux's documentation. */
function connectionsTo(port: number): string[] {
  const end = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return ["tcp", "tcp6"].flatMap((it) =>
    readFileSync(`/proc/net/${it}`, "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local = "", remote = "", state]) => state !== "0A" && (local.endsWith(end) || remote.endsWith(end)))
      .map(([, local, remote]) => `${local} ${remote}`),
  );
}

test(
  "S11: an open registry is found by scan without contact, and its use is told",
  { skip, timeout: 600_000 },
  async (t) => {
    const folder = storyFolder("open-server");
    t.after(() => folder.remove());
    const weights = noiseSafetensors("acme-13b", 1_200_000);
    writeFileSync(join(folder.path, "model.safetensors"), weights);
    const made = run(
      ["register", "model.safetensors", "--name", "acme-13b", "--place", "oci:models/acme-13b", "--reader", "deployer"],
      folder.path,
    );
    assert.equal(made.code, 0, made.stderr);
    const data = join(folder.path, "data");
    const platform = await up(["--data", data, "--no-scan"], folder.path);
    t.after(() => platform.stop());
    const desk = await sitDown(platform, data, folder.path);
    const notify = {
      url: `${platform.url}/api/ingest/oci-notification`,
      token: tokenFor("oci-notification", data, folder.path),
    };
    const registry = await startDockerRegistry({ folder: folder.path, address: "0.0.0.0", notify, open: true });
    t.after(() => registry.close());
    const [digest = ""] = await pushImage(registry, undefined, "models/acme-13b", [
      { body: weights, mediaType: "application/vnd.cncf.model.weight.v1.raw" },
    ]);
    const port = Number(new URL(registry.url).port);

    // What the scan opened would still be in the kernel's table after it, for a minute.
    const before = new Set(connectionsTo(port));
    const { stdout } = run(["scan", registry.storage, "--json"], folder.path);
    const opened = connectionsTo(port).filter((it) => !before.has(it));
    const report = JSON.parse(stdout) as ScanReport;
    const listener = report.listeners.find((it) => it.port === port);
    const path = report.paths.find((it) => it.steps.some(({ from, to }) => (from + to).includes(String(port))));

    const since = Date.now();
    await (await registry.ask(undefined, `/v2/models/acme-13b/blobs/${digest}`)).arrayBuffer();
    const used = await desk.waitFor((it) => it.models.includes("acme-13b"), since);
    const alerts = (await desk.alerts()).filter((it) => it.model === "acme-13b");

    const at = Date.UTC(2026, 10, 2, 9);
    const ollama = (address: string) =>
      rulesOf(
        replayed({
          register: "models: []\n",
          files: {
            "access.log": [
              webRequest({ at, address, method: "POST", uri: "/api/push", bytes: 400, agent: "curl/8.5.0" }),
            ],
          },
        }).alerts,
      );
    // The twin asks from the machine itself: a server without users cannot tell it from its own.
    const fromOutside = ollama("10.0.9.9");
    const twin = ollama("127.0.0.1");

    tell(t, "S11 a registry without users on 0.0.0.0", [
      {
        what: "listener, from the kernel's table",
        expected: "found",
        found: listener
          ? `${listener.product ?? "?"} by ${listener.process} on ${listener.address}, ${listener.basis}`
          : "nothing",
      },
      {
        what: "way to the weights",
        expected: "(published)",
        found:
          path?.steps
            .map((it) => it.how)
            .join(", then ")
            .slice(0, 130) ?? "nothing",
      },
      { what: "connections made by the scan", expected: "0", found: String(opened.length) },
      {
        what: "a pull by nobody, from inside",
        expected: "told",
        found: alerts.map((it) => `${it.rule} (${it.severity})`).join(", ") || "nothing",
        after: took(used?.tookMs),
      },
      { what: "a push out of an open Ollama", expected: "told", found: fromOutside },
      {
        what: "twin: the push asked for from the machine itself",
        expected: "(published)",
        found: twin,
        after: twin === "nothing" ? "the thief wins" : "",
      },
    ]);
    // A server in Go listens to both families at once by `::`.
    assert.ok(listener && ["0.0.0.0", "::"].includes(listener.address) && listener.basis === "verified");
    assert.deepEqual(opened, []);
    assert.ok(alerts.length > 0);
    assert.match(fromOutside, /ollama_model_pushed/);
  },
);
