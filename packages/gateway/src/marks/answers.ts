// What a suspect answers to queries of the protected model: out of a file, or asked of it.
import { z } from "zod";
import { bad, readJsonLines } from "../detect/benign-file.ts";
import { rowDigest } from "./label-marks.ts";
import type { LabelAnswer, VectorAnswer } from "./ownership.ts";

/** Most queries that are compared: more marks than a hundred thousand queries hold are not needed by any test. */
const maxQueries = 100_000;
/** Queries in one request to a suspect, time for its answer in ms, and longest answer in bytes. */
const batch = 32;
const answerMs = 60_000;
const maxAnswerBytes = 64 * 1024 * 1024;

const numbers = z.array(z.number()).min(1);
const input = z.union([z.string().min(1), z.array(z.unknown()).min(1)]);
const own = z.object({
  principal: z.string().max(256).optional(),
  input,
  /** What the protected model says by itself. */
  probabilities: numbers.optional(),
  served: z.unknown().optional(),
});
const suspected = z.object({
  input,
  label: z.int().nonnegative().optional(),
  probabilities: numbers.optional(),
  embedding: numbers.optional(),
});

/** One query of the protected model's. */
export interface OwnQuery {
  readonly principal: string | undefined;
  readonly input: string | readonly number[];
  /** Of a classifier; an embedding model is not compared with, it only has texts. */
  readonly probabilities: readonly number[] | undefined;
  /** Its line in the file, from 1. */
  readonly line: number;
}

export interface Answers {
  readonly labels: readonly LabelAnswer[];
  readonly vectors: readonly VectorAnswer[];
  /** Queries to which there is no answer. */
  readonly unanswered: number;
}

/**
 * Reads NDJSON of queries with what the protected model itself says to them.
 *
 * @throws {GatewayError} BAD_CALIBRATION naming file and line.
 */
export async function readQueries(file: string): Promise<OwnQuery[]> {
  const out: OwnQuery[] = [];
  for await (const { value, place } of readJsonLines(file)) {
    const read = own.safeParse(value);
    if (!read.success) throw bad(`${place}: ${issueOf(read.error)}`);
    const { principal, probabilities, served } = read.data;
    if (served !== undefined && probabilities === undefined) {
      const why = "served answers hold marks; taken for the model's own they would accuse the innocent";
      throw bad(`${place}: ${why}: expected probabilities, as the model itself says`);
    }
    const query = inputOf(read.data.input, place);
    if (typeof query === "string" && probabilities) throw bad(`${place}: a classifier's input is a list of numbers`);
    out.push({ principal, input: query, probabilities, line: Number(/\d+$/.exec(place)?.[0]) });
    if (out.length > maxQueries) throw bad(`${file}: more than ${maxQueries} queries; fewer do as well`);
  }
  return out;
}

/** The suspect's answers out of NDJSON, found by their inputs. @throws {GatewayError} BAD_CALIBRATION naming file and line. */
export async function answersIn(file: string, queries: readonly OwnQuery[]): Promise<Answers> {
  const said = new Map<string, z.infer<typeof suspected>>();
  for await (const { value, place } of readJsonLines(file)) {
    const read = suspected.safeParse(value);
    if (!read.success) throw bad(`${place}: ${issueOf(read.error)}`);
    said.set(nameOf(inputOf(read.data.input, place)), read.data);
    if (said.size > maxQueries) throw bad(`${file}: more than ${maxQueries} answers; fewer do as well`);
  }
  return matched(queries, (query) => said.get(nameOf(query.input)));
}

/** A suspect that is asked: its whole address, and what shows that one may. */
interface Suspect {
  readonly url: string;
  readonly key?: string | undefined;
  /** The name under which it serves embeddings. */
  readonly model?: string | undefined;
  readonly signal: AbortSignal;
  /** Told after each request. */
  readonly asked?: (queries: number) => void;
}

/**
 * Asks a suspect: texts as OpenAI's interface has them embedded, `{"input": […]}`; numbers as TensorFlow Serving, MLflow and others take
 * them, `{"instances": […]}`.
 *
 * @throws {GatewayError} BAD_CALIBRATION for what it answers instead.
 */
export async function askSuspect(queries: readonly OwnQuery[], suspect: Suspect): Promise<Answers> {
  const said = new Map<OwnQuery, z.infer<typeof suspected>>();
  const isLabels = queries.some((it) => it.probabilities !== undefined);
  const wanted = queries.filter((it) => (it.probabilities !== undefined) === isLabels);
  for (let i = 0; i < wanted.length; i += batch) {
    const some = wanted.slice(i, i + batch);
    const inputs = some.map((it) => it.input);
    const answer = await ask(suspect, isLabels ? { instances: inputs } : { input: inputs, model: suspect.model });
    const rows = isLabels ? predictionsIn(answer) : embeddingsIn(answer);
    if (rows?.length !== some.length) throw bad(`${suspect.url}: it did not answer each of ${some.length} queries`);
    some.forEach((query, j) => said.set(query, { ...rows[j], input: [] }));
    suspect.asked?.(i + some.length);
  }
  return matched(queries, (query) => said.get(query));
}

async function ask({ url, key, signal }: Suspect, body: object): Promise<unknown> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      redirect: "error",
      headers: { "content-type": "application/json", ...(key !== undefined && { authorization: `Bearer ${key}` }) },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
    });
    let text = "";
    const decoder = new TextDecoder();
    for await (const piece of answer.body ?? []) {
      text += decoder.decode(piece, { stream: true });
      if (text.length > maxAnswerBytes) throw new Error(`it answers more than ${maxAnswerBytes} bytes`);
    }
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    return JSON.parse(text);
  } catch (cause) {
    throw bad(`${url}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

const predictions = z.object({ predictions: z.array(z.union([numbers, z.int().nonnegative()])) });
const embeddings = z.object({ data: z.array(z.object({ embedding: numbers })) });

function predictionsIn(answer: unknown) {
  const read = predictions.safeParse(answer);
  return read.data?.predictions.map((it) => (typeof it === "number" ? { label: it } : { probabilities: it }));
}

function embeddingsIn(answer: unknown) {
  return embeddings.safeParse(answer).data?.data.map(({ embedding }) => ({ embedding }));
}

function matched(
  queries: readonly OwnQuery[],
  find: (query: OwnQuery) => z.infer<typeof suspected> | undefined,
): Answers {
  const labels: LabelAnswer[] = [];
  const vectors: VectorAnswer[] = [];
  let unanswered = 0;
  for (const query of queries) {
    const { principal, probabilities, line } = query;
    const said = find(query);
    const label = said?.label ?? (said?.probabilities && placeOfLargest(said.probabilities));
    if (probabilities && typeof query.input !== "string" && label !== undefined)
      labels.push({ principal, input: query.input, probabilities, label, line });
    else if (!probabilities && said?.embedding)
      vectors.push({ principal, text: query.input, vector: said.embedding, line });
    else unanswered++;
  }
  return { labels, vectors, unanswered };
}

function placeOfLargest(values: readonly number[]): number {
  let best = 0;
  values.forEach((it, i) => (best = it > (values[best] ?? 0) ? i : best));
  return best;
}

function inputOf(value: z.infer<typeof input>, place: string): string | number[] {
  if (typeof value === "string") return value;
  const flat: unknown[] = value.flat(8);
  const all = flat.flatMap((it) => (typeof it === "number" ? [it] : []));
  if (all.length !== flat.length) throw bad(`${place}: input: expected a text, or a list of numbers`);
  return all;
}

function nameOf(query: string | readonly number[]): string {
  return typeof query === "string" ? `text ${query}` : `row ${rowDigest(query).toString("base64")}`;
}

function issueOf(error: z.ZodError): string {
  const [issue] = error.issues;
  return `${issue?.path.join(".") || "line"}: ${issue?.message ?? "not a query"}`;
}
