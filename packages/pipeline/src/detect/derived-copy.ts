import type { OcsfEvent } from "@outweigh/schema";
import { z } from "zod";
import { detector } from "./detector.ts";
import { field, textIn, whoText } from "./events.ts";

/** Most files remembered for one host: a thief's archives are few, a busy host's copies may be many. */
const maxFiles = 256;

/** Most programs remembered that were started on we do not know what, until one of them opens weights. */
const maxStarted = 64;

interface Made {
  /** Where the bytes went; one that ends in `*` stands for all that begin so. */
  readonly path: string;
  readonly model?: string | undefined;
  readonly event: string;
}

interface State {
  readonly made: readonly Made[];
  readonly started: readonly { readonly process: number; readonly outputs: readonly string[] }[];
}

/**
 * A file that was made out of weights is handled further: the archive is split, the disguised copy uploaded. Its name says
 * nothing any more; that it came from weights does.
 *
 * Blind spot: files that a program writes without naming them on its command line.
 */
export const derivedCopy = detector({
  id: "derived-copy",
  title: "File made out of weights handled further",
  severity: "high",
  act: "copy",
  method: "artifacts",
  techniques: ["AML.T0025", "T1030"],
  blindspots: [
    "Files that a program writes without naming them on its command line",
    "Files whose names a program reads from its input, and steps longer apart than a day",
    "A copy that is carried to another host",
  ],
  playbook: "weights-on-host",
  options: z.object({ windowMs: z.int().positive().default(86_400_000) }),

  key: (event) =>
    pathsOf(event.unmapped, "inputs").length > 0 ||
    pathsOf(event.unmapped, "outputs").length > 0 ||
    (event.operation === "open" && event.weights === true)
      ? JSON.stringify([event.source, field(event.device, "hostname")])
      : undefined,

  start: (): State => ({ made: [], started: [] }),

  step(old, event, _options, { declared, model }) {
    if (event.status_id === 2 || declared) return { state: old };
    if (event.operation === "open") return { state: opened(old, event) };
    const { made, started } = old;
    const inputs = pathsOf(event.unmapped, "inputs");
    const outputs = pathsOf(event.unmapped, "outputs").filter((it) => made.every((known) => known.path !== it));
    const before = made.find((it) => inputs.some((path) => covers(it.path, path)));
    const own = event.model ?? before?.model;
    const isOfWeights = event.weights === true || model !== undefined || event.models !== undefined;
    const process = field(event.process, "pid");
    if (!before && !isOfWeights) {
      if (typeof process !== "number" || outputs.length === 0) return { state: old };
      return { state: { made, started: [...started, { process, outputs }].slice(-maxStarted) } };
    }
    const fresh = outputs.map((path): Made => ({ path, model: own, event: event.id }));
    const state = { made: [...made, ...fresh].slice(-maxFiles), started };
    if (!before || isOfWeights) return { state };
    const tool = textIn(event.unmapped, "exe") ?? "a program";
    return {
      state,
      finding: {
        summary: `${whoText(event)} ran ${tool} on ${before.path.replace(/^file:/, "")}, which was made out of ${own ?? "weights"}`,
        model: own ?? null,
        events: [before.event, event.id],
      },
    };
  },

  remembersMs: ({ windowMs }) => windowMs,
});

/** A program that was started on a folder turns out to read weights: what it writes is made out of them. */
function opened({ made, started }: State, event: OcsfEvent): State {
  const process = field(field(event.actor, "process"), "pid");
  const found = started.find((it) => it.process === process);
  if (!found) return { made, started };
  const fresh = found.outputs.map((path): Made => ({ path, model: event.model, event: event.id }));
  return { made: [...made, ...fresh].slice(-maxFiles), started: started.filter((it) => it !== found) };
}

function pathsOf(unmapped: unknown, name: string): string[] {
  const list = field(unmapped, name);
  return Array.isArray(list) ? list.filter((it) => typeof it === "string") : [];
}

function covers(made: string, path: string): boolean {
  return made.endsWith("*") ? path.startsWith(made.slice(0, -1)) : path === made || path.startsWith(`${made}/`);
}
