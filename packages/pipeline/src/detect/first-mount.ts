import { z } from "zod";
import { detector } from "./detector.ts";
import { isProtected, whoText } from "./events.ts";

interface State {
  /** Service accounts that started pods with the model's volume, the newest last, at most `maxKnown`. */
  readonly known: readonly string[];
  /** Different days with such a start, and the newest of them, counted from 1970. */
  readonly days: number;
  readonly lastDay: number;
}

const maxKnown = 100;
const dayMs = 86_400_000;

/**
 * A service account starts a pod with a protected model's volume that never did so before, on a cluster where it is known who does.
 * People are told of by `k8s_pod_mounts_model_volume` each time; controllers start nearly all pods, so only a new one says something.
 *
 * Blind spot: an account that starts such pods anyway, and is told to start one more.
 */
export const firstMount = detector({
  id: "first-mount",
  title: "Model's volume mounted by a service account that never did",
  severity: "medium",
  act: "copy",
  method: "artifacts",
  techniques: ["T1610", "AML.T0037"],
  blindspots: [
    "An account that starts such pods anyway, and is told to start one more",
    "In the first days every account is new",
    "Policies that log pods at the level Metadata, where volumes are not told",
  ],
  playbook: "weights-on-host",
  options: z.object({
    /** Different days of mounts before an unknown account counts as unusual. */
    minDays: z.int().positive().default(5),
  }),

  key: (event, { model }) =>
    event.operation === "mount" &&
    event.status_id !== 2 &&
    event.principal.startsWith("system:serviceaccount:") &&
    isProtected(model)
      ? JSON.stringify([event.model])
      : undefined,

  start: (): State => ({ known: [], days: 0, lastDay: -1 }),

  step(state: State, event, { minDays }, { declared }) {
    const day = Math.floor(event.time / dayMs);
    const next: State = {
      known: [...state.known.filter((it) => it !== event.principal), event.principal].slice(-maxKnown),
      days: state.days + (day > state.lastDay ? 1 : 0),
      lastDay: Math.max(day, state.lastDay),
    };
    if (declared || state.days < minDays || state.known.includes(event.principal)) return { state: next };
    return {
      state: next,
      finding: {
        summary: `${whoText(event)} started a pod with ${event.artifact} of ${event.model}; in ${state.days} days only ${state.known.slice(-3).join(", ")} did`,
        events: [event.id],
      },
    };
  },

  remembersMs: () => 90 * dayMs,
});
