import { Budget, type Allowance, type LeftOut, type LeftOutCode } from "./containers/allowance.ts";
import {
  llamafile,
  streams,
  tarContainer,
  zipContainer,
  type Container,
  type ContainerMember,
} from "./containers/container.ts";
import { describeLayer, isLayerPath, layerOfImage } from "./containers/image.ts";
import { closed, packed } from "./containers/packed.ts";
import { UnpackedReader } from "./containers/unpacked.ts";
import { WeightsError } from "./error.ts";
import type { Format, FormatKind, ReadContext } from "./formats/format.ts";
import { gguf } from "./formats/gguf.ts";
import { coreml } from "./formats/coreml.ts";
import { hdf5, keras } from "./formats/hdf5.ts";
import { tfCheckpoint } from "./formats/tf-checkpoint.ts";
import { tfGraph } from "./formats/tf-graph.ts";
import { npy, npz } from "./formats/npy.ts";
import { openvino } from "./formats/openvino.ts";
import { tfjs } from "./formats/tfjs.ts";
import { tflite } from "./formats/tflite.ts";
import { wholeFormats } from "./formats/whole.ts";
import { onnx } from "./formats/onnx.ts";
import { pickleFile } from "./formats/pickle-file.ts";
import { pytorchLegacy } from "./formats/pytorch-legacy.ts";
import { pytorchTar } from "./formats/pytorch-tar.ts";
import { pytorchZip } from "./formats/pytorch-zip.ts";
import { safetensors } from "./formats/safetensors.ts";
import { shardIndex } from "./formats/shard-index.ts";
import { headBytes, maxContainerDepth, maxRecogniseBytes } from "./limits.ts";
import { mayHoldArrays } from "./pickle/may-hold-arrays.ts";
import type { ModelFile, Reader } from "./tensor.ts";

/** What a file turned out to be. A `container` holds files: `findModels` looks into it. */
export interface Recognised {
  readonly format: string;
  readonly kind: FormatKind | "container";
}

/** In the order in which they are asked: sharp magics first, guesses last. */
const formats: readonly Format[] = [
  safetensors,
  gguf,
  pytorchZip,
  npz,
  keras,
  hdf5,
  pytorchLegacy,
  pytorchTar,
  npy,
  tflite,
  coreml,
  tfCheckpoint,
  ...wholeFormats,
  onnx,
  tfGraph,
  shardIndex,
  tfjs,
  openvino,
  pickleFile,
];

const containers: readonly Container[] = [zipContainer, tarContainer, llamafile, ...streams, ...packed, ...closed];

/** Nothing shorter holds a weight and says so. */
const minModelBytes = 8;

/**
 * Whether a file that begins with `head` (its first `headBytes`, or all of it) deserves `recognise`.
 *
 * For disk scans: synchronous, never throws, and cheap for the many files that are no models. A false alarm costs one
 * `recognise`. Compressed streams pass only if what they unpack to passes.
 */
export function couldBeModel(head: Uint8Array, size: number): boolean {
  return passes(head, size, 0);
}

/** Whether it begins like a compressed stream, which can only be read from the front. May be wrong, never throws. */
export function beginsPacked(head: Uint8Array): boolean {
  return streams.some((it) => it.mayBe(head, head.length));
}

function passes(head: Uint8Array, size: number, depth: number): boolean {
  if (head.length < minModelBytes) return false;
  if (formats.some((format) => format.mayBe(head, size))) return true;
  return containers.some((it) => it.mayBe(head, size) && holdsMaybe(it, head, depth));
}

function holdsMaybe({ codec }: Container, head: Uint8Array, depth: number): boolean {
  if (!codec) return true;
  const inside = codec.peek(head);
  if (inside.length === 0) return codec.peekBytes !== undefined; // the first block is longer, or broken: could not tell
  return depth < maxContainerDepth && passes(inside.subarray(0, headBytes), Number.MAX_SAFE_INTEGER, depth + 1);
}

/**
 * The format of a file, by content alone; undefined if it is none that we know.
 * Reads less than 64 KiB, of a zip its directory, of zstd and bzip2 a block (128 KiB, 2.3 MB). Throws only what the reader throws.
 */
export async function recognise(reader: Reader): Promise<Recognised | undefined> {
  const head = await readHead(reader);
  const format = await formatOf(head, reader);
  if (format) return { format: format.name, kind: format.kind };
  const container = await containerOf(head, reader);
  return container && { format: container.name, kind: "container" };
}

/**
 * The tensors of a model file, as far as its header tells; no weight is read.
 *
 * @param context How to reach the siblings that it names. ONNX external data is listed even where it cannot be reached.
 * @throws {WeightsError} UNKNOWN_FORMAT if nothing recognises it, or if it is a container; else whatever is wrong with it.
 */
export async function readModelFile(reader: Reader, context: ReadContext = {}): Promise<ModelFile> {
  const format = await formatOf(await readHead(reader), reader);
  if (!format) throw new WeightsError("UNKNOWN_FORMAT", "the file is of no format that holds weights");
  const file = await format.read(reader, context);
  const layer = await context.image?.();
  return layer ? { ...file, findings: [...file.findings, { what: describeLayer(layer) }] } : file;
}

/** A model file on its own or inside containers. */
export interface FoundInside {
  /** Empty for the file itself; else the way to it: `a.bin`, `layer.tar!/models/a.bin`. Never a path to open. */
  readonly path: string;
  readonly reader: Reader;
  readonly recognised: Recognised;
  readonly context: ReadContext;
}

export interface FindOptions extends ReadContext {
  /** Called for what could not be looked into, with the way to it: encrypted, broken, too deep. */
  onProblem?(path: string, why: string): void;
  /** Looks at nothing but what lies there or on the way: what an earlier look found. */
  readonly only?: ReadonlySet<string>;
  /** What looking may cost. Undefined: as much as it takes. */
  readonly allowance?: Allowance | undefined;
  /** Called for what the allowance leaves out, once for each archive and reason. */
  onLeftOut?(leftOut: LeftOut): void;
  /** Called for each container that is opened, with the way to it. */
  onArchive?(path: string): void;
  /** Called once at the end, with the bytes unpacked under an allowance. */
  onUnpacked?(bytes: number): void;
}

/**
 * The model files that a file is or holds, at most `maxContainerDepth` containers deep. Read one before asking for the next: streams are
 * cheap in one direction only.
 *
 * Throws only what the reader throws; what is wrong with a container goes to `onProblem`.
 */
export async function* findModels(reader: Reader, options: FindOptions = {}): AsyncGenerator<FoundInside> {
  const budget = options.allowance && new Budget(options.allowance);
  try {
    const ways = options.only && waysTo(options.only);
    yield* findInside({ path: "", reader, context: options }, { ...options, budget, ways }, 0);
  } finally {
    if (budget) options.onUnpacked?.(budget.spent);
  }
}

interface Search extends FindOptions {
  readonly budget: Budget | undefined;
  /** What is looked at, where that is not all. */
  readonly ways: ReadonlySet<string> | undefined;
}

/** Each path with all containers on the way to it. */
function waysTo(paths: ReadonlySet<string>): ReadonlySet<string> {
  const ways = new Set<string>();
  for (const path of paths) {
    const steps = path.split("!/");
    for (const i of steps.keys()) ways.add(steps.slice(0, i + 1).join("!/"));
  }
  return ways;
}

async function* findInside(
  { path, reader, context }: Omit<FoundInside, "recognised">,
  search: Search,
  depth: number,
): AsyncGenerator<FoundInside> {
  const head = await readHead(reader);
  if (!couldBeModel(head, reader.size)) return;
  const format = await formatOf(head, reader);
  if (format) {
    if (search.budget && format === pickleFile && !(await mayHoldArrays(reader))) return;
    search.budget?.grant(2 * reader.size); // its header and its weights may be unpacked
    yield { path, reader, recognised: { format: format.name, kind: format.kind }, context };
    return;
  }
  if (search.budget && reader instanceof UnpackedReader && llamafile.mayBe(head, reader.size)) {
    search.onLeftOut?.({ code: "PACKED_PROGRAM", path, members: 1 });
    return;
  }
  const container = await containerOf(head, reader);
  if (!container) return;
  if (depth >= maxContainerDepth) {
    search.onProblem?.(path, `lies more than ${maxContainerDepth} containers deep`);
    return;
  }
  yield* findInContainer(container, { path, reader, context }, search, depth);
}

async function* findInContainer(
  container: Container,
  { path, reader }: Omit<FoundInside, "recognised">,
  search: Search,
  depth: number,
): AsyncGenerator<FoundInside> {
  const leftOut = new Map<LeftOutCode, number>();
  search.onArchive?.(path);
  const { ways } = search;
  const wanted = ways && ((name: string): boolean => ways.has(wayTo(path, name)));
  try {
    for await (const member of container.open(reader, search.budget, wanted)) {
      if (member.leftOut) leftOut.set(member.leftOut, (leftOut.get(member.leftOut) ?? 0) + 1);
      else yield* findInMember(member, path, search, depth + (container.codec ? 0.5 : 1)); // a codec counts half: image, layer, gzip, tar, zip are still 4
      await member.close?.();
    }
  } catch (error) {
    whyNot(error, path, search);
  } finally {
    for (const [code, members] of leftOut) search.onLeftOut?.({ code, path, members });
  }
}

function wayTo(container: string, name: string): string {
  return container === "" || name === "" ? container + name : `${container}!/${name}`;
}

/** A member that cannot be read does not hide the ones behind it. */
async function* findInMember(
  { name, reader, problem, sibling, entry }: ContainerMember,
  path: string,
  search: Search,
  depth: number,
): AsyncGenerator<FoundInside> {
  const inside = wayTo(path, name);
  if (search.ways && inside !== "" && !search.ways.has(inside)) return;
  if (!reader) {
    search.onProblem?.(inside, problem ?? "can't be opened");
    return;
  }
  const image = search.image ?? (entry && isLayerPath(name) ? () => layerOfImage(name, entry) : undefined);
  const context = { name: name.slice(name.lastIndexOf("/") + 1), sibling, ...(image && { image }) };
  let anything = false;
  try {
    for await (const it of findInside(
      { path: inside, reader, context },
      image ? { ...search, image } : search,
      depth,
    )) {
      anything = true;
      yield it;
    }
  } catch (error) {
    whyNot(error, inside, search);
  }
  if (!anything && problem !== undefined) search.onProblem?.(inside, problem);
}

/** Throws what is no fault of the file. */
function whyNot(error: unknown, path: string, search: Search): void {
  if (!(error instanceof WeightsError)) throw error;
  if (error.code === "BUDGET") search.onLeftOut?.({ code: "BUDGET", path, members: 1 });
  else search.onProblem?.(path, error.message);
}

function readHead(reader: Reader): Uint8Array | Promise<Uint8Array> {
  return reader.read(0, Math.min(headBytes, reader.size));
}

async function formatOf(head: Uint8Array, reader: Reader): Promise<Format | undefined> {
  if (head.length < minModelBytes) return undefined;
  for (const format of formats) {
    if (format.mayBe(head, reader.size) && (await format.recognise(head, reader))) return format;
  }
  return undefined;
}

async function containerOf(head: Uint8Array, reader: Reader): Promise<Container | undefined> {
  if (head.length < minModelBytes) return undefined;
  for (const container of containers) {
    if (!container.mayBe(head, reader.size)) continue;
    if (container.confirm && !(await container.confirm(reader))) continue;
    if (!container.codec) return container;
    const more = await reader.read(0, Math.min(reader.size, container.codec.peekBytes ?? maxRecogniseBytes / 2));
    if (holdsMaybe(container, more, 0)) return container;
  }
  return undefined;
}
