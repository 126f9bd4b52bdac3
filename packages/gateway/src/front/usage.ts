// What an answer says that it took, and what a request may be counted as.
import { countOf, membersIf } from "../adapters/reading.ts";
import type { Adapter } from "../adapters/adapter.ts";
import type { Cost } from "../admission/meters.ts";

/** Bytes of the end that are searched: usage is a short object behind everything large. */
export const searchedBytes = 1024;

/** What the end of an answer, as Latin-1 text, says it took; what was reserved where it says nothing. */
export function takenOf(end: string, cost: Cost, usage: NonNullable<Adapter["usage"]>): Cost {
  const text = endOf(end);
  const input = lastNumber(text, usage.input);
  const output = lastNumber(text, usage.output);
  const share = cost.outputTokens > 0 && output !== undefined ? Math.min(1, output / cost.outputTokens) : 1;
  return {
    inputTokens: input ?? cost.inputTokens,
    outputTokens: output ?? cost.outputTokens,
    informationBits: cost.informationBits * share,
  };
}

/** How many requests a model server may make of one: prompts of a list, texts to embed. */
export function batchOf(body: Buffer): number {
  const members = membersIf(body);
  return members ? Math.max(1, countOf(members, "prompt"), countOf(members, "input")) : 1;
}

/** The part of an answer's end where usage stands: from its name on, where it has one. */
function endOf(answer: string): string {
  const from = Math.max(0, answer.length - searchedBytes);
  const named = answer.lastIndexOf('"usage"');
  return answer.slice(named > from ? named : from);
}

function lastNumber(text: string, pattern: RegExp): number | undefined {
  let found: number | undefined;
  // One pattern, from the begin each time: an iterator over its matches would be made and thrown away for each answer.
  pattern.lastIndex = 0;
  for (let it = pattern.exec(text); it; it = pattern.exec(text)) found = Number(it[1]);
  return found;
}
