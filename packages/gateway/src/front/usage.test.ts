// Streams that are asked for their usage: the budget counts it, and who did not ask for it does not see it.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openai } from "../adapters/openai.ts";
import { aGateway } from "../testing/a-gateway.ts";
import { until } from "../testing/until.ts";
import { mockUpstream } from "../testing/upstream.ts";

const [chatRoute] = openai.routes;
const words = ["The ", "answer ", "is ", "42."];
const event = (value: object) => `data: ${JSON.stringify(value)}\n\n`;
const said = words.map((content) => event({ choices: [{ delta: { content } }] })).join("");
const usage = event({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } });

test("usage is asked for, counted, and shown to whom asked", async (t) => {
  const upstream = await mockUpstream((_, res, body) => {
    const { stream_options: options }: { stream_options?: { include_usage?: boolean } } = JSON.parse(body);
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.end(said + (options?.include_usage === true ? usage : "") + "data: [DONE]\n\n");
  });
  const it = await aGateway({
    upstreams: [{ name: "m", protocol: "openai", url: upstream.url, streamUsage: true }],
    plans: { default: { limits: { outputTokensPerMinute: 1000 } } },
  });
  t.after(async () => {
    await it.close();
    await upstream.close();
  });
  const ask = async (more: object) => {
    const body = JSON.stringify({ model: "m", max_tokens: 400, stream: true, messages: [], ...more });
    const headers = { authorization: `Bearer ${it.key}` };
    const answer = await fetch(`${it.gateway.url}/v1/chat/completions`, { method: "POST", headers, body });
    return answer.text();
  };
  // Reserved are 400 each: without what was used, the third would not pass.
  for (let i = 0; i < 4; i++) assert.equal(await ask({}), `${said}data: [DONE]\n\n`);
  assert.equal(await ask({ stream_options: { include_usage: true } }), `${said}${usage}data: [DONE]\n\n`);
  const odd = await ask({ stream_options: { include_usage: false, other: 1 } });
  assert.equal(odd, `${said}data: [DONE]\n\n`);
  assert.match(upstream.reached.at(-1)?.body ?? "", /"stream_options":\{"include_usage":true,"other":1\}/);
  await until("24 tokens", async () => {
    const { clients } = (await it.admin("GET", "/clients")).json as { clients: { outputTokens: number }[] };
    return clients[0]?.outputTokens === 24;
  });
});

test("what is asked for the usage stays what it was otherwise", () => {
  const options = fc.option(fc.dictionary(fc.string(), fc.boolean()), { nil: undefined });
  fc.assert(
    fc.property(fc.boolean(), options, fc.array(fc.string()), (stream, chosen, texts) => {
      const asked = { stream, ...(chosen && { stream_options: chosen }), messages: texts };
      const body = chatRoute && openai.askUsage?.(Buffer.from(JSON.stringify(asked)), chatRoute);
      const shown = !stream || chosen?.["include_usage"] === true;
      assert.equal(body === undefined, shown);
      if (!body) return;
      const wanted = { ...asked, stream_options: { ...chosen, include_usage: true } };
      assert.deepEqual(JSON.parse(body.toString()), wanted);
    }),
  );
});
