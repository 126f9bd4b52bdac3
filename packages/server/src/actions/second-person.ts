// Whether a second person is one: who may make accounts, or reset them, could be both. What happened to an account stands in the evidence.
import { spanText } from "@outweigh/pipeline";
import type { Entry, Field } from "@outweigh/evidence";
import type { ActionRow } from "@outweigh/schema";

/** What says who holds an account, or what it may. */
const changes: ReadonlyMap<string, string> = new Map([
  ["account-invited", "was made"],
  ["account-reset", "was made anew"],
  ["account-accepted", "was first used"],
  ["account-grants", "was given other roles"],
  ["account-address", "was given another address"],
]);
/** Each sign-in by the identity provider: the first one makes the account, and one that says something else changes it. */
const provided = "account-provided";

/** An account that was changed so shortly before is told of, in ms: longer than it takes to prepare something. */
const youngMs = 7 * 86_400_000;

/**
 * What speaks against an account as the second one that agrees. `changed`: it is not what it was when the action was proposed, so it is
 * nobody's agreement. `young`: it was changed shortly before that, by whom; it counts, and is said.
 *
 * @param entries The evidence about that account, oldest first.
 * Blind spot: an account that was made for this long ago, and two people who agree with each other.
 */
export function secondPerson(
  entries: readonly Entry[],
  { at, by }: Pick<ActionRow, "at" | "by">,
): { readonly changed?: string; readonly young?: string } {
  const signIns = entries.filter((it) => it.kind === provided);
  const known = entries.flatMap((it) => {
    const what = it.kind === provided ? changedBySignIn(it, signIns) : changes.get(it.kind);
    return what === undefined ? [] : [{ time: it.time, what, who: textOf(it.by), kind: it.kind }];
  });
  const late = known.findLast((it) => it.time >= at);
  if (late) return { changed: `the account that agrees ${late.what} after this was proposed${byText(late)}` };
  // That somebody used an invitation is told by who sent it.
  const before = known.filter((it) => it.kind !== "account-accepted" && at - it.time <= youngMs);
  const found = before.findLast((it) => it.who === by) ?? before.at(-1);
  return found
    ? {
        young: `the account that agrees ${found.what}${byText(found)} ${spanText(at - found.time)} before this was proposed`,
      }
    : {};
}

/** Undefined of a sign-in that says what the one before said. */
function changedBySignIn(it: Entry, all: readonly Entry[]): string | undefined {
  const before = all[all.indexOf(it) - 1];
  if (!before) return "was made by the identity provider";
  const isSame = textOf(before.fields["text"]) === textOf(it.fields["text"]);
  return isSame ? undefined : "was given other roles by the identity provider";
}

function byText({ who, kind }: { readonly who: string | undefined; readonly kind: string }): string {
  return who === undefined || kind === "account-accepted" || kind === provided ? "" : ` by ${who}`;
}

function textOf(field: Field | undefined): string | undefined {
  return field && "value" in field && typeof field.value === "string" ? field.value : undefined;
}
