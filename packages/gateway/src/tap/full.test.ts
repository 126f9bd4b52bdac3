// A detector that does not keep up: requests are answered all the same, what it missed is counted, and who is under an order waits.
import assert from "node:assert/strict";
import { test } from "node:test";
import { aGateway } from "../testing/a-gateway.ts";
import { until } from "../testing/until.ts";
import { mockUpstream, saying } from "../testing/upstream.ts";

test(
  "a full ring fails nobody but whom an order concerns, and leaves a blind interval",
  { timeout: 240_000 },
  async (t) => {
    const upstream = await mockUpstream(saying({ choices: [] }));
    // Two records of 40 kB find no room at once, whatever the detector's thread does.
    const it = await aGateway(
      {
        upstreams: [{ name: "m", protocol: "openai", url: upstream.url }],
        models: [{ name: "guarded", failClosed: true }],
      },
      { ringBytes: 64 * 1024 },
    );
    t.after(async () => {
      await it.close();
      await upstream.close();
    });
    const bob = it.newKey({ principal: "bob" });
    await it.admin("POST", "/reload");
    const order = { id: "ORD-1", verb: "strip-logprobs", principal: "bob", reason: "a test", by: "ana", from: 0 };
    assert.equal((await it.admin("POST", "/orders", { ...order, until: Date.now() + 600_000 })).status, 201);
    const ask = async (key: string, model: string, length = 40_000) => {
      const headers = { authorization: `Bearer ${key}` };
      const body = JSON.stringify({ model, messages: [{ role: "user", content: "a".repeat(length) }] });
      const answer = await fetch(`${it.gateway.url}/v1/chat/completions`, { method: "POST", headers, body });
      await answer.arrayBuffer();
      return answer.status;
    };
    const status = async () => (await it.admin("GET", "/status")).json;
    // A detector that is quick reads each before the next one comes: then they come again.
    await until("a record that found no room", async () => {
      const statuses = await Promise.all(Array.from({ length: 60 }, () => ask(it.key, "m")));
      assert.deepEqual(new Set(statuses), new Set([200]));
      return Number((await status())["dropped"]) > 0;
    });
    // A record that is longer than the ring never finds room.
    const [restricted, guarded, free] = await Promise.all([
      ask(bob, "m", 100_000),
      ask(it.key, "guarded", 100_000),
      ask(it.key, "m", 100_000),
    ]);
    assert.deepEqual([restricted, guarded, free], [503, 503, 200]);
    await until("the end of the blind interval", async () => (await status())["blind"] === false);
    assert.equal(await ask(bob, "m", 10), 200);
  },
);
