import type { OcsfEvent } from "@outweigh/schema";
import { z } from "zod";
import { detector } from "./detector.ts";
import { addressOf, agentOf, isRead, isTimed, methodOf, whoText } from "./events.ts";
import { see, slidingSet, type SlidingSet } from "./sliding-set.ts";

interface State {
  /** Listings, each with its own name. */
  readonly listed: SlidingSet;
  /** Whether one of them was of everything there is. */
  readonly catalogue: boolean;
  /** Collections that weights were taken from after the first listing: a repository, a run, a folder. */
  readonly pulled: SlidingSet;
  /** Whether one of these is more than a run of MLflow, or the client is outside. */
  readonly grave?: boolean;
}

/**
 * One client lists what there is, then takes weights from several repositories, runs or folders: what a thief does who does
 * not know yet what is worth taking. A client is an address with a user agent, because the listing's record
 * often names no user (an OCI access line never does) while the pull's does.
 *
 * Blind spot: a thief who knows the names, who waits longer than the window, or who changes address or agent in between.
 */
export const enumerateThenPull = detector({
  id: "enumerate-then-pull",
  title: "Listed the registry, then took several models",
  severity: "high",
  act: "obtain",
  techniques: ["AML.T0007", "AML.T0035", "T1613"],
  blindspots: [
    "A thief who knows the names and needs no listing",
    "A listing and pulls further apart than the window, or from different addresses or agents",
    "Mirrors and backup jobs that nobody declared look the same",
    "From inside it is low where all that was taken are runs of MLflow, none of them a registered model's",
  ],
  playbook: "registry-enumeration",
  options: z.object({
    /** Collections taken from before we speak up. */
    limit: z.int().min(2).max(200).default(3),
    /** Single listings that weigh as much as one of everything. */
    listings: z.int().min(1).max(200).default(3),
    windowMs: z.int().positive().default(1_800_000),
  }),

  key(event, { declared }) {
    const address = addressOf(event);
    if (address === undefined || declared || event.status_id === 2) return undefined;
    if (!isListing(event) && !isTaking(event)) return undefined;
    return isTimed(event) || event.src_external === true ? JSON.stringify([address, agentOf(event)]) : undefined;
  },

  start: ({ windowMs }): State => ({ listed: slidingSet(windowMs), catalogue: false, pulled: slidingSet(windowMs) }),

  step(state, event, { limit, listings, windowMs }) {
    if (isListing(event)) {
      const listed = see(state.listed, event.artifact ?? event.operation ?? "", event.time, event.id);
      return { state: { ...state, listed, catalogue: state.catalogue || event.operation !== "list" } };
    }
    const { listed } = state;
    // A log that tells whole seconds may put a listing up to a second behind the pull that followed it.
    const first = listed.members.find((it) => it.at > event.time - windowMs && it.at <= event.time + 1000);
    if (!first) return { state: { listed: slidingSet(windowMs), catalogue: false, pulled: slidingSet(windowMs) } };
    if (!state.catalogue && listed.members.length < listings) return { state };

    const collection = collectionOf(event);
    const pulled = see(state.pulled, collection, event.time, event.id);
    const isRun = collection.startsWith("run ") && event.model === undefined;
    const grave = state.grave === true || !isRun || event.src_external === true;
    const count = countOf(pulled);
    if (count < limit) return { state: { ...state, pulled, grave } };
    const within = isTimed(event) ? `within ${windowMs / 60_000} min` : "in a log that gives no times";
    return {
      state: { ...state, pulled: slidingSet(windowMs), grave: false },
      finding: {
        summary: `${whoText(event)} listed what there is, then took weights of ${count} models ${within}`,
        // People search their own experiments and take what they find, every day.
        severity: grave ? "high" : "low",
        method: methodOf(event),
        // Of several models; which ones the events say.
        model: null,
        since: first.at,
        events: [first.event, ...pulled.members.map((it) => it.event)],
      },
    };
  },

  remembersMs: ({ windowMs }) => windowMs,
});

function isListing({ operation }: OcsfEvent): boolean {
  return operation === "catalog" || operation === "search" || operation === "list";
}

function isTaking(event: OcsfEvent): boolean {
  return isRead(event) && event.weights === true && event.artifact !== undefined;
}

/** An OCI name without tag and digest. Looked for behind the last slash alone: a long run of colons must not be looked at from each. */
function withoutVersion(artifact: string): string {
  const at = artifact.lastIndexOf("/") + 1;
  return artifact.slice(0, at) + artifact.slice(at).replace(/[@:][^@:/]*(:[^/]*)?$/, "");
}

/** What holds the file: an OCI repository, a Hugging Face repository, a run or a registered model of MLflow, else the folder. */
function collectionOf({ artifact = "" }: OcsfEvent): string {
  if (artifact.startsWith("oci:")) return withoutVersion(artifact);
  const parts = artifact.split("/").slice(0, -1);
  if (artifact.startsWith("hf:")) return parts.slice(0, 2).join("/");
  if (!artifact.startsWith("mlflow:")) return parts.join("/");
  // A run has its own id with or without the experiment's before it.
  const [first = "", second = ""] = parts;
  return first === "mlflow:models" ? `${registered}${second}` : `run ${second}`;
}

const registered = "registered model ";

/** How many there are for certain: a registered model of MLflow may be the same as a run that was taken by its id. */
function countOf({ members }: SlidingSet): number {
  const models = members.filter(({ name }) => name.startsWith(registered)).length;
  const runs = members.filter(({ name }) => name.startsWith("run ")).length;
  return members.length - Math.min(models, runs);
}
