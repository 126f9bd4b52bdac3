import type { GatewayProtocol } from "@outweigh/schema";
import type { Edit } from "../json/edit.ts";
import type { Coarsening } from "../json/probabilities.ts";
import type { Span } from "../json/spans.ts";
import type { ErrorShape } from "../refusal.ts";

/** What a route is for. `look` tells of the server, and asks the model nothing. */
type Operation = "complete" | "embed" | "predict" | "score" | "look";

/** A route that clients may use. `{name}` in a path stands for one segment, or a part of one. */
export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly operation: Operation;
  /** `json`: one object, read at its top level. `any`: forwarded as it is. */
  readonly body: "json" | "any" | "none";
  /** Names of the query that go on. */
  readonly query?: readonly string[];
  /** Closed unless the policy of the upstream opens it. */
  readonly closed?: true;
}

/** A route that is closed for good, and why. `*` at the end stands for anything below. */
export interface Denied {
  readonly path: string;
  readonly why: string;
  /** Asking for it is itself a sign of theft. */
  readonly grave?: true;
}

/** What a request asks for beyond an answer. */
export interface Levers {
  readonly stream: boolean;
  /** Log-probabilities for each token of the answer; 0 for none. */
  readonly logprobs: number;
  /** They come whether asked for or not: then they are taken out, where others would be refused. */
  readonly unasked?: true;
  /** Whether tokens of the prompt are scored too: any chosen text can be. */
  readonly promptLogprobs: boolean;
  /** Ways to force which token comes next, by the names of the parameters. */
  readonly forcing: readonly string[];
  /** Answers to one prompt. */
  readonly answers: number;
  readonly maxTokens: number | undefined;
}

export const noLevers: Levers = {
  stream: false,
  logprobs: 0,
  promptLogprobs: false,
  forcing: [],
  answers: 1,
  maxTokens: undefined,
};

/** The top level of a request's JSON. */
export interface Members {
  readonly body: Buffer;
  readonly at: ReadonlyMap<string, Span>;
}

/** One event of a stream on its way to the client: its new data, `undefined` for as it is, `drop` for not at all. */
export type ItemEditor = (data: Buffer) => string | "drop" | undefined;

/** An answer of JSON and the tensors behind it. */
export interface BinaryAnswer {
  readonly body: Buffer;
  readonly jsonLength: number;
}

/** An answer with probabilities. */
export interface Answered {
  readonly body: Buffer;
  /** Where its JSON ends, if tensors follow. */
  readonly jsonLength: number | undefined;
  /** The output that holds the probabilities, where the policy says so. */
  readonly output: string | undefined;
}

/** Rows to mark, by their place in the answer, and how many rows it holds. */
export interface MarkedRows {
  readonly rows: number;
  readonly marked: ReadonlySet<number>;
}

/** What is to be done to it. */
export interface BinaryCut {
  readonly to: Coarsening;
  readonly classes: number | undefined;
  /** The output that holds the probabilities. */
  readonly output: string | undefined;
  /** The output that is taken out. */
  readonly features: string | undefined;
}

/** What can be taken out of an answer. */
export interface Cuts {
  /** Log-probabilities, whole answers and streamed items alike. */
  readonly logprobs?: readonly Edit[];
  /** Reasoning that the model shows, where it stands on a path of its own. */
  readonly reasoning?: readonly Edit[];
  /** Reasoning in streams whose items depend on each other: made anew for each stream. */
  readonly reasoningItems?: () => ItemEditor;
  /** Probabilities of classes. */
  readonly probabilities?: (to: Coarsening, classes: number | undefined, output: string | undefined) => readonly Edit[];
  /** Takes the output out that is for the detectors alone. */
  readonly features?: (name: string) => readonly Edit[];
  /** Swaps the two largest probabilities of some rows. Undefined where the answer holds none for each row. */
  readonly swap?: (answer: Answered, rows: MarkedRows) => Buffer | undefined;
  /** Where embeddings stand, in the order of what was asked. */
  readonly vectors?: readonly (readonly string[])[];
  /** Both in an answer whose tensors follow its JSON. @throws when it cannot be done: then nothing may leave. */
  readonly binary?: (answer: BinaryAnswer, cut: BinaryCut) => BinaryAnswer;
}

/** An exchange as the detectors get it: bytes, and where they came from. */
export interface Taken {
  readonly route: Route;
  /** Length of the JSON part of request and answer, where binary tensors follow. */
  readonly requestJson: number | undefined;
  readonly answerJson: number | undefined;
  readonly request: Buffer;
  readonly answer: Buffer;
  readonly streamed: "sse" | "ndjson" | undefined;
  /** Which output holds the probabilities, and which the detectors' features, where the policy says so. */
  readonly output: string | undefined;
  readonly features: string | undefined;
}

/** One prefix whose log-probabilities were shown. */
export interface Shown {
  /** Hash input of all that precedes the position. */
  readonly prefix: string;
  readonly bias: string | undefined;
  readonly tokens: readonly string[];
  readonly logprobs: readonly number[];
}

/** What detectors look at. Lives for one exchange, in the worker alone. */
export interface Seen {
  /** What was asked in words: the last turn. */
  readonly text?: string;
  /** Turn of the conversation, from 1. */
  readonly depth?: number;
  /** Rows of numbers that were asked. */
  readonly inputs?: readonly (readonly number[])[];
  /** The model's own view of each row, where its server gives it. */
  readonly features?: readonly (readonly number[])[];
  /** Rows of probabilities that were answered; labels alone where the answer holds no more. */
  readonly probabilities?: readonly (readonly number[])[];
  readonly labels?: readonly (number | string)[];
  readonly shown?: readonly Shown[];
  /** Hash input of the bias map sent. */
  readonly bias?: string;
  /** Whom the client says it asks for: a hint, untrusted. */
  readonly claimed?: string;
}

/** A protocol of model servers: all that the gateway knows of it is in one file. */
export interface Adapter {
  readonly protocol: GatewayProtocol;
  readonly errors: ErrorShape;
  /** The field that carries our credential to the model server, and what stands before it. */
  readonly credential: readonly [field: string, prefix: string];
  readonly routes: readonly Route[];
  readonly denied: readonly Denied[];
  /** Reads a request's levers. @throws {JsonError} for values that have no one meaning. */
  levers(members: Members, route: Route): Levers;
  cuts(route: Route): Cuts;
  /** How many queries one request holds: rows of a batch. Each is answered, so each costs information. @throws {JsonError} */
  queries?(body: Buffer, members: Members | undefined): number;
  /** Has a stream end with its usage. Undefined where it would not, or the client asked for it itself. */
  askUsage?(body: Buffer, route: Route): Buffer | undefined;
  /** Whether an item of a stream is there only because `askUsage` asked for it. */
  isUsage?(data: Buffer): boolean;
  /** The counter of answered requests in the metrics of the protocol's servers. */
  readonly counter?: string;
  /** Where usage stands in an answer: the last match counts. */
  readonly usage?: { readonly input: RegExp; readonly output: RegExp };
  /** Reads an exchange for the detectors. Undefined when there is nothing in it for them, or it is broken. */
  see(taken: Taken): Seen | undefined;
}
