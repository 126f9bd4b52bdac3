import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const program = join(import.meta.dirname, "..", "..", "bin", "outweigh.js");

test("logs of LiteLLM and of an access log are one watch, which says what it could not see", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-gateway-watch-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const call = (n: number) => ({
    id: `call-${n}`,
    call_type: "acompletion",
    model: "acme-13b",
    model_group: "acme-13b",
    status: "success",
    startTime: 1_795_426_320 + n,
    total_tokens: 30,
    metadata: { user_api_key_hash: "9f86d081", user_api_key_user_id: "ana", requester_ip_address: "203.0.113.77" },
    messages: [{ role: "user", content: "the secret question" }],
  });
  writeFileSync(join(folder, "litellm.ndjson"), [1, 2, 3].map((n) => JSON.stringify(call(n))).join("\n"));
  const line = (path: string, status: number) =>
    `10.0.0.5 - bob [25/Nov/2026:09:00:00 +0000] "POST ${path} HTTP/1.1" ${status} 500 "-" "x"`;
  const lines = [line("/v1/chat/completions", 200), line("/v1/chat/completions", 401), line("/metrics", 200)];
  writeFileSync(join(folder, "access.log"), `${lines.join("\n")}\n`);
  const args = ["gateway", "watch", "litellm.ndjson", "access.log"];
  const run = (more: readonly string[]) =>
    spawnSync(process.execPath, [program, ...args, ...more], { cwd: folder, encoding: "utf8" });
  const { status, stdout } = run(["--json"]);
  assert.equal(status, 0);
  const it: { calls: number; principals: { principal: string; calls: number; withPrompts: number }[] } =
    JSON.parse(stdout);
  assert.equal(it.calls, 4);
  assert.deepEqual(
    it.principals.map(({ principal, calls, withPrompts }) => [principal, calls, withPrompts]),
    [
      ["ana", 3, 3],
      ["bob", 1, 0],
    ],
  );
  const text = run([]).stdout;
  assert.match(text, /prompts: 3 of 4 calls; the log holds no prompts of the others/);
  assert.doesNotMatch(text + stdout, /secret/);
});
