import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { headBytes, maxRecogniseBytes } from "./limits.ts";
import { couldBeModel, readModelFile, recognise } from "./recognise.ts";
import { rejectsWith } from "./testing/errors.ts";
import { writeGguf } from "./testing/gguf.ts";
import { writeOnnx } from "./testing/onnx.ts";
import { writePickle, writeTorchLegacy, writeTorchZip } from "./testing/pickle.ts";
import { answersOrRefuses } from "./testing/properties.ts";
import { writeSafetensors } from "./testing/safetensors.ts";
import { aModel, strictReader, tensor } from "./testing/tensors.ts";

const large = [...aModel(), tensor("large", [512, 512])];
const files: Readonly<Record<string, Uint8Array>> = {
  safetensors: writeSafetensors(large),
  gguf: writeGguf(large),
  onnx: writeOnnx(large).model,
  pytorch: writeTorchZip(large),
  "pytorch-legacy": writeTorchLegacy(large),
  pickle: writePickle(large),
  "shard-index": Buffer.from(JSON.stringify({ metadata: { total_size: 1 }, weight_map: { a: "b.safetensors" } })),
};

for (const [format, bytes] of Object.entries(files)) {
  test(`knows ${format} by its content, from less than 64 KiB`, async () => {
    let read = 0;
    const reader = strictReader(bytes);
    const counting = {
      size: reader.size,
      read: (at: number, length: number) => ((read += length), reader.read(at, length)),
    };
    assert.equal((await recognise(counting))?.format, format);
    assert.ok(read < maxRecogniseBytes, `${read} bytes read`);
    assert.ok(couldBeModel(bytes.subarray(0, headBytes), bytes.length));
  });
}

test("passes over what disks are full of", () => {
  const texts = [
    "#!/bin/sh\nexec true\n",
    "import os\n\nclass A:\n  pass\n",
    '{"name": "left-pad", "version": "1.0.0"}\n',
    "(function () { return 1; })();\n",
    "class Foo {}\nclass Bar {}\n",
    "]]>\n",
    "{}\n\n\n\n\n\n\n",
    "<!doctype html><html></html>",
    "\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "\xff\xd8\xff\xe0\0\x10JFIF\0",
    "\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0",
    "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "\0".repeat(4096),
  ];
  for (const text of texts) {
    const head = Buffer.from(text, "latin1");
    assert.equal(couldBeModel(head, head.length), false, JSON.stringify(text.slice(0, 20)));
  }
});

test("a tiny or empty file is nothing", async () => {
  for (const length of [0, 1, 7, 8, 9]) {
    assert.equal(await recognise(strictReader(new Uint8Array(length))), undefined);
  }
  await rejectsWith("UNKNOWN_FORMAT", readModelFile(strictReader(new Uint8Array(0))));
});

test("whatever `recognise` knows, the prefilter lets through", async () => {
  const start = fc.constantFrom(...Object.values(files).map((it) => it.subarray(0, 200)));
  const bytes = fc.tuple(start, fc.nat(200), fc.uint8Array({ maxLength: 300 })).map(([head, cut, rest]) => {
    return new Uint8Array(Buffer.concat([head.subarray(0, cut), rest]));
  });
  await fc.assert(
    fc.asyncProperty(bytes, async (file) => {
      const known = await recognise(strictReader(file));
      assert.ok(!known || couldBeModel(file.subarray(0, headBytes), file.length));
    }),
  );
});

test("any bytes are an answer or a coded error", async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), answersOrRefuses));
});
