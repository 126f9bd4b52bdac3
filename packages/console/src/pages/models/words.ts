import type { ModelRow } from "@outweigh/schema";
import { held, plural, size } from "../../format/size.ts";

/** Whether the books balance, in a word or two; "could not tell" never looks like "yes". */
export function booksWord({ registered, balanced }: ModelRow): string {
  if (!registered) return "not booked";
  if (balanced === undefined) return "nothing read";
  return balanced ? "✓ balance" : "do not balance";
}

/** The state of a model's books as a sentence with its numbers. */
export function balanceSentence(it: ModelRow): string {
  if (!it.registered)
    return "It is not in the register: what is read of it is not booked, and no copy of it is declared.";
  const copies = copiesSentence(it);
  if (it.balanced === undefined) return `Nothing was read of it yet, as far as the sources see. ${copies}`;
  if (it.balanced) return `Declared copies account for all that was read. ${copies}`;
  const { coalition } = it;
  const by = coalition
    ? `${held(coalition, it.name)}, by ${plural(coalition.readers, "undeclared reader")}`
    : "some of it";
  return `No declared copy accounts for ${by}. ${copies}`;
}

function copiesSentence({ copies, undeclaredCopies, exposedCopies, bytes }: ModelRow): string {
  if (copies === 0) return "No scan has found a copy.";
  const parts = [
    ...(undeclaredCopies > 0 ? [`${undeclaredCopies} outside every declared place`] : []),
    ...(exposedCopies > 0 ? [`${exposedCopies} readable by other local users`] : []),
  ];
  const all = bytes === undefined ? "" : ` of ${size(bytes)}`;
  return `${plural(copies, "copy", "copies")}${all} found${parts.length > 0 ? `, ${parts.join(", ")}` : ", all declared"}.`;
}
