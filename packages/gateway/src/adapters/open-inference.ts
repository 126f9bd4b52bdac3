import { eachElement, skipValue } from "../json/spans.ts";
import { editJson, filterElements } from "../json/edit.ts";
import { swapTensors } from "../marks/swap-tensors.ts";
import { coarsen, row, type Coarsening } from "../json/probabilities.ts";
import {
  noLevers,
  type Adapter,
  type BinaryAnswer,
  type BinaryCut,
  type Levers,
  type Members,
  type Seen,
  type Taken,
} from "./adapter.ts";
import {
  areDistributions,
  at,
  cutRows,
  isFields,
  isOn,
  memberOf,
  membersIf,
  nestedIn,
  numberOf,
  parse,
  textOf,
  type Fields,
} from "./reading.ts";
import { tensorsOf, type Tensor } from "./tensors.ts";

/** KServe, Triton, MLServer and TorchServe's V2. Source: Open Inference protocol, and Triton's binary tensor extension. */
export const openInference: Adapter = {
  protocol: "open-inference",
  counter: "nv_inference_request_success",
  errors: "text",
  credential: ["authorization", "Bearer "],
  routes: [
    { method: "GET", path: "/v2/health/live", operation: "look", body: "none" },
    { method: "GET", path: "/v2/health/ready", operation: "look", body: "none" },
    { method: "GET", path: "/v2", operation: "look", body: "none" },
    { method: "GET", path: "/v2/models/{model}", operation: "look", body: "none" },
    { method: "GET", path: "/v2/models/{model}/ready", operation: "look", body: "none" },
    { method: "GET", path: "/v2/models/{model}/versions/{version}", operation: "look", body: "none" },
    { method: "GET", path: "/v2/models/{model}/versions/{version}/ready", operation: "look", body: "none" },
    { method: "POST", path: "/v2/models/{model}/infer", operation: "predict", body: "json" },
    { method: "POST", path: "/v2/models/{model}/versions/{version}/infer", operation: "predict", body: "json" },
    { method: "POST", path: "/v2/models/{model}/generate", operation: "complete", body: "json" },
    { method: "POST", path: "/v2/models/{model}/generate_stream", operation: "complete", body: "json" },
  ],
  denied: [
    { path: "/v2/repository/*", why: "it lists, loads and unloads models", grave: true },
    { path: "/v2/systemsharedmemory/*", why: "it maps the server's memory", grave: true },
    { path: "/v2/cudasharedmemory/*", why: "it maps the server's memory", grave: true },
    { path: "/v2/trace*", why: "it records other clients' requests" },
    { path: "/v2/logging*", why: "it changes what the server logs" },
    { path: "/v2/models/stats", why: "it tells how the server is used" },
    { path: "/v2/models/{model}/config", why: "it tells how the model is set up" },
    { path: "/v2/models/{model}/stats", why: "it tells how the server is used" },
    { path: "/v2/models/{model}/trace*", why: "it records other clients' requests" },
  ],
  levers(members: Members, route): Levers {
    if (route.operation !== "complete") return noLevers;
    const parameters = nestedIn(members, "parameters");
    const details = parameters !== undefined && isOn(memberOf(parameters, "details"));
    const maxTokens = parameters && numberOf(parameters, "max_tokens");
    return { ...noLevers, stream: route.path.endsWith("_stream"), logprobs: details ? 1 : 0, maxTokens };
  },
  cuts: () => ({
    logprobs: [{ path: ["details"], change: () => "null" }],
    probabilities: (to, classes, output) => [
      { path: ["outputs", "*"], change: (value) => coarsenOutput(value, to, classes, output) },
    ],
    features: (name) => [filterElements(["outputs"], (output) => !isNamed(output, name))],
    binary: cutBinary,
    swap: swapTensors,
  }),
  queries: (_, members) => rowsAsked(members),
  see(taken: Taken): Seen | undefined {
    if (taken.route.operation !== "predict") {
      const text = textOf(at(parse(taken.request), "text_input"));
      return text === undefined ? undefined : { text, depth: 1 };
    }
    const input = tensorsOf(taken.request, taken.requestJson, "inputs")?.find((it) => it.values !== undefined);
    const rows = input?.values && cutRows(input.values, input.shape[0] ?? 1);
    if (!rows) return undefined;
    const outputs = tensorsOf(taken.answer, taken.answerJson, "outputs") ?? [];
    const own = outputs.find((it) => taken.features !== undefined && it.name === taken.features)?.values;
    const features = own && cutRows(own, rows.length);
    const others = outputs.filter((it) => it.name !== taken.features);
    return { inputs: rows, ...(features && { features }), ...answerOf(others, taken.output, rows.length) };
  },
};

/** The largest first dimension of its inputs. */
function rowsAsked(members: Members | undefined): number {
  const span = members?.at.get("inputs");
  if (!members || !span) return 1;
  let rows = 1;
  eachElement(members.body, span.start, (start) => {
    const end = skipValue(members.body, start);
    const input = membersIf(members.body.subarray(start, end));
    const shape = input && memberOf(input, "shape");
    if (Array.isArray(shape) && typeof shape[0] === "number") rows = Math.max(rows, Math.floor(shape[0]));
    return end;
  });
  return rows;
}

function answerOf(
  tensors: readonly Tensor[],
  output: string | undefined,
  rows: number,
): Pick<Seen, "probabilities" | "labels"> {
  const probabilities = probabilityRows(tensors, rows, output);
  if (probabilities) return { probabilities };
  // Triton's classification extension answers `value:index[:label]`.
  const said = tensors.find((it) => it.texts !== undefined)?.texts;
  const labels = said?.map((it) => Number(it.split(":")[1]));
  if (labels && labels.length >= rows && labels.every((it) => Number.isInteger(it))) return { labels };
  const whole = tensors.find((it) => it.values?.length === rows && it.values.every((one) => Number.isInteger(one)));
  return whole?.values ? { labels: [...whole.values] } : {};
}

function probabilityRows(tensors: readonly Tensor[], rows: number, output: string | undefined): number[][] | undefined {
  for (const { name, values } of tensors) {
    if (!values || (output !== undefined && name !== output)) continue;
    const cut = cutRows(values, rows);
    if (cut && cut.every((it) => it.length > 1) && (output !== undefined || areDistributions(cut))) return cut;
  }
  return undefined;
}

/** One output tensor in JSON, with its data made coarser; logits and embeddings are put to nothing under label-only. */
function coarsenOutput(value: Buffer, to: Coarsening, classes: number | undefined, output: string | undefined) {
  const tensor: unknown = JSON.parse(value.toString());
  if (!isFields(tensor) || !Array.isArray(tensor["data"])) return undefined;
  const coarse = coarseData(tensor, tensor["data"], to, classes, output);
  return coarse === undefined ? undefined : JSON.stringify({ ...tensor, data: coarse });
}

function coarseData(
  tensor: Fields,
  data: readonly unknown[],
  to: Coarsening,
  classes: number | undefined,
  output: string | undefined,
) {
  if (!/^(?:FP|BF)/.test(String(tensor["datatype"]))) return undefined;
  const shape = Array.isArray(tensor["shape"]) ? tensor["shape"].map(Number) : [];
  const width = classes ?? shape.at(-1);
  const isProbabilities = output === undefined ? areRows(data, width) : tensor["name"] === output;
  if (isProbabilities) return coarsen(data, to, width);
  // Any other float tensor of the same answer, such as logits or an embedding, gives away more than the probabilities do.
  return to.dial === "label-only" || output !== undefined ? data.flat(8).map(() => 0) : undefined;
}

function areRows(data: readonly unknown[], width: number | undefined): boolean {
  const flat = data.flat(8);
  if (!flat.every((it) => typeof it === "number") || width === undefined) return false;
  const rows = cutRows(flat, flat.length / width);
  return rows !== undefined && areDistributions(rows);
}

/** Makes floats coarser in place, which keeps every size; then takes the detectors' tensor out of JSON and data. */
function cutBinary({ body, jsonLength }: BinaryAnswer, { to, classes, output, features }: BinaryCut): BinaryAnswer {
  const tensors = tensorsOf(body, jsonLength, "outputs");
  if (!tensors) throw new Error("the answer's tensors cannot be read");
  const out = Buffer.from(body);
  if (to.dial !== "full") {
    for (const it of tensors) if (it.name !== features) coarsenTensor(out, it, { to, classes, output, features });
  }
  const hidden = features === undefined ? [] : tensors.filter((it) => it.name === features);
  if (features === undefined || hidden.length === 0) return { body: out, jsonLength };
  const json = editJson(out.subarray(0, jsonLength), [
    filterElements(["outputs"], (element) => !isNamed(element, features)),
  ]);
  const data: Buffer[] = [];
  let from = jsonLength;
  for (const { at: place, size } of hidden) {
    if (place === undefined) continue;
    data.push(out.subarray(from, place));
    from = place + size;
  }
  return { body: Buffer.concat([json, ...data, out.subarray(from)]), jsonLength: json.length };
}

function coarsenTensor(out: Buffer, tensor: Tensor, { to, classes, output }: BinaryCut): void {
  const { name, datatype, shape, values, at: place } = tensor;
  if (!values || place === undefined || !/^(?:FP32|FP64)$/.test(datatype)) {
    if (/^(?:FP|BF)/.test(datatype)) throw new Error(`output ${name} is ${datatype}, which cannot be made coarser`);
    return;
  }
  const width = classes ?? shape.at(-1) ?? values.length;
  const rows = cutRows(values, values.length / width);
  const isProbabilities = output === undefined ? rows !== undefined && areDistributions(rows) : name === output;
  if (!isProbabilities && to.dial !== "label-only") return;
  const coarse = isProbabilities && rows ? rows.flatMap((it) => row(it, to)) : values.map(() => 0);
  coarse.forEach((it, i) =>
    datatype === "FP32" ? out.writeFloatLE(it, place + 4 * i) : out.writeDoubleLE(it, place + 8 * i),
  );
}

/** Whether one output, as JSON, has this name. */
function isNamed(output: Buffer, name: string): boolean {
  return at(parse(output), "name") === name;
}
