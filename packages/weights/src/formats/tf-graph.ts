// Source: tensorflow/tensorflow, saved_model.proto, meta_graph.proto, graph.proto, node_def.proto, tensor.proto.
import { Cursor } from "../cursor.ts";
import { sizeOf } from "../dtype.ts";
import { WeightsError } from "../error.ts";
import { headBytes, maxNameBytes, maxRecogniseBytes, maxTensors } from "../limits.ts";
import type { ModelFile, Reader, Tensor } from "../tensor.ts";
import { endsBefore, Findings, type Format } from "./format.ts";
import { peekField, walkMessage, type Field } from "./protobuf.ts";
import { readShape, tensorflowType } from "./tf-types.ts";

/** Operators that touch the machine when the graph runs. */
const reaching: ReadonlySet<string> = new Set([
  "ReadFile",
  "WriteFile",
  "PyFunc",
  "PyFuncStateless",
  "EagerPyFunc",
  "LoadLibrary",
]);

/**
 * `saved_model.pb`, or a frozen graph: its Const nodes are the tensors. A SavedModel keeps its learned weights beside it, in
 * `variables/`, which is a `tf-checkpoint` of its own.
 */
export const tfGraph: Format = {
  name: "tf-graph",
  kind: "tensors",
  mayBe,
  recognise: async (head, reader) =>
    mayBe(head) && mayBe(await reader.read(0, Math.min(reader.size, maxRecogniseBytes / 2))),
  read,
};

function mayBe(head: Uint8Array): boolean {
  return looksLikeSavedModel(head) || looksLikeGraph(head);
}

/** saved_model_schema_version 1 = 1, then meta_graphs 2, whose first field is meta_info_def 1. */
function looksLikeSavedModel(head: Uint8Array): boolean {
  if (head[0] !== 0x08 || head[1] !== 0x01 || head[2] !== 0x12) return false;
  const graphs = peekField(head, 2);
  return graphs !== undefined && head[graphs.dataAt] === 0x0a && peekField(head, graphs.dataAt)?.tag === 10;
}

/** GraphDef as tags: node 1, library 2, version 3, versions 4. */
const graphTags: ReadonlySet<number> = new Set([10, 18, 24, 34]);

/** Every node in sight must look like one: other protobufs begin with a list of named things too. */
function looksLikeGraph(head: Uint8Array): boolean {
  if (head[0] !== 0x0a) return false;
  let at = 0;
  let nodes = 0;
  for (let field = peekField(head, at); field; field = peekField(head, at)) {
    if (!graphTags.has(field.tag)) return false;
    if (field.tag === 10) {
      const seen = looksLikeNode(head, field.dataAt, field.next);
      if (seen === false) return false;
      if (seen) nodes++;
    }
    at = field.next;
  }
  return nodes > 0;
}

/** NodeDef begins with its name 1 and op 2, both words. Undefined where the head ends too early to tell. */
function looksLikeNode(head: Uint8Array, at: number, end: number): boolean | undefined {
  const name = peekField(head, at);
  const op = name && peekField(head, name.next);
  if (!name || !op || op.next > head.length) return end > head.length ? undefined : false;
  if (name.tag !== 10 || op.tag !== 18 || op.next > end) return false;
  return isWord(head.subarray(name.dataAt, name.next)) && isWord(head.subarray(op.dataAt, op.next));
}

function isWord(bytes: Uint8Array): boolean {
  return bytes.length > 0 && /^[A-Za-z_.][\w./\\-]*$/.test(Buffer.from(bytes).toString("latin1"));
}

interface Walk {
  readonly cursor: Cursor;
  readonly tensors: Tensor[];
  readonly findings: Findings;
  /** At the end of a graph that was cut within a node. */
  missingBytes: number;
}

async function read(reader: Reader): Promise<ModelFile> {
  const walk: Walk = { cursor: new Cursor(reader), tensors: [], findings: new Findings(), missingBytes: 0 };
  const saved = looksLikeSavedModel(await reader.read(0, Math.min(headBytes, reader.size)));
  // SavedModel: meta_graphs 2, of which graph_def 2.
  if (saved) await inside(walk, reader.size, 2, (meta) => inside(walk, meta, 2, (graph) => readGraph(walk, graph)));
  else await readCutGraph(walk, reader.size);
  const { findings, missingBytes } = walk;
  if (missingBytes > 0) findings.add(`the file ends ${missingBytes} bytes before its graph`, reader.size);
  return {
    format: "tf-graph",
    tensors: walk.tensors,
    metadata: {},
    findings: findings.list,
    ...(missingBytes > 0 && { missingBytes }),
  };
}

/** Calls `each` with the end of every submessage of that number. */
function inside(walk: Walk, end: number, number: number, each: (end: number) => Promise<void>): Promise<void> {
  return walkMessage(walk.cursor, end, "a message", (field) =>
    field.number === number && field.wire === 2 ? each(field.at + field.length) : undefined,
  );
}

/** A frozen graph has no length of its own: one whose last node runs beyond the file was cut. */
async function readCutGraph(walk: Walk, size: number): Promise<void> {
  try {
    await readGraph(walk, Infinity, (field) => {
      walk.missingBytes = Math.max(walk.missingBytes, field.at + field.length - size);
    });
  } catch (error) {
    if (!endsBefore(error) || (walk.missingBytes === 0 && walk.cursor.at < size)) throw error;
  }
}

/** GraphDef: node 1, library 2 (FunctionDefLibrary: function 1, of which node_def 3). */
async function readGraph(walk: Walk, end: number, onField?: (field: Field) => void): Promise<void> {
  await walkMessage(walk.cursor, end, "a graph", (field) => {
    onField?.(field);
    if (field.wire !== 2) return undefined;
    if (field.number === 1) return readNode(walk, field);
    if (field.number !== 2) return undefined;
    return inside(walk, field.at + field.length, 1, (end) =>
      walkMessage(walk.cursor, end, "a function", (it) => (it.number === 3 ? readNode(walk, it) : undefined)),
    );
  });
}

/** NodeDef: name 1, op 2, attr 5: a map of key 1 and AttrValue 2, whose tensor is 8. */
async function readNode(walk: Walk, { at, length }: Field): Promise<void> {
  let name = "";
  await walkMessage(walk.cursor, at + length, "a node", async (field) => {
    if (field.number === 1) name = await text(walk.cursor, field);
    if (field.number === 2) {
      const op = await text(walk.cursor, field);
      if (reaching.has(op)) walk.findings.add(`uses the operator ${op}`, field.at);
    }
    if (field.number !== 5 || field.wire !== 2) return;
    await inside(walk, field.at + field.length, 2, (end) =>
      walkMessage(walk.cursor, end, "an attribute", (it) =>
        it.number === 8 && it.wire === 2 ? readTensor(walk, it, name) : undefined,
      ),
    );
  });
}

/** TensorProto: dtype 1, shape 2, tensor_content 4. Values in fields of their own are short constants and are passed over. */
async function readTensor(walk: Walk, { at, length }: Field, name: string): Promise<void> {
  let type = 0;
  let shape: readonly number[] = [];
  let content: Field | undefined;
  await walkMessage(walk.cursor, at + length, "a tensor", async (field) => {
    if (field.number === 1) type = Number(field.value);
    if (field.number === 2 && field.wire === 2) shape = await readShape(walk.cursor, field);
    if (field.number === 4 && field.wire === 2) content = field;
  });
  const dtype = tensorflowType(type);
  if (!dtype || !content || content.length === 0) return;
  if (walk.tensors.length >= maxTensors) throw new WeightsError("TOO_MANY", `more than ${maxTensors} tensors`);
  const bytes = sizeOf(dtype, shape, `constant ${JSON.stringify(name)}`);
  if (bytes !== content.length) {
    throw new WeightsError(
      "MALFORMED",
      `constant ${JSON.stringify(name)} needs ${bytes} bytes and has ${content.length}`,
      { at },
    );
  }
  walk.tensors.push({ name, dtype, shape, offset: content.at, bytes });
}

async function text(cursor: Cursor, { at, length, wire }: Field): Promise<string> {
  if (wire !== 2 || length > maxNameBytes) throw new WeightsError("MALFORMED", `a text of ${length} bytes`, { at });
  await cursor.want(length, "a text");
  return new TextDecoder().decode(cursor.take(length));
}
