import type { GatewayProtocol } from "@outweigh/schema";
import type { Adapter } from "./adapter.ts";
import { anthropic } from "./anthropic.ts";
import { mlflow } from "./mlflow.ts";
import { ollama } from "./ollama.ts";
import { openInference } from "./open-inference.ts";
import { openai } from "./openai.ts";
import { sagemaker } from "./sagemaker.ts";
import { tfServing } from "./tf-serving.ts";
import { tgi } from "./tgi.ts";
import { torchserve } from "./torchserve.ts";
import { vllm } from "./vllm.ts";

/** Every protocol, one file each. */
export const adapters: Readonly<Record<GatewayProtocol, Adapter>> = {
  openai,
  anthropic,
  ollama,
  vllm,
  tgi,
  "open-inference": openInference,
  "tf-serving": tfServing,
  torchserve,
  mlflow,
  sagemaker,
};
