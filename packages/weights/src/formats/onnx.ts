// Source: onnx/onnx, onnx.proto3 (IR version 13).
import { Cursor } from "../cursor.ts";
import { WeightsError } from "../error.ts";
import { maxDepth, maxNameBytes } from "../limits.ts";
import type { ModelFile, Reader } from "../tensor.ts";
import { endsBefore, Findings, Metadata, type Format } from "./format.ts";
import { decodeText } from "./json.ts";
import { readTensorProto, type TensorSink } from "./onnx-tensor.ts";
import { peekField, walkMessage, type Field } from "./protobuf.ts";

/** The fields of ModelProto as tags (number * 8 + wire type): 1 to 8, 14, 20, 25, 26. */
const modelTags: ReadonlySet<number> = new Set([8, 18, 26, 34, 40, 50, 58, 66, 114, 162, 202, 210]);
const irVersionTag = 8;
const graphTag = 58;

/** Operator domains that runtimes bring themselves; others load a library of the author's. */
const ownDomains = /^(ai\.onnx(\..*)?|com\.microsoft(\..*)?|org\.pytorch\..*|)$/;

/**
 * A protobuf of graphs, their initializers and constants, also those inside If and Loop bodies and local functions. External data is
 * listed under the sibling's name; the sibling is not opened.
 */
export const onnx: Format = { name: "onnx", kind: "tensors", mayBe, recognise, read };

/** Walks the top-level fields as far as the head shows them. */
function mayBe(head: Uint8Array, size: number): boolean {
  let at = 0;
  for (let count = 0; at < head.length; count++) {
    const field = peekField(head, at);
    if (!field) return at > head.length - 16 && count > 0;
    if (!modelTags.has(field.tag)) return false;
    if (field.tag === graphTag && !looksLikeGraph(head, field.dataAt)) return false;
    if (field.next > size) return field.tag === graphTag && count > 0; // a truncated copy, if anything
    at = field.next;
  }
  return true;
}

/** GraphProto's fields as tags: 1 2 5 8 10 to 16. */
const graphTags: ReadonlySet<number> = new Set([10, 18, 42, 66, 82, 90, 98, 106, 114, 122, 130]);

function looksLikeGraph(head: Uint8Array, at: number): boolean {
  const field = peekField(head, at);
  return field === undefined ? at >= head.length : graphTags.has(field.tag);
}

/** Top-level fields that a model has at most, beyond one for each operator set, property and local function. */
const maxFieldsPeeked = 1000;

/** Walks all top-level fields, 32 bytes of each: a graph and a version must be among them. */
async function recognise(_: Uint8Array, reader: Reader): Promise<boolean> {
  let at = 0;
  let version = false;
  let graph = false;
  for (let count = 0; at < reader.size && count < maxFieldsPeeked; count++) {
    const piece = await reader.read(at, Math.min(32, reader.size - at));
    const field = peekField(piece, 0);
    if (!field || !modelTags.has(field.tag)) return false;
    if (field.tag === graphTag) {
      if (!looksLikeGraph(piece, field.dataAt)) return false;
      graph = true;
    }
    if (field.tag === irVersionTag) version = (piece[1] ?? 0) > 0 && (piece[1] ?? 0) < 0x80;
    at += field.next;
  }
  return version && graph;
}

interface Walk extends TensorSink {
  readonly cursor: Cursor;
  readonly metadata: Metadata;
}

async function read(reader: Reader): Promise<ModelFile> {
  const walk: Walk = { cursor: new Cursor(reader), tensors: [], findings: new Findings(), metadata: new Metadata() };
  let missingBytes = 0;
  try {
    await walkMessage(walk.cursor, Infinity, "the model", (field) => {
      missingBytes = Math.max(missingBytes, field.at + field.length - reader.size);
      return readModelField(walk, field);
    });
  } catch (error) {
    if (!endsBefore(error) || (missingBytes === 0 && walk.cursor.at < reader.size)) throw error;
    if (missingBytes > 0) walk.findings.add(`the file ends ${missingBytes} bytes before its graph`, reader.size);
  }
  return {
    format: "onnx",
    tensors: walk.tensors,
    metadata: walk.metadata.record,
    findings: walk.findings.list,
    ...(missingBytes > 0 && { missingBytes }),
  };
}

async function readModelField(walk: Walk, field: Field): Promise<void> {
  switch (field.number) {
    case 1:
      walk.metadata.set("ir_version", String(field.value));
      return;
    case 2:
      walk.metadata.set("producer_name", await readString(walk.cursor, field, "producer_name"));
      return;
    case 3:
      walk.metadata.set("producer_version", await readString(walk.cursor, field, "producer_version"));
      return;
    case 7:
      return readGraph(walk, field, "", 0);
    case 14:
      return readProperty(walk, field);
    case 25:
      return readFunction(walk, field);
  }
}

async function readProperty(walk: Walk, { at, length }: Field): Promise<void> {
  const [key, value] = await readEntry(walk.cursor, at + length, "a metadata property");
  walk.metadata.set(key, value);
}

/** StringStringEntryProto: key 1, value 2. */
async function readEntry(cursor: Cursor, end: number, what: string): Promise<[string, string]> {
  const entry: [string, string] = ["", ""];
  await walkMessage(cursor, end, what, async (field) => {
    if (field.number === 1 || field.number === 2) entry[field.number - 1] = await readString(cursor, field, what);
  });
  return entry;
}

/** FunctionProto: node 7. */
function readFunction(walk: Walk, { at, length }: Field): Promise<void> {
  return walkMessage(walk.cursor, at + length, "a function", (field) =>
    field.number === 7 ? readNode(walk, field, "function.", 1) : undefined,
  );
}

/** GraphProto: node 1, initializer 5, sparse_initializer 15. */
function readGraph(walk: Walk, { at, length }: Field, prefix: string, depth: number): Promise<void> {
  if (depth > maxDepth) throw new WeightsError("TOO_DEEP", `graphs nest deeper than ${maxDepth}`, { at });
  return walkMessage(walk.cursor, at + length, "a graph", (field) => {
    if (field.number === 1) return readNode(walk, field, prefix, depth);
    if (field.number === 5) return readTensorProto(walk.cursor, walk, field, prefix);
    if (field.number === 15) return readSparse(walk, field, prefix);
    return undefined;
  });
}

/** SparseTensorProto: values 1, indices 2. */
function readSparse(walk: Walk, { at, length }: Field, prefix: string): Promise<void> {
  return walkMessage(walk.cursor, at + length, "a sparse tensor", (field) =>
    field.number <= 2 ? readTensorProto(walk.cursor, walk, field, prefix) : undefined,
  );
}

/** NodeProto: output 2, op_type 4, attribute 5, domain 7. Attributes come after the outputs in every writer's order. */
async function readNode(walk: Walk, { at, length }: Field, prefix: string, depth: number): Promise<void> {
  let output = "";
  await walkMessage(walk.cursor, at + length, "a node", async (field) => {
    if (field.number === 2 && output === "") output = await readString(walk.cursor, field, "an output");
    if (field.number === 5) await readAttribute(walk, field, prefix + output, depth);
    if (field.number === 7) await checkDomain(walk, field);
  });
}

async function checkDomain(walk: Walk, field: Field): Promise<void> {
  const domain = await readString(walk.cursor, field, "a domain");
  if (!ownDomains.test(domain)) walk.findings.add(`uses operators of the domain ${JSON.stringify(domain)}`, field.at);
}

/** AttributeProto: t 5, g 6, tensors 10, graphs 11, sparse_tensor 22, sparse_tensors 23. */
function readAttribute(walk: Walk, { at, length }: Field, owner: string, depth: number): Promise<void> {
  return walkMessage(walk.cursor, at + length, "an attribute", (field) => {
    if (field.wire !== 2) return undefined;
    if (field.number === 5 || field.number === 10) return readTensorProto(walk.cursor, walk, field, `${owner}.`);
    if (field.number === 6 || field.number === 11) return readGraph(walk, field, `${owner}.`, depth + 1);
    if (field.number === 22 || field.number === 23) return readSparse(walk, field, `${owner}.`);
    return undefined;
  });
}

async function readString(cursor: Cursor, { at, length, wire }: Field, what: string): Promise<string> {
  if (wire !== 2) throw new WeightsError("MALFORMED", `${what} is no string`, { at });
  if (length > maxNameBytes) throw new WeightsError("TOO_LARGE", `${what} has ${length} bytes`, { at });
  await cursor.want(length, what);
  return decodeText(cursor.take(length), what, at);
}
