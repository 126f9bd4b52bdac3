// What the pages about exceptions and own rules, merged incidents and watched models read and decide.
import {
  incidentRow,
  ownDraft,
  ownRule,
  ruleDraft,
  type OwnRule,
  type OwnRuleBody,
  type RuleDraft,
  type Watched,
} from "@outweigh/schema";
import { queryOptions } from "@tanstack/react-query";
import { addresses } from "./address.ts";
import { anything, read, send } from "./client.ts";
import { queryClient } from "./queries.ts";

const id = encodeURIComponent;
const own = (name: string, step?: string): string =>
  `/api/own-rules/${id(name)}${step === undefined ? "" : `/${step}`}`;
const incident = (it: string, step: string): string => `/api/incidents/${id(it)}/${step}`;

/** What a draft begins from: an alert, a rule, a hunt, or one that was written before. */
export interface DraftFrom {
  readonly by: string;
  readonly of: string;
}

/** A draft as it is written. */
export interface DraftText {
  readonly kind: OwnRule["kind"];
  readonly text: string;
  readonly proof?: string | undefined;
  readonly space?: string | undefined;
  readonly days?: number | undefined;
  /** Terms of a hunt that a rule cannot hold. */
  readonly left: RuleDraft["left"];
}

export const draftOf = ({ by, of }: DraftFrom) =>
  queryOptions({
    queryKey: ["own-rules", "draft", by, of],
    // Not read again behind the back of who writes.
    gcTime: 0,
    queryFn: async ({ signal }): Promise<DraftText> => {
      switch (by) {
        case "hunt": {
          const { text, left, proof } = await read(ruleDraft, addresses.draft(of), signal);
          return { kind: "rule", text, left, proof };
        }
        case "own": {
          const { kind, text, proof, space, days } = await read(ownRule, own(of), signal);
          return { kind, text, proof, space, days, left: [] };
        }
        default: {
          const query = new URLSearchParams({ [by === "rule" ? "rule" : "alert"]: of });
          const { text } = await read(ownDraft, `/api/own-rules/draft?${query}`, signal);
          return { kind: "exception", text, left: [] };
        }
      }
    },
  });

async function changed(...keys: readonly (readonly string[])[]): Promise<void> {
  await Promise.all(keys.map((queryKey) => queryClient.invalidateQueries({ queryKey })));
}
const incidentsChanged = (): Promise<void> => changed(["incidents"], ["alerts"], ["overview"]);

/** What a person decides. Each resolves when the server has it. */
export const decideOwn = {
  keep: async (body: OwnRuleBody): Promise<OwnRule> => {
    const kept = await send(ownRule, "/api/own-rules", body);
    await changed(["own-rules", "list"]);
    return kept;
  },
  check: async (name: string) => {
    await send(ownRule, own(name, "check"), {});
    await changed(["own-rules", "list"]);
  },
  move: async ({ name, digest }: OwnRule, to: "trial" | "ended", reason: string) => {
    await send(ownRule, own(name, "stage"), { to, digest, reason });
    await decideOwn.published();
  },
  /** After an action that published or ended one. */
  published: () => changed(["own-rules", "list"], ["rules"], ["actions"]),
  /** @returns The incident that holds all of them now. */
  merge: async (into: string, incidents: readonly string[], reason: string) => {
    const row = await send(incidentRow, incident(into, "merge"), { incidents, reason });
    await incidentsChanged();
    return row;
  },
  /** @returns The new incident. */
  split: async (from: string, alerts: readonly string[], reason: string) => {
    const row = await send(incidentRow, incident(from, "split"), { alerts, reason });
    await incidentsChanged();
    return row;
  },
  undoGrouping: async (of: string, grouping: string, reason: string) => {
    await send(incidentRow, incident(of, `groupings/${id(grouping)}/undo`), { reason });
    await incidentsChanged();
  },
  endWatch: async ({ kind, name }: Pick<Watched, "kind" | "name">, reason: string) => {
    await send(anything, "/api/watched/end", { kind, name, reason });
    await changed(["watched"], ["models"], ["incidents"], ["hosts"], ["entity"], ["report"]);
  },
};
