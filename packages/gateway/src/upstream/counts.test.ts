import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { aGateway } from "../testing/a-gateway.ts";
import { until } from "../testing/until.ts";
import { mockUpstream } from "../testing/upstream.ts";
import { sumOf } from "./counts.ts";

test("the samples of a counter are summed over their labels, and others are left alone", () => {
  const text = [
    "# HELP vllm:request_success_total Count of successfully processed requests.",
    'vllm:request_success_total{finished_reason="stop",model_name="a}b"} 12.0',
    'vllm:request_success_total{finished_reason="length"} 3 1795426320',
    "vllm:request_success_total_created 9",
    "vllm:other 7",
  ].join("\n");
  assert.equal(sumOf(text, "vllm:request_success_total"), 15);
  assert.equal(sumOf("vllm:other 7", "vllm:request_success_total"), undefined);
  assert.equal(sumOf("c NaN", "c"), undefined);
});

test("any page of metrics gives a number or none", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const sum = sumOf(`c${text}`, "c");
      assert.ok(sum === undefined || sum >= 0);
    }),
  );
});

test(
  "requests that went around the gateway are counted, and those through it are not",
  { timeout: 240_000 },
  async (t) => {
    let answered = 0;
    const upstream = await mockUpstream((req, res) => {
      const isMetrics = req.url === "/metrics";
      if (!isMetrics) answered++;
      res.writeHead(200, { "content-type": isMetrics ? "text/plain" : "application/json" });
      res.end(isMetrics ? `vllm:request_success_total{finished_reason="stop"} ${answered}\n` : '{"choices":[]}');
    });
    const counts = { url: `${upstream.url}/metrics`, everySeconds: 1 };
    const it = await aGateway({ upstreams: [{ name: "m", protocol: "vllm", url: upstream.url, counts }] });
    t.after(async () => {
      await it.close();
      await upstream.close();
    });
    const ask = async (url: string) => {
      const headers = { authorization: `Bearer ${it.key}` };
      const body = '{"model":"m","messages":[]}';
      const answer = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
      return answer.text();
    };
    const looks = () => upstream.reached.filter((one) => one.url === "/metrics").length;
    await until("a look to compare with", () => looks() > 0);
    // A look takes up to 600 ms: what is asked meanwhile may count as ours.
    await sleep(700);
    for (let i = 0; i < 5; i++) await ask(it.gateway.url);
    for (let i = 0; i < 3; i++) await ask(upstream.url);
    const told = () =>
      it.said
        .flatMap((line) => /at least (\d+) requests/.exec(line)?.[1] ?? [])
        .reduce((sum, one) => sum + Number(one), 0);
    await until("what went around", () => told() >= 3);
    const before = looks();
    await until("another look", () => looks() >= before + 2);
    assert.equal(told(), 3);
  },
);

test("a protocol whose servers are not known to count cannot be compared", async () => {
  const counts = { url: "http://127.0.0.1:9/metrics" };
  await assert.rejects(
    aGateway({ upstreams: [{ name: "m", protocol: "ollama", url: "http://127.0.0.1:9", counts }] }),
    /not known to count/,
  );
});
