import { swapAt } from "../marks/swap.ts";
import { coarsen } from "../json/probabilities.ts";
import { noLevers, type Adapter, type Route, type Seen, type Taken } from "./adapter.ts";
import { areDistributions, at, countOf, parse, rowsOf } from "./reading.ts";

const verb = (path: string): Route[] =>
  ["predict", "classify", "regress"].map((it) => ({
    method: "POST",
    path: `${path}:${it}`,
    operation: "predict",
    body: "json",
  }));

/** TensorFlow Serving's REST interface. Source: its RESTful API guide. */
export const tfServing: Adapter = {
  protocol: "tf-serving",
  errors: "text",
  credential: ["authorization", "Bearer "],
  routes: [
    ...verb("/v1/models/{model}"),
    ...verb("/v1/models/{model}/versions/{version}"),
    ...verb("/v1/models/{model}/labels/{label}"),
    { method: "GET", path: "/v1/models/{model}", operation: "look", body: "none" },
  ],
  denied: [
    { path: "/v1/models/{model}/metadata", why: "it tells how the model is made" },
    { path: "/v1/models/{model}/versions/{version}/metadata", why: "it tells how the model is made" },
    { path: "/v1/config*", why: "it changes which models are served", grave: true },
    { path: "/monitoring/*", why: "it tells how the server is used" },
  ],
  levers: () => noLevers,
  cuts: () => ({
    swap: swapAt(["predictions"], ["outputs"]),
    probabilities: (to, classes) => [
      { path: ["predictions"], change: (value) => textOrSame(coarsen(JSON.parse(value.toString()), to, classes)) },
      { path: ["outputs"], change: (value) => textOrSame(coarsen(JSON.parse(value.toString()), to, classes)) },
      // Classify answers [[label, score], …] for each row: the best stays, without its score.
      {
        path: ["results", "*"],
        change: (value) => (to.dial === "label-only" ? bestOnly(JSON.parse(value.toString())) : undefined),
      },
    ],
  }),
  queries: (_, members) => (members ? Math.max(1, countOf(members, "instances"), countOf(members, "examples")) : 1),
  see(taken: Taken): Seen | undefined {
    const asked = parse(taken.request);
    const inputs = rowsOf(at(asked, "instances")) ?? rowsOf(at(asked, "inputs"));
    if (!inputs) return undefined;
    const answered = parse(taken.answer);
    const rows = rowsOf(at(answered, "predictions")) ?? rowsOf(at(answered, "outputs"));
    if (rows && areDistributions(rows)) return { inputs, probabilities: rows };
    const labels = rows?.every((it) => it.length === 1) === true ? rows.map((it) => it[0] ?? 0) : undefined;
    return { inputs, ...(labels && { labels }) };
  },
};

function textOrSame(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

function bestOnly(pairs: unknown): string | undefined {
  if (!Array.isArray(pairs) || pairs.length === 0) return undefined;
  const best: unknown = pairs.reduce((a, b) => (Number(at(b, 1)) > Number(at(a, 1)) ? b : a));
  return JSON.stringify([[at(best, 0), 1]]);
}
