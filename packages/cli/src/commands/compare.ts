import { gatewayOptions } from "../gateway-desk.ts";
import { command, type Call } from "../command.ts";
import { CliError, type ExitCode } from "../error.ts";
import { oneModel, type NamedModel } from "../one-model.ts";
import { plural, sizeText } from "../text/amounts.ts";
import { tensorStrip } from "../text/tensor-strip.ts";
import { compareMarks } from "./compare-marks.ts";
import { visible } from "../text/visible.ts";
import { wrap } from "../text/wrap.ts";

const options = {
  base: {
    type: "string",
    multiple: true,
    value: "PATH",
    about: "A public model that both may come from: what both have from it accuses nobody",
  },
  "read-all": {
    type: "boolean",
    about: "Read all bytes, to tell equal from alike; by default only where samples agree or the models are small",
  },
  marks: {
    type: "boolean",
    about: "Look for the gateway's marks: A holds queries with what your model itself says, B what the suspect answers",
  },
  model: { type: "string", value: "NAME", about: "marks: the model, as clients of the gateway name it" },
  ...gatewayOptions,
  principal: {
    type: "string",
    multiple: true,
    value: "NAME",
    about: "marks: whose marks are looked for (default: everybody who has or had a key)",
  },
  share: {
    type: "string",
    value: "S",
    about: "marks: share of queries that was marked (default: the plan's, or 0.005)",
  },
  pull: { type: "string", value: "P", about: "marks: how far embeddings were turned (default: the plan's, or 0.2)" },
  key: {
    type: "string",
    value: "VARIABLE",
    about: "marks: variable with the key to ask the suspect with, where B is its address",
  },
} as const;

const related = new Set(["identical", "same-tensors", "derived"]);

export const compare = command({
  summary: "Says whether one model is a copy of another or comes from it, with a p-value",
  usage: "A B",
  positionals: [2, 2],
  options,
  about: [
    "A is the model you protect, B the suspect: files, folders of shards or archives, of any formats. Nothing is loaded or run.",
    'With --marks: A is NDJSON, {"input": [0.1, …], "probabilities": [0.7, …], "principal": "svc-a"} for a classifier, {"input": "text"} for embeddings. B holds {"input", "label" or "probabilities" or "embedding"}, or is the address of the suspect\'s interface, which is then asked. Answers marked, not-marked or undetermined, with exact p-values.',
    "Answers identical, same-tensors, derived, unrelated or undetermined; undetermined is never shown as unrelated. Exit 1 if they are related, 3 if it could not be told.",
  ],
  examples: [
    { line: "outweigh compare acme-13b/ suspect.gguf", about: "A folder of shards with a quantised suspect" },
    {
      line: "outweigh compare acme.safetensors other.safetensors --base llama-3.1-8b/ --json",
      about: "Both are fine-tunes of the same public base",
    },
    {
      line: "outweigh compare --marks queries.ndjson suspect.ndjson --model product-classifier",
      about: "Whether a suspect was taught by answers that the gateway marked, and whose",
    },
  ],
  run,
});

async function run(call: Call<typeof options>): Promise<ExitCode> {
  const { positionals, values, json, terminal, signal } = call;
  if (!values.marks) return compareWeights(call);
  const [queries = "", suspect = ""] = positionals;
  const { config, data, model, principal: principals, share, pull, key } = values;
  return compareMarks({ queries, suspect, config, data, model, principals, share, pull, key, json, terminal, signal });
}

async function compareWeights({
  positionals: [a = "", b = ""],
  values,
  json,
  terminal,
  signal,
}: Call<typeof options>): Promise<ExitCode> {
  const { openCopy } = await import("@outweigh/agent");
  const { compareModels, WeightsError } = await import("@outweigh/weights");
  const named: NamedModel[] = [];
  for (const path of [a, b, ...values.base]) named.push(await oneModel(path, { hash: "none", terminal, signal }));
  const opened: Awaited<ReturnType<typeof openCopy>>[] = [];
  try {
    for (const { copy } of named) opened.push(await openCopy(copy));
    const [ours, theirs, ...bases] = opened.map((it) => it.parts);
    if (!ours || !theirs) throw new CliError("USAGE", "expected A B");
    const result = await compareModels(ours, theirs, { bases, ...(values["read-all"] && { readAll: "always" }) });
    const [first, second] = named.map(describe);
    if (json) terminal.printJson({ a: first, b: second, ...result });
    else {
      const { relation, pValue, how, tensorsCompared, tensorsSignificant, sharedExact, bytesRead, why } = result;
      terminal.print(
        `${terminal.bold(relation)}  p ${pValue < 1e-300 ? "< 1e-300" : pValue >= 0.001 ? pValue.toFixed(3) : pValue.toExponential(1)}`,
      );
      for (const line of wrap(visible(why), terminal.width, { first: "   ", rest: "   " })) terminal.print(line);
      for (const it of how) terminal.print(`   · ${visible(it)}`);
      const alike = tensorsSignificant > 0;
      if (alike) terminal.print(`   ${tensorStrip(result.perTensor, terminal.width - 3)}`);
      const moved = result.relation === "derived" ? " as they lie" : "";
      const legend = alike ? " (▁ to █: how alike each is; ·: no more than by chance)" : moved;
      const exact = sharedExact === undefined ? "" : `; ${plural(sharedExact, "tensor")} equal byte for byte`;
      terminal.print(
        `   ${tensorsSignificant} of ${plural(tensorsCompared, "matrix", "matrices")} alike${legend}${exact}; ${sizeText(bytesRead)} read`,
      );
    }
    return related.has(result.relation) ? 1 : result.relation === "undetermined" ? 3 : 0;
  } catch (error) {
    if (error instanceof WeightsError) throw new CliError("FAILED", error.message, { cause: error });
    throw error;
  } finally {
    for (const it of opened) it.close();
  }
}

function describe({ model, copy }: NamedModel): object {
  const { path, container, format, files } = copy;
  return {
    path,
    ...(container !== undefined && { container }),
    format,
    files: files?.length ?? 1,
    bytes: model.bytes,
    tensors: model.tensors,
  };
}
