import {
  answerDial,
  type AnswerDial,
  type GatewayMarks,
  type GatewayModel,
  type GatewayOrder,
  type GatewayPlan,
} from "@outweigh/schema";
import type { Levers, Members } from "../adapters/adapter.ts";
import { noLevers } from "../adapters/adapter.ts";
import { logprobBits, predictionBits, vectorBits } from "../admission/information.ts";
import type { Cost } from "../admission/meters.ts";
import { JsonError, membersOf } from "../json/spans.ts";
import type { Restriction } from "../orders/order-book.ts";
import { refuse, type Refusal } from "../refusal.ts";
import type { Served } from "./routes.ts";

/** What is done to an answer before the client gets it. */
export interface Treatment {
  readonly logprobs: boolean;
  readonly reasoning: boolean;
  readonly dial: AnswerDial;
  readonly decimals: number;
  /** How many of the largest probabilities are left, for `top-k`. */
  readonly top?: number | undefined;
  readonly marks: GatewayMarks | undefined;
  /** The order by which it is captured, if one holds. */
  readonly capture: GatewayOrder | undefined;
}

/** A request that may go on. */
export interface Admitted {
  readonly model: string;
  readonly levers: Levers;
  readonly treatment: Treatment;
  /** Reserved now; settled when the answer is there. */
  readonly cost: Cost;
}

/** Longest name of a model in characters, with organisation and revision. */
const maxModelName = 256;
/** Decimals of the dial's middle steps where no order says otherwise. */
export const usualDecimals = 2;
/** Bytes of text for one token: English prose; other languages have fewer, so budgets are met earlier. */
const bytesPerToken = 4;
/** Output tokens that are reserved where a request names no limit. The real number is settled afterwards. */
const usualOutput = 512;
/** Dimensions of a vector where nothing is known of the model: common text encoders have 384 to 1,536. */
const usualDimensions = 1536;

/** What a request is looked at with. */
export interface Looking {
  readonly served: Served;
  /** From the path; JSON bodies of other routes name it. */
  readonly model: string | undefined;
  readonly body: Buffer;
  /** Where the body's JSON ends, if tensors follow. */
  readonly jsonLength: number | undefined;
  readonly plan: GatewayPlan;
  readonly restriction: Restriction | undefined;
  readonly mayAsk: (model: string) => boolean;
  readonly models: ReadonlyMap<string, GatewayModel>;
}

/** Decides what a request may ask: models, levers, and what its answer will be allowed to say. */
export function lookAt(it: Looking): Admitted | Refusal {
  const { served, body, jsonLength } = it;
  const { adapter } = served.upstream;
  let members: Members | undefined;
  let levers = noLevers;
  try {
    if (served.route.body === "json") {
      const json = jsonLength === undefined ? body : body.subarray(0, jsonLength);
      members = { body: json, at: membersOf(json) };
      levers = adapter.levers(members, served.route);
    }
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return refuse(400, "BAD_JSON", `the body has no one meaning: ${error.message}`, { telling: true });
  }
  // A server of one model names none: then the upstream's name stands for it.
  const model = it.model ?? modelIn(members) ?? served.upstream.name;
  if (model.length > maxModelName) return refuse(400, "BAD_MODEL", "the model's name is too long");
  if (served.route.operation !== "look" && !it.mayAsk(model)) {
    return refuse(403, "MODEL_NOT_ALLOWED", `this key may not ask ${JSON.stringify(model)}`, { telling: true });
  }
  const treatment = treatmentOf(it);
  const refused = refusedLever(levers, it.plan);
  if (refused) return refused;
  const forced = levers.unasked === true && levers.forcing.length > 0;
  const known = it.models.get(model);
  const queries = queriesIn(it, members);
  if (typeof queries !== "number") return queries;
  return {
    model,
    levers,
    treatment: forced ? { ...treatment, logprobs: true } : treatment,
    cost: costOf(it, { levers, treatment, known, queries }),
  };
}

function modelIn(members: Members | undefined): string | undefined {
  const span = members?.at.get("model");
  if (!members || !span) return undefined;
  const text = members.body.toString("utf8", span.start, span.end);
  if (!text.startsWith('"')) return undefined;
  if (!text.includes("\\")) return text.slice(1, -1);
  try {
    return String(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The levers that are never open, then those that this plan closes. */
function refusedLever(levers: Levers, plan: GatewayPlan): Refusal | undefined {
  const { logprobs, promptLogprobs, forcing, answers, unasked } = levers;
  const scores = logprobs > 0 || promptLogprobs;
  if (scores && forcing.length > 0 && unasked !== true) {
    const what = forcing.join(", ");
    return refuse(403, "SCORES_OF_FORCED_TOKENS", `log-probabilities are not given together with ${what}`, {
      telling: true,
      shouldRetry: false,
    });
  }
  if (promptLogprobs) {
    return refuse(403, "SCORES_OF_PROMPT", "log-probabilities of the prompt are not given", {
      telling: true,
      shouldRetry: false,
    });
  }
  if (scores && !plan.logprobs && unasked !== true) {
    return refuse(403, "NO_LOGPROBS", "log-probabilities are not given to this key", { shouldRetry: false });
  }
  if (answers > plan.answers) {
    return refuse(403, "TOO_MANY_ANSWERS", `at most ${plan.answers} answers are given to one prompt`, {
      shouldRetry: false,
    });
  }
  return undefined;
}

const dials: readonly AnswerDial[] = answerDial.options;

/** The stricter of what the plan and the orders say. */
function treatmentOf({ plan, restriction }: Looking): Treatment {
  const ordered = restriction?.dial ?? "full";
  const dial = dials.indexOf(ordered) > dials.indexOf(plan.probabilities) ? ordered : plan.probabilities;
  return {
    logprobs: !plan.logprobs || restriction?.stripLogprobs === true,
    reasoning: !plan.reasoning || restriction?.stripReasoning === true,
    dial,
    decimals: restriction?.decimals ?? usualDecimals,
    top: restriction?.top,
    marks: strongerOf(plan.marks, restriction?.marks),
    capture: restriction?.capture,
  };
}

function strongerOf(a: GatewayMarks | undefined, b: GatewayMarks | undefined): GatewayMarks | undefined {
  return a && b ? { share: Math.max(a.share, b.share), pull: Math.max(a.pull, b.pull) } : (a ?? b);
}

function queriesIn({ served, body }: Looking, members: Members | undefined): number | Refusal {
  try {
    return served.route.operation === "look" ? 0 : (served.upstream.adapter.queries?.(body, members) ?? 1);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return refuse(400, "BAD_JSON", `the body has no one meaning: ${error.message}`, { telling: true });
  }
}

interface Costing {
  readonly levers: Levers;
  readonly treatment: Treatment;
  readonly known: GatewayModel | undefined;
  readonly queries: number;
}

function costOf({ served, body }: Looking, { levers, treatment, known, queries }: Costing): Cost {
  const { operation } = served.route;
  const { logprobs, dial, decimals, top } = treatment;
  if (operation === "look") return { inputTokens: 0, outputTokens: 0, informationBits: 0 };
  const inputTokens = Math.ceil(body.length / bytesPerToken);
  if (operation === "predict" || operation === "score") {
    return {
      inputTokens,
      outputTokens: 0,
      informationBits: queries * predictionBits(dial, known?.classes, decimals, top),
    };
  }
  if (operation === "embed") {
    return { inputTokens, outputTokens: 0, informationBits: queries * vectorBits(known?.hidden ?? usualDimensions) };
  }
  const asked = levers.maxTokens !== undefined && levers.maxTokens >= 0 ? levers.maxTokens : usualOutput;
  const outputTokens = asked * levers.answers;
  const shown = logprobs ? 0 : levers.logprobs;
  return { inputTokens, outputTokens, informationBits: logprobBits(shown, outputTokens, false) };
}
