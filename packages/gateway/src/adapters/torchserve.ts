import { swapAt } from "../marks/swap.ts";
import { coarsen } from "../json/probabilities.ts";
import { noLevers, type Adapter, type Seen, type Taken } from "./adapter.ts";
import { scoringQueries } from "./mlflow.ts";
import { areDistributions, at, isFields, parse, rowsOf } from "./reading.ts";

/** TorchServe's inference port. Its management and metrics ports belong behind a firewall. Source: its inference API. */
export const torchserve: Adapter = {
  protocol: "torchserve",
  errors: "text",
  credential: ["authorization", "Bearer "],
  routes: [
    { method: "POST", path: "/predictions/{model}", operation: "predict", body: "any" },
    { method: "POST", path: "/predictions/{model}/{version}", operation: "predict", body: "any" },
    { method: "GET", path: "/ping", operation: "look", body: "none" },
  ],
  denied: [
    { path: "/explanations/*", why: "attributions are gradients: they give away more than any answer" },
    { path: "/models*", why: "it registers and removes models", grave: true },
    { path: "/metrics", why: "it tells how the server is used" },
  ],
  levers: () => noLevers,
  cuts: () => ({
    swap: swapAt([]),
    probabilities: (to, classes) => [
      {
        path: [],
        change(value) {
          const coarse = coarsen(JSON.parse(value.toString()), to, classes);
          return coarse === undefined ? undefined : JSON.stringify(coarse);
        },
      },
    ],
  }),
  queries: (body) => scoringQueries(body),
  see(taken: Taken): Seen | undefined {
    const asked = parse(taken.request);
    const inputs =
      rowsOf(at(asked, "instances")) ?? rowsOf(at(asked, "data")) ?? rowsOf(asked) ?? pixels(taken.request);
    const answered = parse(taken.answer);
    // Image classifiers answer with one object, label → probability; its order is that of the probabilities.
    const rows =
      isFields(answered) && Object.values(answered).every((it) => typeof it === "number")
        ? [numbersByName(answered)]
        : rowsOf(answered);
    if (!inputs) return undefined;
    return { inputs, ...(rows && areDistributions(rows) && { probabilities: rows }) };
  },
};

function numbersByName(from: Readonly<Record<string, unknown>>): number[] {
  return Object.keys(from)
    .sort()
    .map((it) => Number(from[it]));
}

/** An encoded image cannot be looked into here; what its file looks like, byte values by sixteenths, tells kinds apart. */
function pixels(body: Buffer): number[][] | undefined {
  if (body.length < 64) return undefined;
  const counts = Array.from({ length: 16 }, () => 0);
  for (const it of body) counts[it >> 4] = (counts[it >> 4] ?? 0) + 1;
  return [counts.map((it) => it / body.length)];
}
