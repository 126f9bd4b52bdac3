import type { Answered, MarkedRows } from "../adapters/adapter.ts";
import { areDistributions, cutRows } from "../adapters/reading.ts";
import { tensorsOf, type Tensor } from "../adapters/tensors.ts";
import { eachElement, eachMember, skipSpace, skipValue } from "../json/spans.ts";
import { bestTwo } from "./label-marks.ts";
import { rewrite, writtenRows, type Written } from "./numbers-in.ts";
import { textOf } from "./swap.ts";

/** What is swapped in a marked row: the label that the model gave, and the one it is given. */
type Pairs = ReadonlyMap<number, readonly [best: number, second: number]>;

/**
 * An answer of the Open Inference protocol with marked rows changed alike in all its outputs: probabilities and whatever else has a number
 * for each class are swapped, a label becomes the other one. Undefined where no output holds the probabilities.
 */
export function swapTensors({ body, jsonLength, output }: Answered, { rows, marked }: MarkedRows): Buffer | undefined {
  const tensors = tensorsOf(body, jsonLength, "outputs");
  const main = tensors?.find((it) => isDistribution(it, rows) && (output === undefined || it.name === output));
  if (!tensors || !main?.values) return undefined;
  const width = main.values.length / rows;
  const pairs = new Map(
    [...marked].flatMap((i) => {
      const pair = bestTwo((main.values ?? []).slice(i * width, (i + 1) * width));
      return pair ? [[i, pair] as const] : [];
    }),
  );
  return jsonLength === undefined
    ? inJson(body, tensors, { rows, width, pairs })
    : inBytes(body, tensors, { rows, width, pairs });
}

function isDistribution({ values }: Tensor, rows: number): boolean {
  const cut = values && cutRows(values, rows);
  return cut !== undefined && areDistributions(cut);
}

interface Swapping {
  readonly rows: number;
  readonly width: number;
  readonly pairs: Pairs;
}

/** Whether a tensor has a number for each class of each row, or one for each row. */
function kindOf({ values, datatype }: Tensor, { rows, width }: Swapping): "classes" | "label" | undefined {
  if (values?.length === rows * width && /^(?:FP|BF)/.test(datatype)) return "classes";
  return values?.length === rows && /^U?INT/.test(datatype) ? "label" : undefined;
}

function inBytes(body: Buffer, tensors: readonly Tensor[], it: Swapping): Buffer {
  const out = Buffer.from(body);
  for (const tensor of tensors) {
    const kind = kindOf(tensor, it);
    if (tensor.at === undefined || kind === undefined) continue;
    const size = tensor.size / (tensor.values?.length ?? 1);
    for (const [row, [best, second]] of it.pairs) {
      if (kind === "classes") {
        const place = (i: number) => (tensor.at ?? 0) + (row * it.width + i) * size;
        body.copy(out, place(best), place(second), place(second) + size);
        body.copy(out, place(second), place(best), place(best) + size);
      } else if (tensor.values?.[row] === best && second < 2 ** (8 * size - 1)) {
        const place = tensor.at + row * size;
        out.fill(0, place, place + size);
        out.writeUIntLE(second, place, Math.min(size, 6));
      }
    }
  }
  return out;
}

function inJson(body: Buffer, tensors: readonly Tensor[], it: Swapping): Buffer {
  const data = outputsData(body);
  const changes = tensors.flatMap((tensor, i) => {
    const kind = kindOf(tensor, it);
    const at = data[i];
    const written = kind === undefined || at === undefined ? undefined : writtenRows(body, at)?.flat();
    if (!written || written.length !== tensor.values?.length) return [];
    return [...it.pairs].flatMap(([row, pair]) =>
      kind === "label"
        ? relabelled(written[row], pair)
        : exchanged(
            body,
            pair.map((one) => written[row * it.width + one]),
          ),
    );
  });
  return rewrite(body, changes);
}

function relabelled(at: Written | undefined, [best, second]: readonly [number, number]) {
  return at?.value === best ? [{ at, text: String(second) }] : [];
}

function exchanged(body: Buffer, [a, b]: readonly (Written | undefined)[]) {
  if (!a || !b) return [];
  return [
    { at: a, text: textOf(body, b) },
    { at: b, text: textOf(body, a) },
  ];
}

/** Where the data of each output begin. */
function outputsData(body: Buffer): (number | undefined)[] {
  const found: (number | undefined)[] = [];
  eachMember(body, skipSpace(body, 0), (name, start) => {
    if (name !== "outputs" || body[start] !== 0x5b) return skipValue(body, start);
    return eachElement(body, start, (element) => {
      let at: number | undefined;
      const end = eachMember(body, element, (member, from) => {
        if (member === "data") at = from;
        return skipValue(body, from);
      });
      found.push(at);
      return end;
    });
  });
  return found;
}
