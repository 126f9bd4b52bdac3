import type { ServerResponse } from "node:http";
import type { Taking } from "../capture/captures.ts";
import type { Cost, Metered } from "../admission/meters.ts";
import { ItemCutter } from "../lanes/stream-items.ts";
import { treatingOf, withMarks, withoutUsage, type Treating, type Whole } from "../lanes/treat.ts";
import { maxAssembledBytes, maxEditedBytes } from "../limits.ts";
import { Pieces } from "../pieces.ts";
import type { Mark } from "../marks/marks.ts";
import type { Admitted } from "../policy/request.ts";
import { refuse, type Refusal } from "../refusal.ts";
import { endFlags } from "../tap/tap.ts";
import type { AnswerFields } from "../upstream/answer-parser.ts";
import { LateError, type Asker, type Flow } from "../upstream/plain-pool.ts";
import { sendRefusal } from "./answering.ts";
import { remember } from "./clients.ts";
import { decide, type Decision } from "./decide.ts";
import { note, type Entered } from "./door.ts";
import { answerFields, lengthIn } from "./head.ts";
import { maxOneWriteBytes, Outlet, type Sendable } from "./outlet.ts";
import type { Surroundings } from "./surroundings.ts";
import { batchOf, searchedBytes, takenOf } from "./usage.ts";
import { Watched } from "./watched.ts";

type Lane = "assemble" | "pass" | "edit-whole" | "edit-items" | "over";

/** Chunks of an answer's end that are kept to find the usage in. */
const keptChunks = 4;
const nothing: Buffer = Buffer.alloc(0);
/** What undici says where a time is over. */
const lateCodes = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]);

/**
 * One request with its body, and its answer on the way back. What comes from the model server is passed on as it
 * comes, unless an order or the policy asks for less. All state of an exchange is here and ends with it.
 */
export class Exchange implements Asker {
  readonly #res: ServerResponse;
  readonly #entered: Entered;
  readonly #around: Surroundings;
  readonly #watched: Watched;
  readonly #outlet: Outlet;
  #admitted!: Admitted;
  #account: Metered | undefined;
  #shared: Metered | undefined;
  #flow: Flow | undefined;
  #lane: Lane = "pass";
  #treating: Treating | undefined;
  #mark: Mark | undefined;
  #taking: Taking | undefined;
  #cutter: ItemCutter | undefined;
  #status = 0;
  #fields: string[] = [];
  #answerJson: number | undefined;
  /** Of a whole answer: how long it is said to be, what there is of it, and its text where it came in one piece. */
  #stated: number | undefined;
  #pieces: Pieces | undefined;
  #length = 0;
  #text: string | undefined;
  /** Of the answer's end, as Latin-1 text. */
  #tail: string[] = [];
  /** Whether the client did not ask for the usage, and we did. */
  #hidesUsage = false;
  #repeat: string | undefined;
  #done = false;

  constructor(res: ServerResponse, entered: Entered, around: Surroundings) {
    this.#res = res;
    this.#entered = entered;
    this.#around = around;
    this.#watched = new Watched(entered, around);
    this.#outlet = new Outlet(res, () => this.#done);
  }

  /** Decides on the whole request, and sends it on. */
  begin(body: Buffer): void {
    const now = Date.now();
    this.#go(decide(body, this.#entered, this.#around, now), body, now);
  }

  #go(decided: Decision, body: Buffer, now: number): void {
    if ("borrowed" in decided) {
      void decided.borrowed.then((again) => {
        // Who went away meanwhile wants no answer.
        if (!this.#done) this.#go(again(), body, Date.now());
      });
      return;
    }
    if ("status" in decided) {
      this.#entered.who.client.denied++;
      if (decided.telling) note(this.#around, this.#entered, decided);
      this.#refuse(decided);
      return;
    }
    this.#admitted = decided.admitted;
    this.#repeat = decided.digest;
    this.#reserve(now);
    if (!this.#watched.request(this.#admitted.model, body, now)) {
      this.#settle(now, false);
      this.#refuse(refuse(503, "BLIND", "what cannot be watched is not answered at the moment", { retryAfter: 5 }));
      return;
    }
    this.#send(body);
  }

  #reserve(now: number): void {
    const { client } = this.#entered.who;
    this.#account = client.account;
    this.#shared = client.shared;
    this.#account.begin(this.#admitted.cost, now);
    this.#shared?.begin(this.#admitted.cost, now);
    client.requests++;
    client.lastAt = now;
    this.#around.running++;
  }

  #send(body: Buffer): void {
    const { served, target } = this.#entered;
    const { upstream, route } = served;
    const { adapter, settings } = upstream;
    this.#mark = this.#markOf(body);
    this.#taking = this.#takingOf(body);
    const asking = settings.streamUsage && this.#admitted.levers.stream ? adapter.askUsage?.(body, route) : undefined;
    this.#hidesUsage = asking !== undefined;
    if (settings.counts) this.#around.sent(upstream.name, this.#admitted.levers.answers * batchOf(body));
    const { credential } = upstream;
    const { forward } = this.#entered.who.head;
    const fields = credential ? `${forward}${credential[0]}: ${credential[1]}\r\n` : forward;
    this.#around.pools.of(upstream).dispatch(
      {
        path: target,
        method: route.method,
        fields,
        body: body.length === 0 && route.method === "GET" ? undefined : (asking ?? body),
      },
      this,
    );
  }

  /** Decided on the request as it came, so that a repeat gets what it got before. */
  #markOf(body: Buffer): Mark | undefined {
    const { model, treatment } = this.#admitted;
    const { served } = this.#entered;
    const { holder, head } = this.#entered.who;
    if (!treatment.marks) return undefined;
    const { principal } = holder;
    const { output } = this.#around.policy.models.get(model) ?? {};
    const jsonLength = lengthIn(head.jsonLength);
    return this.#around.marks.of({ served, principal, model, marks: treatment.marks, body, jsonLength, output });
  }

  #takingOf(body: Buffer): Taking | undefined {
    const { model, treatment } = this.#admitted;
    const { served } = this.#entered;
    const { holder } = this.#entered.who;
    if (!treatment.capture || served.route.operation === "look") return undefined;
    const asked = { principal: holder.principal, model, route: served.route.path, at: Date.now() };
    return this.#around.captures.begin(treatment.capture, asked, body);
  }

  get isOver(): boolean {
    return this.#done;
  }

  onRequestStart(flow: Flow): void {
    this.#flow = flow;
    if (this.#done) flow.abort(new Error("the client is gone"));
  }

  onResponseStart(_: Flow, status: number, headers: AnswerFields): void {
    if (this.#done || status < 200) return;
    this.#status = status;
    this.#fields = answerFields(headers);
    const type = String(headers["content-type"] ?? "");
    const kind = type.startsWith("text/event-stream") ? "sse" : /ndjson|jsonl/.test(type) ? "ndjson" : undefined;
    this.#answerJson = lengthIn(headers["inference-header-content-length"]);
    const encoded = headers["content-encoding"] !== undefined && headers["content-encoding"] !== "identity";
    this.#watched.mark(
      (kind === "sse" ? endFlags.sse : kind === "ndjson" ? endFlags.ndjson : 0) | (encoded ? endFlags.encoded : 0),
    );
    this.#treating = status < 300 ? this.#treatingNow() : undefined;
    if (this.#treating && encoded) {
      this.#fail(refuse(502, "CANNOT_EDIT", "the answer is compressed and must be edited before it may leave"));
      return;
    }
    if (this.#mark && status < 300 && !encoded && !kind) this.#treating = withMarks(this.#treating, this.#mark);
    this.#takeLane(kind, lengthIn(headers["content-length"]));
  }

  #treatingNow(): Treating | undefined {
    const { treatment, model } = this.#admitted;
    if (treatment.dial === "label-only") this.#watched.mark(endFlags.labelOnly);
    const { served } = this.#entered;
    const treating = treatingOf(served, treatment, this.#around.policy.models.get(model));
    const { isUsage } = served.upstream.adapter;
    return this.#hidesUsage && isUsage ? withoutUsage(treating, isUsage) : treating;
  }

  #takeLane(kind: "sse" | "ndjson" | undefined, length: number | undefined): void {
    if (this.#treating) {
      this.#fields = without(this.#fields, ["content-length", "etag", "digest", "content-digest", "content-md5"]);
      this.#lane = kind ? "edit-items" : "edit-whole";
      if (!kind) return;
      this.#cutter = new ItemCutter(kind);
    } else if (kind === undefined && length !== undefined && length <= maxAssembledBytes) {
      this.#lane = "assemble";
      this.#stated = length;
      return;
    }
    // For proxies in front of us that would hold a stream back.
    if (kind) this.#fields.push("x-accel-buffering", "no");
    const isFramed = kind !== undefined && !hasNoBody(this.#status) && !this.#fields.includes("content-length");
    if (isFramed) this.#fields.push("transfer-encoding", "chunked");
    this.#writeHead();
    if (isFramed) this.#outlet.frame();
    // With the first event, if that came along; else at once.
    queueMicrotask(() => this.#res.flushHeaders());
  }

  #writeHead(): void {
    if (this.#around.draining) this.#fields.push("connection", "close");
    this.#res.writeHead(this.#status, this.#fields);
  }

  onResponseData(_: Flow, chunk: Buffer): void {
    if (this.#done) return;
    if (this.#lane === "pass") {
      this.#watched.part(chunk);
      this.#taking?.answer(chunk);
      const it = textOrCopy(chunk);
      this.#keep(it);
      this.#outlet.write(it, this.#flow);
    } else if (this.#lane === "edit-items") this.#editItems(Buffer.from(chunk));
    else this.#assemble(chunk);
  }

  #assemble(chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length > maxEditedBytes) {
      this.#fail(refuse(502, "CANNOT_EDIT", "the answer is too large to be edited"));
      return;
    }
    if (this.#lane === "assemble" && chunk.length === this.#stated && chunk.length <= maxOneWriteBytes) {
      // All of it at once, as most small ones: nothing is kept of what was lent.
      this.#watched.part(chunk);
      this.#taking?.answer(chunk);
      this.#text = chunk.toString("latin1");
      return;
    }
    this.#pieces ??= new Pieces();
    this.#pieces.add(Buffer.from(chunk));
  }

  #editItems(chunk: Buffer): void {
    try {
      const out: Buffer[] = [];
      for (const item of this.#cutter?.push(chunk) ?? []) {
        this.#keep(item);
        const edited = this.#treating?.item(item);
        if (edited) out.push(edited);
      }
      const [first] = out;
      if (!first) return;
      const bytes = out.length === 1 ? first : Buffer.concat(out);
      this.#watched.part(bytes);
      this.#taking?.answer(bytes);
      this.#outlet.write(textOrCopy(bytes), this.#flow);
    } catch (cause) {
      // Closed: what cannot be edited does not leave.
      this.#fail(refuse(502, "CANNOT_EDIT", `the answer cannot be edited: ${messageOf(cause)}`));
    }
  }

  #keep(it: Sendable): void {
    const from = it.length - searchedBytes;
    this.#tail.push(typeof it === "string" ? it : it.toString("latin1", Math.max(0, from)));
    if (this.#tail.length > keptChunks) this.#tail.shift();
  }

  onResponseEnd(): void {
    if (this.#done) return;
    if (this.#lane === "assemble") this.#endWhole(this.#text ?? this.#assembled());
    else if (this.#lane === "edit-whole") this.#endEdited(this.#pieces?.whole() ?? nothing);
    else this.#endStream();
  }

  #assembled(): Sendable {
    const body = this.#pieces?.whole() ?? nothing;
    this.#watched.part(body);
    this.#taking?.answer(body);
    return body.length <= maxOneWriteBytes ? body.toString("latin1") : body;
  }

  #endWhole(body: Sendable): void {
    this.#keep(body);
    this.#finish(true);
    this.#writeHead();
    if (typeof body === "string") this.#res.end(body, "latin1");
    else this.#res.end(body);
  }

  #endEdited(body: Buffer): void {
    const treating = this.#treating;
    if (!treating) return;
    let edited: Whole;
    try {
      edited = treating.whole(body, this.#answerJson);
    } catch (cause) {
      this.#fail(refuse(502, "CANNOT_EDIT", `the answer cannot be edited: ${messageOf(cause)}`));
      return;
    }
    this.#keep(body);
    this.#watched.part(treating.tapsOriginal ? body : edited.body);
    this.#taking?.answer(edited.body);
    if (edited.jsonLength !== this.#answerJson) {
      const name = "inference-header-content-length";
      this.#fields = [...without(this.#fields, [name]), name, String(edited.jsonLength)];
    }
    if (!treating.tapsOriginal) this.#answerJson = edited.jsonLength;
    this.#fields.push("content-length", String(edited.body.length));
    this.#finish(true);
    this.#writeHead();
    this.#res.end(edited.body);
  }

  #endStream(): void {
    const rest = this.#cutter?.rest() ?? nothing;
    if (rest.length > 0) this.#editItems(Buffer.concat([rest, Buffer.from("\n\n")]).subarray(0, rest.length + 2));
    if (this.#done) return;
    this.#finish(true);
    this.#outlet.end();
  }

  onResponseError(_: Flow, error: Error): void {
    if (this.#done) return;
    const late = error instanceof LateError || ("code" in error && lateCodes.has(String(error.code)));
    this.#fail(
      late
        ? refuse(504, "MODEL_SERVER_SLOW", "the model server did not answer in time")
        : refuse(502, "MODEL_SERVER_AWAY", "the model server cannot be reached or broke off"),
    );
  }

  /** The connection is closed, by whomever: also the end of every exchange that went well. */
  closed(): void {
    this.#outlet.closed();
    if (this.#done) return;
    if (this.#account) this.#finish(false);
    this.#done = true;
    this.#flow?.abort(new Error("the client is gone"));
  }

  /** Ends an exchange that cannot be completed. */
  #fail(refusal: Refusal): void {
    this.#finish(false);
    this.#flow?.abort(new Error(refusal.code));
    this.#refuse(refusal);
  }

  #refuse(refusal: Refusal): void {
    this.#done = true;
    const { section } = this.#around.policy;
    sendRefusal(this.#res, refusal, this.#entered.served.upstream.adapter.errors, section.contact);
  }

  #finish(complete: boolean): void {
    this.#done = true;
    this.#lane = "over";
    const now = Date.now();
    this.#settle(now, complete);
    this.#watched.end(complete, this.#status, this.#answerJson, now);
    this.#taking?.end(this.#status, complete);
    this.#taking = undefined;
  }

  #settle(now: number, complete: boolean): void {
    const { served } = this.#entered;
    const { client } = this.#entered.who;
    const { cost } = this.#admitted;
    const answered = complete && this.#status < 300;
    const taken = answered
      ? this.#taken()
      : { ...cost, outputTokens: 0, informationBits: complete ? 0 : cost.informationBits };
    this.#account?.end(cost, taken, now);
    this.#shared?.end(cost, taken, now);
    this.#around.running--;
    if (!answered || served.route.operation === "look") return;
    client.inputTokens += taken.inputTokens;
    client.outputTokens += taken.outputTokens;
    client.informationBits += taken.informationBits;
    if (this.#repeat !== undefined) remember(client, this.#repeat);
  }

  /** What the answer says it took; what was reserved where it says nothing. */
  #taken(): Cost {
    const { cost } = this.#admitted;
    const usage = this.#entered.served.upstream.adapter.usage;
    if (!usage || this.#entered.served.route.operation !== "complete") return cost;
    return takenOf(this.#tail.join(""), cost, usage);
  }
}

/** RFC 9110 §15.3.5, §15.4.5: nothing follows their head. */
function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}

/** Latin-1 text is byte for byte the same; what is longer is copied, because it was only lent. */
function textOrCopy(bytes: Buffer): Sendable {
  return bytes.length <= maxOneWriteBytes ? bytes.toString("latin1") : Buffer.from(bytes);
}

function without(fields: readonly string[], names: readonly string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if (!names.includes(fields[i] ?? "")) out.push(fields[i] ?? "", fields[i + 1] ?? "");
  }
  return out;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
