// A second opinion on a link: tensors that the fingerprint never looked at, whole and by name.
import { decoderOf, Sources, type ModelPart, type Tensor } from "../../packages/weights/src/index.ts";
import { centreTwice } from "../../packages/weights/src/fingerprint/condition.ts";
import { lnGeometricMerge, probabilityOf } from "../../packages/weights/src/fingerprint/probability.ts";
import { likeness, prepareValues } from "../../packages/weights/src/fingerprint/statistic.ts";

/** Kernels with fewer columns than this are no matrices to the fingerprint: depthwise convolutions. */
const sampledColumns = 8;

/** What tensors outside both fingerprints say, paired by name and shape alone. */
export interface SecondOpinion {
  readonly tensors: number;
  readonly weights: number;
  /** Correlations: lowest, median. */
  readonly lowest: number;
  readonly median: number;
  /** Against independence, given that channels could stand in any order; merged over the tensors by twice their geometric mean's bound. */
  readonly pValue: number;
  /** Equal bytes, of all tensors of equal name and size. */
  readonly equalBytes: number;
}

/** Undefined where no such tensor is in both. */
export async function weightsBeyond(a: ModelPart, b: ModelPart): Promise<SecondOpinion | undefined> {
  const [rhos, lnP]: [number[], number[]] = [[], []];
  let [weights, same, compared] = [0, 0, 0];
  for (const tensor of a.file.tensors) {
    const other = b.file.tensors.find((it) => it.name === tensor.name && it.shape.join() === tensor.shape.join());
    const [one, two] = [await bytesOf(a, tensor), other && (await bytesOf(b, other))];
    if (!other || !one || !two) continue;
    compared += Math.min(one.length, two.length);
    if (other.dtype === tensor.dtype) for (let i = 0; i < one.length; i++) if (one[i] === two[i]) same++;
    const left = kernel(tensor, one);
    const right = kernel(other, two);
    const found = left && right && likeness([left], [right]);
    if (!found) continue;
    weights += left.values.length;
    rhos.push(found.rho);
    lnP.push(found.lnP);
  }
  if (rhos.length === 0) return undefined;
  const sorted = rhos.toSorted((x, y) => x - y);
  return {
    tensors: rhos.length,
    weights,
    lowest: sorted[0] ?? 0,
    median: sorted[sorted.length >> 1] ?? 0,
    pValue: probabilityOf(lnGeometricMerge(lnP)),
    equalBytes: compared > 0 ? same / compared : 0,
  };
}

async function bytesOf(part: ModelPart, tensor: Tensor): Promise<Uint8Array | undefined> {
  const reader = await new Sources(part.reader, part.sibling ? { sibling: part.sibling } : {}).of(tensor);
  return reader && (await reader.read(tensor.offset, tensor.bytes));
}

/** A depthwise kernel, height x width x channels x 1, as channels x cells with both means taken away. */
function kernel({ dtype, shape }: Tensor, bytes: Uint8Array): ReturnType<typeof prepareValues> | undefined {
  const [height = 0, width = 0, channels = 0, last = 0] = shape;
  const cells = height * width;
  const decoder = decoderOf(dtype);
  if (shape.length !== 4 || last !== 1 || channels < 16 || width >= sampledColumns || cells < 4 || !decoder)
    return undefined;
  const values = new Float32Array(cells * channels);
  decoder.decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, values.length, values, 0);
  const turned = values.map((_, i) => values[(i % cells) * channels + Math.floor(i / cells)] ?? 0);
  centreTwice(turned, cells);
  return prepareValues(turned, cells);
}
