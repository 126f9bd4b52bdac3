// What single steps cost: editing an answer by spans and by parsing, finding a key, and what detectors read of a prompt.
import { TextReader, textKey } from "../../packages/extraction/src/index.ts";
import { Linking } from "../../packages/gateway/src/detect/linking.ts";
import { PromptWatch } from "../../packages/gateway/src/detect/prompt-watch.ts";
import { editJson, put } from "../../packages/gateway/src/json/edit.ts";
import { membersOf } from "../../packages/gateway/src/json/spans.ts";
import { KeyRing } from "../../packages/gateway/src/keys/key-ring.ts";
import { keyDigest, newKey } from "../../packages/gateway/src/keys/key.ts";
import { promptOf } from "./words.ts";

/** Median time of one call, in µs. */
function timed(work: () => void, calls: number): number {
  for (let i = 0; i < calls; i++) work();
  const rounds: number[] = [];
  for (let r = 0; r < 7; r++) {
    const from = process.cpuUsage();
    for (let i = 0; i < calls; i++) work();
    const { user, system } = process.cpuUsage(from);
    rounds.push((user + system) / calls);
  }
  return rounds.sort((a, b) => a - b)[3] ?? NaN;
}

/** Steps of the data path by name, in µs of processor time. */
export function micro(): Record<string, number> {
  const token = (i: number) => ({
    token: `w${i}`,
    logprob: -0.25 - i,
    bytes: [119, 49],
    top_logprobs: Array.from({ length: 5 }, (_, k) => ({ token: `t${k}`, logprob: -1 - k, bytes: [116] })),
  });
  const scored = Buffer.from(
    JSON.stringify({
      choices: [
        {
          message: { content: "word ".repeat(120) },
          logprobs: { content: Array.from({ length: 120 }, (_, i) => token(i)) },
        },
      ],
    }),
  );
  const event = Buffer.from(
    JSON.stringify({ choices: [{ delta: { content: "word" }, logprobs: { content: [token(1)] } }] }),
  );
  const edits = [put("null", "choices", "*", "logprobs")];
  const request = Buffer.from(
    JSON.stringify({ model: "m", messages: [{ role: "user", content: "x".repeat(900) }], stream: true }),
  );
  const keys = Array.from({ length: 100_000 }, (_, i) => entry(`p${i}`));
  const ring = new KeyRing(keys.map((it) => it.entry));
  const known = keys[777]?.secret ?? "";
  return {
    [`strip log-probabilities of ${Math.round(scored.length / 1000)} kB by spans`]: timed(
      () => editJson(scored, edits),
      500,
    ),
    "the same by JSON.parse and stringify": timed(() => {
      const it: { choices: { logprobs: unknown }[] } = JSON.parse(scored.toString());
      for (const choice of it.choices) choice.logprobs = null;
      Buffer.from(JSON.stringify(it));
    }, 200),
    "strip one streamed event by spans": timed(() => editJson(event, edits), 5000),
    "members of a request of 1 kB": timed(() => membersOf(request), 5000),
    "find a key among 100,000": timed(() => ring.find(known, 1), 20_000),
    "tell a guess that is no key": timed(() => ring.find("owk_guess", 1), 50_000),
    ...reading(),
  };
}

/** What detectors do with another prompt of words each time, beside parsing its JSON. */
function reading(): Record<string, number> {
  const secret = textKey(new Uint8Array(32));
  const reader = new TextReader(secret);
  const linking = new Linking(reader, 60_000);
  const watch = new PromptWatch({ name: "m", failClosed: false }, undefined, reader);
  const texts = Array.from({ length: 1024 }, (_, i) => promptOf(934, i));
  const bodies = texts.map((it) => Buffer.from(JSON.stringify({ messages: [{ role: "user", content: it }] })));
  let n = 0;
  return {
    "parse the JSON of a prompt of 1 kB": timed(() => {
      JSON.parse((bodies[n++ % bodies.length] ?? Buffer.alloc(0)).toString());
    }, 5000),
    "detectors with such a prompt, of a client in no group": timed(() => {
      const text = texts[n++ % texts.length] ?? "";
      linking.step(n % 8, n, [], text);
      watch.step({ slot: n % 8, origin: 0, time: n }, { text });
    }, 5000),
  };
}

function entry(principal: string) {
  const secret = newKey();
  const made = {
    id: "key-000000000000",
    principal,
    models: [],
    digest: keyDigest(secret),
    last4: "0000",
    createdAt: 0,
  };
  return { secret, entry: made };
}
