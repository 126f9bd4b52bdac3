// Prompts of words: detectors' work grows with the words, and a text of one letter is one word.
import { Dice } from "../extraction/dice.ts";

const words = (
  "the harbour master asked which of these two ships would leave before noon because its crew had not yet loaded anything else than " +
  "barrels of salted herring and forty coils of rope while rain kept falling on every roof along the quay where our clerks count sacks"
).split(" ");

/** Different prompts that are sent in turn. */
export const prompts = 64;

/** A text of so many characters, all ASCII. The same number gives the same text. */
export function promptOf(length: number, number: number): string {
  const dice = new Dice(length, number);
  let text = "";
  while (text.length < length) text += `${words[dice.below(words.length)]}${dice.uniform() < 0.1 ? ". " : " "}`;
  return text.slice(0, length);
}
