import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { GatewayMarks } from "@outweigh/schema";
import type { Cuts } from "../adapters/adapter.ts";
import { at, membersIf, parse } from "../adapters/reading.ts";
import { editJson } from "../json/edit.ts";
import type { Whole } from "../lanes/treat.ts";
import type { Served } from "../policy/routes.ts";
import { GatewayError } from "../error.ts";
import { secretFile } from "../record/secrets.ts";
import { LabelMarks } from "./label-marks.ts";
import { turnWritten } from "./turn-written.ts";
import { VectorMarks } from "./vector-marks.ts";

/** Characters and tokens of one request that are looked for secret words: the thread that does it carries all other requests too. */
const maxLength = 65_536;

/** A request whose answer may have to be marked. */
interface Marking {
  readonly served: Served;
  readonly principal: string;
  readonly model: string;
  readonly marks: GatewayMarks;
  readonly body: Buffer;
  /** Where the body's JSON ends, if tensors follow. */
  readonly jsonLength: number | undefined;
  /** Which output holds the probabilities, where the policy says so. */
  readonly output: string | undefined;
}

/** Marks an answer. What cannot be read comes back as it was. */
export type Mark = (answer: Whole) => Whole;

/**
 * Marks of ownership in answers: a small, secret share of wrong labels, and embeddings that are turned a little. A clone takes them over,
 * and `outweigh compare --marks` finds them in it.
 */
export class Marks {
  readonly labels: LabelMarks;
  readonly vectors: VectorMarks;

  /** @param secret 32 bytes that nobody but the gateway's owner knows. */
  constructor(secret: Buffer) {
    this.labels = new LabelMarks(secret);
    this.vectors = new VectorMarks(secret);
  }

  /**
   * What is done to the answer of this request; undefined where nothing ever is. Where it may be, unmarked answers go the same way as marked
   * ones: their header fields must not tell them apart.
   */
  of(it: Marking): Mark | undefined {
    try {
      return this.#of(it);
    } catch {
      // As below: a request that is read otherwise than expected is answered without a mark.
      return undefined;
    }
  }

  #of(it: Marking): Mark | undefined {
    const { upstream, route } = it.served;
    const cuts = upstream.adapter.cuts(route);
    const edit =
      route.operation === "predict"
        ? this.#labelEdit(it, cuts)
        : route.operation === "embed"
          ? this.#vectorEdit(it, cuts)
          : undefined;
    if (!edit) return undefined;
    return (answer) => {
      try {
        // A mark is evidence, not protection: an answer that it does not fit leaves without one.
        return { ...answer, body: edit(answer) ?? answer.body };
      } catch {
        return answer;
      }
    };
  }

  #labelEdit(it: Marking, { swap }: Cuts): ((answer: Whole) => Buffer | undefined) | undefined {
    const { served, principal, model, marks, body, jsonLength } = it;
    const first = body[0];
    // An image in a file has no numbers that the owner's test could name it by.
    if (!swap || marks.share <= 0 || (first !== 0x7b && first !== 0x5b)) return undefined;
    const { adapter } = served.upstream;
    const nothing = { requestJson: jsonLength, answerJson: undefined, answer: Buffer.alloc(0), streamed: undefined };
    const seen = adapter.see({
      ...nothing,
      route: served.route,
      request: body,
      output: undefined,
      features: undefined,
    });
    const inputs = seen?.inputs ?? [];
    const marked = new Set(
      inputs.flatMap((row, i) => (this.labels.isMarked(principal, model, row, marks.share) ? [i] : [])),
    );
    if (marked.size === 0) return () => undefined;
    const members = membersIf(jsonLength === undefined ? body : body.subarray(0, jsonLength));
    const rows = Math.max(inputs.length, adapter.queries?.(body, members) ?? 1);
    return (answer) => swap({ ...answer, output: it.output }, { rows, marked });
  }

  #vectorEdit({ principal, model, marks, body }: Marking, { vectors }: Cuts) {
    if (!vectors || marks.pull <= 0) return undefined;
    const texts = firstOf(textsIn(parse(body)));
    return ({ body: answer }: Whole) => {
      let next = 0;
      const change = (value: Buffer) => {
        const text = texts[next++];
        if (text === undefined) return undefined;
        const turn = { principal, model, text, pull: marks.pull };
        return turnWritten(value, (vector) => this.vectors.turn(vector, turn)?.vector)?.toString();
      };
      return editJson(
        answer,
        vectors.map((path) => ({ path, change })),
      );
    };
  }
}

/** The secret that all marks of a gateway follow from; made at the first time. Who loses it can prove nothing by them. */
export function marksSecret(dataDir: string): Buffer {
  return Buffer.from(
    secretFile(dataDir, "marks.secret", () => randomBytes(32).toString("hex")),
    "hex",
  );
}

/** The marks of a gateway that ran here before. @throws {GatewayError} BAD_STATE where none did: then nothing was ever marked. */
export function knownMarks(dataDir: string): Marks {
  if (!existsSync(join(dataDir, "marks.secret")))
    throw new GatewayError("BAD_STATE", `${dataDir} holds no marks.secret: no gateway ever marked anything from there`);
  return new Marks(marksSecret(dataDir));
}

/** As many texts as are looked at within one request. */
function firstOf(texts: readonly (string | readonly number[])[]): (string | readonly number[])[] {
  let left = maxLength;
  return texts.filter((it) => (left -= it.length) >= 0);
}

/** What a request wants embedded: texts, or tokens. */
function textsIn(asked: unknown): (string | readonly number[])[] {
  const input = at(asked, "input") ?? at(asked, "inputs") ?? at(asked, "prompt");
  if (typeof input === "string") return [input];
  if (!Array.isArray(input)) return [];
  if (areNumbers(input)) return [input];
  return input.map((it: unknown) => (typeof it === "string" ? it : areNumbers(it) ? it : ""));
}

function areNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((it) => typeof it === "number");
}
