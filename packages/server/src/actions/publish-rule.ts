// Puts what somebody wrote here into use: an exception, which ends by itself, or a rule. Undone, it is out of use at once.
import { spanText } from "@outweigh/pipeline";
import type { OwnRule } from "@outweigh/schema";
import { z } from "zod";
import type { OwnRules } from "../own-rules/own-rules.ts";
import { done, notDone, type Act } from "./action.ts";

const dayMs = 86_400_000;
const plan = z.object({ name: z.string(), digest: z.string() });

/** Bound to the digest of what was previewed: a rule that changed since is not published. */
export function publishRule(ownRules: OwnRules): Act {
  return {
    verb: "publish-rule",

    async preview(target) {
      const title = `Publish ${target}`;
      const row = (await ownRules.list()).find((it) => it.name === target);
      if (!row) return { ok: false, title, refused: `nobody wrote a rule or exception called ${target} here` };
      const refused = ownRules.whyNot(row);
      if (refused !== undefined) return { ok: false, title: titleOf(row), refused };
      const lasts = row.days === undefined ? { stays: true } : { lasts: row.days * dayMs };
      const { name, digest } = row;
      return {
        ok: true,
        plan: { title: titleOf(row), effects: effectsOf(row), undoable: true, ...lasts, plan: { name, digest } },
      };
    },

    async apply(agreed, { action, by }) {
      const { name, digest } = plan.parse(agreed);
      await ownRules.publish(name, digest, { by, action });
      return { name, digest };
    },

    async verify(record) {
      const { name, digest } = plan.parse(record);
      const row = (await ownRules.list()).find((it) => it.name === name);
      return row?.stage === "published" && row.digest === digest
        ? done("it is in use")
        : notDone(`it is ${row === undefined ? "not there" : "not in use"}`);
    },

    async undo(record, by) {
      const { name, digest } = plan.parse(record);
      await ownRules.unpublish(name, digest, { by, reason: "taken back" });
    },
  };
}

function titleOf({ kind, title }: OwnRule): string {
  return `Publish the ${kind} ${title}`;
}

/** The same for the same text and check: what is agreed to is what was read. */
function effectsOf({ kind, rules, check, space, days }: OwnRule): string[] {
  if (kind === "rule") {
    const where = space === undefined ? "all events" : `events about models of the space ${space}`;
    return [`It raises alerts on ${where}, from the next record on`, `Its proof holds: ${casesText(check)}`];
  }
  const { alerts = 0, hidden = 0, partly = 0 } = check?.hides ?? {};
  return [
    `What it names is hidden from ${rules.join(", ")}, from the next record on; the books count it all the same`,
    `Of ${alerts} alerts of the last 30 days and of confirmed thefts it would have hidden ${hidden} whole and ${partly} in part, none of a confirmed theft`,
    `The proofs hold with it: ${casesText(check)}`,
    `It ends by itself after ${spanText((days ?? 0) * dayMs)}`,
  ];
}

function casesText(check: OwnRule["check"]): string {
  const { proofs = [], unproven = [] } = check ?? {};
  const none = unproven.length > 0 ? `; ${unproven.join(", ")} is code and has none` : "";
  return `${proofs.length} cases${none}`;
}
