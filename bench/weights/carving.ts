// Weights inside files of any kind: which of them the anchors of a model find.
import { gzipSync } from "node:zlib";
import { AnchorScanner, CarvingScanner, matchAnchors, type Anchors } from "../../packages/weights/src/index.ts";
import { concat } from "../../packages/weights/src/testing/bytes.ts";
import { encode } from "../../packages/weights/src/testing/quantise.ts";
import { seededBytes } from "../../packages/weights/src/testing/tensors.ts";
import { safetensorsOf } from "./files.ts";
import { classifier, language, languageSeeds } from "./models.ts";
import { printTable, say } from "./table.ts";

interface Carving {
  readonly what: string;
  /** Whether it is known that anchors find it. */
  readonly right: boolean;
  readonly found: boolean;
  /** Anchors in order, of so many that the model has. */
  readonly inOrder: number;
}

const megabyte = 1_000_000;

/** All language models in one file, so that there are anchors enough; then the same bytes in places where nobody looks for a model. */
export async function benchCarving({ json }: { readonly json: boolean }) {
  const weights = (await Promise.all(languageSeeds.map(language))).flat();
  const model = safetensorsOf(weights);
  const strangers = concat(...(await Promise.all([11, 12, 13].map(async (it) => safetensorsOf(await classifier(it))))));
  const known = anchorsOf(model);
  const cases: Record<string, readonly [boolean, Uint8Array]> = {
    "10 MB out of the middle": [true, model.subarray(12 * megabyte + 123, 22 * megabyte + 123)],
    "packed in a .data file behind other files": [true, packed(model, strangers)],
    "a memory dump, pages of 4 KiB in another order": [false, shuffledPages(model)],
    "base64 in a script, one text": [true, script(model, model.length)],
    "base64 in a script, shards of 4 MiB": [true, script(model, 4 * 1024 * 1024)],
    "base64 in lines of 76": [
      true,
      Buffer.from(lines(Buffer.from(model.subarray(0, 12 * megabyte)).toString("base64"))),
    ],
    "gzip inside a blob": [false, concat(strangers, gzipSync(model.subarray(0, 12 * megabyte)), strangers)],
    "converted to f16": [false, concat(...weights.map((it) => encode(it.values, "f16")))],
    strangers: [false, concat(strangers, Buffer.from(Buffer.from(strangers).toString("base64")))],
  };
  const results = Object.entries(cases).map(([what, [right, bytes]]): Carving => {
    const inOrder = look(known, bytes);
    return { what, right, found: inOrder.fits, inOrder: inOrder.count };
  });
  const wrong = results.filter((it) => it.found !== it.right).length;
  if (!json) {
    say(`a model of ${(model.length / megabyte).toFixed(0)} MB with ${known.ids.length} anchors`);
    printTable(results.map((it) => [it.found ? "found" : "not found", it.inOrder, it.what]));
    say(`${wrong} other than known`);
  }
  return { modelMB: model.length / megabyte, anchors: known.ids.length, results, wrong };
}

function look(known: Anchors, bytes: Uint8Array): { fits: boolean; count: number } {
  const scanner = new CarvingScanner();
  for (let at = 0; at < bytes.length; at += megabyte) scanner.push(bytes.subarray(at, at + megabyte));
  const { plain, decoded } = scanner.anchors();
  const matches = [matchAnchors(known, plain), matchAnchors(known, decoded)];
  return { fits: matches.some((it) => it.fits), count: Math.max(...matches.map((it) => it.inOrder)) };
}

function anchorsOf(bytes: Uint8Array): Anchors {
  const scanner = new AnchorScanner();
  scanner.push(bytes);
  return scanner.anchors();
}

/** As an emscripten file package lies: files one after the other, nothing between them. */
function packed(model: Uint8Array, strangers: Uint8Array): Uint8Array {
  return concat(seededBytes(77_777, "assets"), strangers, model, seededBytes(5555, "assets"));
}

function script(model: Uint8Array, shardBytes: number): Uint8Array {
  const shards: string[] = [];
  for (let at = 0; at < model.length; at += shardBytes)
    shards.push(`s${shards.length}="${Buffer.from(model.subarray(at, at + shardBytes)).toString("base64")}"`);
  return Buffer.from(`var ${shards.join(",\n")};\nexport default [${shards.map((_, i) => `s${i}`).join()}];\n`);
}

function lines(text: string): string {
  return text.replaceAll(/.{76}/g, "$&\n");
}

/** Pages one behind the other, last first: each is whole, their order is lost. */
function shuffledPages(model: Uint8Array): Uint8Array {
  const pages: Uint8Array[] = [];
  for (let at = 0; at < model.length; at += 4096) pages.unshift(model.subarray(at, at + 4096));
  return concat(...pages);
}
