import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { digestTensors } from "../digest.ts";
import { WeightsError } from "../error.ts";
import { openHdf5Dataset } from "../formats/hdf5.ts";
import { readModelFile } from "../recognise.ts";
import { Sources } from "../sources.ts";
import { concat } from "../testing/bytes.ts";
import { answersOrRefuses, damaged } from "../testing/properties.ts";
import { sha256, strictReader } from "../testing/tensors.ts";
import { writeZip } from "../testing/zip.ts";
import { undoFilters } from "./filters.ts";

const fixtures: { files: Record<string, string>; digests: Record<string, string> } = JSON.parse(
  readFileSync(join(import.meta.dirname, "fixtures", "chunked.json"), "utf8"),
);
const files = Object.entries(fixtures.files).map(
  ([name, packed]) => [name, new Uint8Array(gunzipSync(Buffer.from(packed, "base64")))] as const,
);

async function digests(bytes: Uint8Array): Promise<Record<string, string | undefined>> {
  const file = await readModelFile(strictReader(bytes));
  assert.deepEqual(file.findings, []);
  const found = await digestTensors(strictReader(bytes), file);
  return Object.fromEntries(found.map((it) => [it.name, it.sha256 ?? it.why]));
}

for (const [name, bytes] of files) {
  test(`${name} version: every dataset is what h5py reads, in chunks, packed, growing, sparse or in a crowded group`, async () => {
    assert.deepEqual(await digests(bytes), { ...fixtures.digests });
  });

  test(`${name} version: the same in Keras' archive, stored or deflated`, async () => {
    for (const deflated of [false, true]) {
      const members = [
        { name: "config.json", data: concat("{}") },
        { name: "model.weights.h5", data: bytes, deflated },
      ];
      assert.deepEqual(await digests(writeZip(members)), { ...fixtures.digests });
    }
  });

  test(`${name} version: any piece of a dataset in chunks is that piece of the whole`, async () => {
    const reader = strictReader(bytes);
    const tensor = (await readModelFile(reader)).tensors.find((it) => it.name === "filters");
    assert.ok(tensor);
    const source = await new Sources(reader).of(tensor);
    assert.ok(source);
    const whole = await source.read(0, tensor.bytes);
    assert.equal(sha256(whole), fixtures.digests["filters"]);
    await fc.assert(
      fc.asyncProperty(fc.nat(tensor.bytes), fc.nat(300), async (at, length) => {
        assert.deepEqual(await source.read(at, length), whole.slice(at, at + length));
      }),
      { numRuns: 50 },
    );
  });

  test(`${name} version: damage is an answer or a coded error`, async () => {
    await fc.assert(fc.asyncProperty(damaged(bytes), answersOrRefuses), { numRuns: 60 });
  });
}

test("an address where no dataset is, is refused", async () => {
  const [, bytes = new Uint8Array()] = files[0] ?? [];
  for (const address of [0, 48, 2 ** 40, Number.NaN]) {
    await assert.rejects(openHdf5Dataset(strictReader(bytes), address), WeightsError);
  }
});

test("any bytes under any filters are unpacked or refused with a code", () => {
  const filter = fc.record({
    id: fc.constantFrom(1, 2, 3, 32_000, 32_015),
    values: fc.array(fc.nat(9), { maxLength: 1 }),
  });
  fc.assert(
    fc.property(fc.array(filter, { maxLength: 3 }), fc.uint8Array({ maxLength: 80 }), (filters, bytes) => {
      try {
        assert.ok(undoFilters(filters, bytes, 0, 1000).length <= 1004);
      } catch (error) {
        assert.ok(error instanceof WeightsError, String(error));
      }
    }),
  );
});
