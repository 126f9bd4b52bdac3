// Detectors that hang: noticed, ended, started again, and on record. The encoder here has a tokenizer that some texts keep busy for ever.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { revealed, type Entry } from "@outweigh/evidence";
import type { GatewayClient } from "@outweigh/schema";
import { aGateway } from "../testing/a-gateway.ts";
import { encoderSkip as skip, writeTinyEncoder } from "../testing/tiny-encoder.ts";
import { until } from "../testing/until.ts";
import { mockUpstream, saying } from "../testing/upstream.ts";

async function world(
  t: TestContext,
  splits: string,
  limits: { readonly hangMs?: number; readonly startMs?: number; readonly clock?: () => number },
) {
  const upstream = await mockUpstream(saying({ choices: [] }));
  t.after(() => upstream.close());
  const folder = mkdtempSync(join(tmpdir(), "outweigh-watchdog-"));
  const encoder = writeTinyEncoder(folder, { "[UNK]": [0, 1], rain: [1, 0] }, { splits });
  const section = { upstreams: [{ name: "m", protocol: "openai", url: upstream.url }], encoder };
  const it = await aGateway(section, limits);
  t.after(async () => {
    await it.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const ask = async (content: string) => {
    const body = JSON.stringify({ model: "m", messages: [{ role: "user", content }] });
    const headers = { authorization: `Bearer ${it.key}`, "content-type": "application/json" };
    const answer = await fetch(`${it.gateway.url}/v1/chat/completions`, { method: "POST", headers, body });
    await answer.arrayBuffer();
    assert.equal(answer.status, 200);
  };
  const read = async () =>
    ((await it.admin("GET", "/clients")).json["clients"] as GatewayClient[])[0]?.reading?.queries ?? 0;
  const status = async () => (await it.admin("GET", "/status")).json;
  const intervals = () =>
    readFileSync(join(it.dataDir, "evidence.ndjson"), "utf8")
      .split("\n")
      .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Entry]))
      .filter((one) => one.kind === "blind-interval")
      .map((one) => revealed(one).fields["cause"]);
  return { it, ask, read, status, intervals };
}

test(
  "an encoder whose first answer never comes is left out: detectors start without it, and it is said",
  { skip },
  async (t) => {
    // Every way to cut the text into runs of letters is tried before it is clear that no exclamation mark follows.
    const { it, ask, read, status, intervals } = await world(t, "(?:(?:[a-z ?]+)+)+!", { startMs: 4_000 });
    await until("detectors without it", async () => (await status())["blind"] === false);
    await ask("will it rain");
    await until("a prompt read", async () => (await read()) === 1);
    assert.match(String((await status())["problems"]), /hashed vectors: the encoder gives no first answer/);
    assert.match(it.said.join("\n"), /loads the encoder and gives no sign of life/);
    assert.deepEqual([...new Set(intervals())], ["detector-away"]);
  },
);

test(
  "prompts at which it hangs cost blind intervals, no request; after three of them it is left out, and later tried again",
  { skip },
  async (t) => {
    let later = 0;
    const clock = () => Date.now() + later;
    const { ask, read, status, intervals } = await world(t, "(?:(?:a+)+)+b", { hangMs: 1_500, clock });
    for (let hangs = 1; hangs <= 3; hangs++) await ask("a".repeat(60));
    // Each has a minute of its own.
    for (const n of [1, 2]) await until(`interval ${n}`, () => intervals().length >= n);
    await until("it is left out", async () => /hung at 3 prompts/.test(String((await status())["problems"])));
    assert.deepEqual([...new Set(intervals())], ["detector-away"]);
    const before = await read();
    for (const text of ["rain", "a".repeat(60)]) await ask(text);
    await until("both read", async () => (await read()) >= before + 2);
    later = 3_600_000;
    await until("it is back", async () => !/hashed vectors/.test(String((await status())["problems"])));
    await ask("rain");
    await until("a prompt that it read", async () => (await read()) > 0);
  },
);
