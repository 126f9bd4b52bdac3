// A capture from beginning to end: server, gateway, two people, and the command that opens it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { aGateway } from "../../../gateway/src/testing/a-gateway.ts";
import { mockUpstream, saying } from "../../../gateway/src/testing/upstream.ts";
import { aFolder, aServer, eventually, signIn, type Visitor } from "../../../server/src/testing/a-server.ts";
import { aPerson } from "../../../server/src/testing/an-account.ts";

const program = join(import.meta.dirname, "..", "..", "bin", "outweigh.js");
const prompt = "what-nobody-else-shall-read";

function run(cwd: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) =>
    execFile(process.execPath, [program, ...args], { cwd }, (error, stdout, stderr) =>
      done({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    ),
  );
}

test(
  "two people have a client captured and opened again, and every step is on record",
  { timeout: 240_000 },
  async (t) => {
    const folder = aFolder("capture-open");
    const data = join(folder.path, "data");
    const server = await aServer(data);
    const operator = await signIn(server.openUrl);
    const { token } = (await operator.post("/api/gateways/enrolments", {})).body as { token: string };
    const model = await mockUpstream(saying({ choices: [{ message: { role: "assistant", content: "an-answer" } }] }));
    const dataDir = join(folder.path, "gateway");
    const section = { upstreams: [{ name: "m", protocol: "openai", url: model.url }] };
    const it = await aGateway(section, { dataDir, server: { url: server.url, token } });
    t.after(async () => {
      await it.gateway.close();
      await server.close();
      await model.close();
      folder.remove();
    });
    const [ana, lee] = [
      await aPerson(server.url, operator, "ana", [{ role: "lead" }]),
      await aPerson(server.url, operator, "lee", [{ role: "lead" }]),
    ];
    const ask = async () => {
      const answer = await fetch(`${it.gateway.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${it.key}`, "content-type": "application/json" },
        body: JSON.stringify({ model: "gpt", messages: [{ role: "user", content: prompt }] }),
      });
      assert.equal(answer.status, 200);
      await answer.text();
    };
    await ask();
    const clients = await eventually(
      async () => (await ana.get("/api/clients")).body as { items: { id: string }[] },
      ({ items }) => items.length > 0,
      60_000,
    );
    const target = clients.items[0]?.id ?? "";

    const propose = async (who: Visitor, wanted: object): Promise<{ id: string; digest: string; state: string }> => {
      const preview = await who.post("/api/actions/preview", wanted);
      assert.equal(preview.body.approval, "two-people", JSON.stringify(preview.body));
      return (await who.post("/api/actions", { ...wanted, digest: preview.body.digest, reason: "the case" })).body;
    };
    const agree = async (who: Visitor, { id, digest }: { id: string; digest: string }) =>
      (await who.post(`/api/actions/${id}/approve`, { digest, reason: "seen" })).body as { state: string };

    const capture = await propose(ana, { verb: "capture", target, terms: { forMs: 600_000 } });
    assert.equal(capture.state, "pending");
    await ask();
    assert.equal(readdirSync(dataDir).includes("captures"), false);
    assert.equal((await agree(lee, capture)).state, "verified");
    await ask();
    await ask();
    const open = () => run(folder.path, "capture", "open", capture.id, sealedIn(dataDir), "--data", data, "--json");
    const early = await open();
    assert.equal(early.code, 3, early.stdout);
    assert.match(early.stderr, /nobody agreed to open this capture/);

    const opening = await propose(lee, { verb: "open-capture", target: capture.id });
    assert.equal((await open()).code, 3);
    assert.equal((await agree(ana, opening)).state, "verified");
    const opened = await open();
    assert.equal(opened.code, 0, opened.stderr);
    const told = JSON.parse(opened.stdout) as { exchanges: { principal: string; request: string; answer: string }[] };
    assert.equal(told.exchanges.length, 2);
    for (const { principal, request, answer } of told.exchanges) {
      assert.equal(principal, "alice");
      assert.ok(request.includes(prompt) && answer.includes("an-answer"));
    }
    await lee.post(`/api/actions/${capture.id}/undo`, { reason: "enough" });
    await ask();
    assert.equal(JSON.parse((await open()).stdout).exchanges.length, 2);

    const kinds = ((await operator.get("/api/evidence?limit=200")).body as { items: { kind: string }[] }).items;
    for (const kind of ["action-proposed", "action-approved", "action-applied", "action-undone", "capture-key-given"])
      assert.ok(
        kinds.some((one) => one.kind === kind),
        `${kind} is not on record`,
      );
    // In the clear in none of all their files.
    for (const path of readdirSync(folder.path, { recursive: true, encoding: "utf8" }).map((one) =>
      join(folder.path, one),
    ))
      if (statSync(path).isFile()) assert.equal(readFileSync(path).includes(prompt), false, path);
  },
);

/** The one capture of a gateway. */
function sealedIn(dataDir: string): string {
  const captures = join(dataDir, "captures");
  return join(captures, readdirSync(captures)[0] ?? "");
}
