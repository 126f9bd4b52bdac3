import { resolve } from "node:path";
import type { GatewayEncoder, GatewayModel } from "@outweigh/schema";
import { command, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { gatewayData, gatewayOptions } from "../gateway-desk.ts";
import { statOf } from "../paths.ts";
import type { Terminal } from "../terminal.ts";
import { countText } from "../text/amounts.ts";

/** Queries of one principal within which the promise holds, unless told otherwise. */
const defaultHorizon = 400;

const options = {
  ...gatewayOptions,
  model: { type: "string", value: "NAME", about: "The model of the gateway's configuration that the queries are of" },
  own: {
    type: "string",
    value: "FILE",
    about: "Inputs of your own that nobody was served: then progress is metered too",
  },
  prompts: {
    type: "boolean",
    about: 'FILE holds prompts of a language model: {"principal", "prompt", "time", "depth"}',
  },
  horizon: {
    type: "string",
    value: "N",
    about: `Queries of one principal that the promise covers (default: ${defaultHorizon})`,
  },
  alpha: { type: "string", value: "1/N", about: "How many benign principals may alarm within them (default: 1/100)" },
} as const;

export const gatewayCalibrate = command({
  summary: "Teaches the gateway what benign clients of a model look like",
  usage: "FILE --model NAME",
  positionals: [1, 1],
  options,
  about: [
    'FILE is NDJSON in the order of time, one query a line: {"principal": "svc-a", "input": [0.1, …], "probabilities": [0.7, …]}.',
    "The gateway keeps no inputs, so record them where your application asks the model. 25 principals are the least; 400 and more promise 1 in 100.",
    "Writes the file that the configuration names as the model's calibration, signed with the gateway's key. A gateway that runs reads it at its next start.",
  ],
  examples: [
    {
      line: "outweigh gateway calibrate benign.ndjson --model product-classifier --own own.ndjson",
      about: "All three alarms",
    },
    {
      line: "outweigh gateway calibrate benign.ndjson --model product-classifier --alpha 1/50",
      about: "With fewer principals",
    },
  ],
  run,
});

async function run({ values, positionals: [file = ""], json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const name = values.model;
  const model = config.gateway?.models.find((it) => it.name === name);
  if (name === undefined || !model)
    throw new CliError(
      "USAGE",
      `--model is ${JSON.stringify(name)}: expected a model that stands under gateway in outweigh.yml`,
    );
  if (model.calibration === undefined)
    throw new CliError("USAGE", `${name} has no calibration in outweigh.yml: say there where the file shall lie`);
  for (const it of [file, ...(values.own === undefined ? [] : [values.own])]) statOf(it);
  const { GatewayError } = await import("@outweigh/gateway");
  const to = resolve(model.calibration);
  try {
    const done = await learn(values, { file, model, encoder: config.gateway?.encoder, to, terminal });
    const { principals, queries, alarms } = done;
    if (json) terminal.printJson({ file: to, ...done });
    else {
      terminal.print(`${to}: learnt from ${countText(queries)} queries of ${countText(principals)} principals`);
      terminal.print(
        alarms.length > 0
          ? `it can raise ${alarms.join(", ")}`
          : "it pages nobody: so few principals cannot promise that; record more, or ask for less with --alpha",
      );
    }
    return alarms.length > 0 ? 0 : 1;
  } catch (error) {
    if (error instanceof GatewayError) throw new CliError("FAILED", error.message, { cause: error });
    throw error;
  }
}

interface Lesson {
  readonly file: string;
  readonly model: GatewayModel;
  readonly encoder: GatewayEncoder | undefined;
  readonly to: string;
  readonly terminal: Terminal;
}

/** Learns and writes; answers with what came of it. */
async function learn(
  values: Call<typeof options>["values"],
  { file, model, encoder, to, terminal }: Lesson,
): Promise<{ principals: number; queries: number; alarms: readonly string[] }> {
  const { calibrateFrom, calibratePrompts, gatewayKey, loadEncoder, writeCalibration, writePromptCalibration } =
    await import("@outweigh/gateway");
  const shared = {
    benign: file,
    horizon: wholeNumber(values.horizon ?? String(defaultHorizon), "--horizon"),
    alpha: rateOf(values.alpha ?? "1/100"),
    say: (text: string) => terminal.progress(() => text),
  };
  const { privateKey } = gatewayKey(gatewayData(values));
  if (values.prompts) {
    const { calibration, ...done } = await calibratePrompts({
      ...shared,
      encoder: encoder && (await loadEncoder(encoder)),
    });
    writePromptCalibration(to, calibration, privateKey);
    return done;
  }
  const { calibration, ...done } = await calibrateFrom({ ...shared, model, own: values.own });
  writeCalibration(to, calibration, privateKey);
  return done;
}

function wholeNumber(text: string, option: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 1_000_000) return value;
  throw new CliError("USAGE", `${option} is ${JSON.stringify(text)}, expected a whole number`);
}

function rateOf(text: string): { num: number; den: number } {
  const den = /^1\/(\d{1,6})$/.exec(text)?.[1];
  if (den === undefined || Number(den) < 2)
    throw new CliError("USAGE", `--alpha is ${JSON.stringify(text)}, expected such as 1/100`);
  return { num: 1, den: Number(den) };
}
