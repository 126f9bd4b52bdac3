// A model that this file writes byte by byte, run as an operator's would be.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { GatewayError } from "../error.ts";
import { encoderSkip as skip, writeTinyEncoder, type TinyEncoder } from "../testing/tiny-encoder.ts";
import { gatewayKey } from "../record/journal.ts";
import { calibratePrompts } from "./calibrate-prompts.ts";
import { readCalibration, writePromptCalibration } from "./calibration-file.ts";
import { loadEncoder, maxModelBytes } from "./encoder.ts";

function aFolder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "outweigh-encoder-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const vectors = { "[UNK]": [0, 0, 1], rain: [2, 0, 0], snow: [1, 1, 0], tax: [0, 0, -3] };

test("a text's vector is the mean of its tokens' at length one", { skip }, async (t) => {
  const encoder = await loadEncoder(writeTinyEncoder(aFolder(t), vectors));
  assert.equal(encoder.dimensions, 3);
  const mean = Math.hypot(1.5, 0.5);
  const expected = [1.5 / mean, 0.5 / mean, 0];
  (await encoder.encode("Rain snow")).forEach((it, i) => assert.ok(Math.abs(it - (expected[i] ?? 0)) < 1e-6));
  assert.deepEqual([...(await encoder.encode("tax"))], [0, 0, -1]);
});

test("a model that takes the mean itself gives the same; an empty text has a vector too", { skip }, async (t) => {
  const each = await loadEncoder(writeTinyEncoder(aFolder(t), vectors));
  const pooled = await loadEncoder(writeTinyEncoder(aFolder(t), vectors, { answers: "pooled" }));
  for (const text of ["rain snow snow", "", "tax tax rain unheard-of"]) {
    const [a, b] = [await each.encode(text), await pooled.encode(text)];
    a.forEach((it, i) => assert.ok(Math.abs(it - (b[i] ?? 0)) < 1e-6, text));
  }
});

test("an encoder is named by its bytes and settings", { skip }, async (t) => {
  const digest = async (it: object) => (await loadEncoder({ ...writeTinyEncoder(aFolder(t), vectors), ...it })).digest;
  assert.equal(await digest({}), await digest({}));
  assert.notEqual(await digest({}), await digest({ maxTokens: 16 }));
  const other = await loadEncoder(writeTinyEncoder(aFolder(t), { ...vectors, tax: [0, 0, -4] }));
  assert.notEqual(await digest({}), other.digest);
});

test("what is no encoder of texts is refused by name, and no file is read for it", { skip }, async (t) => {
  const refused = async (make: (folder: string) => Parameters<typeof loadEncoder>[0], expected: RegExp) => {
    await assert.rejects(loadEncoder(make(aFolder(t))), (error) => {
      assert.ok(error instanceof GatewayError && error.code === "BAD_ENCODER", String(error));
      assert.match(error.message, expected);
      return true;
    });
  };
  const made = (it: TinyEncoder) => (folder: string) => writeTinyEncoder(folder, vectors, it);
  await refused(made({ answers: "labels" }), /expected float32 \[1, \d+, n\] or \[1, n\].*got int64/);
  await refused(made({ input: "pixels" }), /expected the inputs input_ids.*got pixels/);
  await refused(made({ outside: "tokenizer.json" }), /encoder\.onnx: /);
  await refused(made({ outside: "/etc/hostname" }), /encoder\.onnx: /);
  await refused((it) => ({ ...writeTinyEncoder(it, vectors), output: "logits" }), /expected an output logits, got out/);
  await refused((it) => ({ ...writeTinyEncoder(it, vectors), model: join(it, "none") }), /none: ENOENT/);
  const spoilt = (name: "model" | "tokenizer", text: string) => (folder: string) => {
    const settings = writeTinyEncoder(folder, vectors);
    writeFileSync(settings[name], text);
    return settings;
  };
  await refused(spoilt("model", "no protobuf"), /encoder\.onnx: /);
  await refused(spoilt("tokenizer", "{"), /tokenizer\.json: /);
  await refused((folder) => {
    const settings = writeTinyEncoder(folder, vectors);
    truncateSync(settings.model, maxModelBytes + 1);
    return settings;
  }, /at most \d+ are read/);
});

test(
  "a calibration is worth nothing with another encoder, or without the one it was learnt with",
  { skip },
  async (t) => {
    const folder = aFolder(t);
    const file = join(folder, "benign.ndjson");
    const words = ["rain", "snow", "tax"];
    const lines = Array.from({ length: 26 }, (_, p) =>
      Array.from({ length: 4 }, (_unused, i) =>
        JSON.stringify({
          principal: `p${p}`,
          prompt: `${words[(p + i) % 3]} ${words[i % 3]}`,
          time: `2026-11-26T10:0${i}:00Z`,
        }),
      ),
    );
    writeFileSync(file, lines.flat().join("\n"));
    const encoder = await loadEncoder(writeTinyEncoder(folder, vectors));
    const alpha = { num: 1, den: 10 };
    const { calibration } = await calibratePrompts({ benign: file, horizon: 4, alpha, say: () => {}, encoder });
    assert.equal(calibration.encoder?.centre.length, 3);
    const { privateKey, publicKey } = gatewayKey(folder);
    const path = join(folder, "m.calibration");
    writePromptCalibration(path, calibration, privateKey);
    assert.deepEqual(readCalibration(path, publicKey, encoder.digest), { kind: "prompts", ...calibration });
    for (const [digest, expected] of [
      [undefined, /from the encoder [0-9a-f]{12}, and prompts here go through hashed vectors/],
      ["0".repeat(64), /go through the encoder 000000000000/],
    ] as const) {
      assert.throws(
        () => readCalibration(path, publicKey, digest),
        (error) => error instanceof GatewayError && error.code === "BAD_CALIBRATION" && expected.test(error.message),
      );
    }
  },
);
