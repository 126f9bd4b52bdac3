import type { OcsfEvent } from "@outweigh/schema";
import { z } from "zod";
import { spanText } from "../amounts.ts";
import { detector } from "./detector.ts";
import { field, isProtected, isRead, methodOf, personOf, whoText } from "./events.ts";

/** An account that was closed, or a key that was taken back. */
interface Retired {
  readonly at: number;
  readonly event: string;
}

interface State {
  /** By account or key; at most `maxRetired`. */
  readonly retired: Readonly<Record<string, Retired>>;
}

/** Accounts and keys that a company of thousands closes in a year. Older ones are forgotten first. */
const maxRetired = 5000;
/** Longest name of an account or key that is kept, in UTF-16 units: longer ones are none. */
const maxName = 512;

/**
 * Somebody reads a protected model, or looks it up, with an account that was closed or a key that was taken back. Where one system
 * closes an account, tokens at another often live on.
 *
 * Blind spot: an account under two names that nothing ties together.
 */
export const retiredKeyUsed = detector({
  id: "retired-key-used",
  title: "Used after it was taken away",
  severity: "critical",
  act: "obtain",
  method: "credentials",
  techniques: ["T1078", "AML.T0012"],
  blindspots: [
    "An account whose name where it was closed and name at the store nothing ties together",
    "Accounts that were closed before the records that are here begin, or where no log tells of it",
    "A key that was replaced but never taken back",
  ],
  playbook: "key-elsewhere",
  options: z.object({
    /** How long a key that was taken back may still work at a cloud whose parts agree late, in ms. */
    graceMs: z.int().nonnegative().default(900_000),
  }),

  key: (event, { model }) =>
    changes.has(event.operation ?? "") || (isProtected(model) && isUse(event)) ? "all" : undefined,

  start: (): State => ({ retired: {} }),

  step(state: State, event, { graceMs }) {
    if (changes.has(event.operation ?? "")) return { state: changed(state, event) };
    const key = event.credential;
    const names = [personOf(event), accountOf(event.principal), ...(key === undefined ? [] : [key])];
    const name = names.find((one) => Object.hasOwn(state.retired, one) && (state.retired[one]?.at ?? 0) <= event.time);
    const it = name === undefined ? undefined : state.retired[name];
    if (!it) return { state };
    const late = event.time - it.at;
    const what = name === key ? `key ${key}` : "account";
    const refused = event.status_id === 2;
    const deed = refused ? "tried to reach" : isRead(event) ? "read" : "looked up";
    return {
      state,
      finding: {
        summary: `${whoText(event)} ${deed} ${event.model} ${spanText(late)} after the ${what} was closed`,
        severity: severityOf({ refused, read: isRead(event), keyOnly: name === key, soon: late < graceMs }),
        method: methodOf(event) === "repositories" ? "repositories" : "credentials",
        since: it.at,
        events: [it.event, event.id],
      },
    };
  },

  remembersMs: () => 400 * 86_400_000,
});

const changes = new Set(["offboard", "retire-key", "reinstate"]);

function isUse({ operation, weights, status_id: status }: OcsfEvent): boolean {
  if (operation === "download" || operation === "copy" || operation === "stat")
    return weights !== false || status === 2;
  return operation === "list" || operation === "manifest";
}

/** A job that was forgotten when its key was replaced is refused for days: that is work. A person who left and tries is not. */
function severityOf(it: { refused: boolean; read: boolean; keyOnly: boolean; soon: boolean }) {
  if (it.refused) return it.keyOnly ? "low" : "medium";
  if (it.keyOnly && it.soon) return "medium";
  return it.read ? "critical" : "high";
}

function changed({ retired }: State, event: OcsfEvent): State {
  const name =
    event.operation === "retire-key" || field(event.unmapped, "retired") !== undefined
      ? keyOf(event)
      : subjectOf(event);
  if (name === undefined || name.length > maxName || event.status_id === 2) return { retired };
  const others = Object.entries(retired).filter(([it]) => it !== name);
  if (event.operation === "reinstate") return { retired: Object.fromEntries(others) };
  const it: Retired = { at: event.time, event: event.id };
  return { retired: Object.fromEntries([...others, [name, it] as const].slice(-maxRetired)) };
}

function keyOf(event: OcsfEvent): string | undefined {
  const key = field(event.unmapped, "retired");
  return typeof key === "string" && key !== "" ? key : undefined;
}

/** Whose account it was: never the administrator's who closed it. */
function subjectOf(event: OcsfEvent): string | undefined {
  const subject = field(event.unmapped, "subject");
  // Where a record does not say whose it was, the subject is who acted.
  if (typeof subject !== "string" || subject === "" || subject === event.principal) return undefined;
  return subject.includes("@") ? subject.toLowerCase() : accountOf(subject);
}

/** An AWS user's ARN without its path, which not every record tells. */
function accountOf(principal: string): string {
  return principal.replace(/^(arn:aws[\w-]*:iam::\d*:user\/)(?:.*\/)?([^/]+)$/s, "$1$2");
}
