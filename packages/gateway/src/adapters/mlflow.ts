import { swapAt } from "../marks/swap.ts";
import { coarsen } from "../json/probabilities.ts";
import { noLevers, type Adapter, type Route, type Seen, type Taken } from "./adapter.ts";
import { areDistributions, at, countOf, membersIf, parse, rowsOf } from "./reading.ts";

export const scoringRoute: Route = { method: "POST", path: "/invocations", operation: "predict", body: "any" };

/** MLflow's scoring server. Source: MLflow's deployment guide. */
export const mlflow: Adapter = {
  protocol: "mlflow",
  errors: "text",
  credential: ["authorization", "Bearer "],
  routes: [
    scoringRoute,
    { method: "GET", path: "/ping", operation: "look", body: "none" },
    { method: "GET", path: "/health", operation: "look", body: "none" },
    { method: "GET", path: "/version", operation: "look", body: "none" },
  ],
  denied: [],
  levers: () => noLevers,
  cuts: () => ({
    swap: swapAt(["predictions"]),
    probabilities: (to, classes) => [
      {
        path: ["predictions"],
        change(value) {
          const coarse = coarsen(JSON.parse(value.toString()), to, classes);
          return coarse === undefined ? undefined : JSON.stringify(coarse);
        },
      },
    ],
  }),
  queries: (body) => scoringQueries(body),
  see: seeScoring,
};

/** Rows of a scoring request: of a list, a table or a CSV; 1 where the body is something else, such as an image. */
export function scoringQueries(body: Buffer): number {
  const members = membersIf(body);
  if (members) {
    const lists = ["instances", "inputs", "dataframe_records", "data"].map((it) => countOf(members, it));
    const split = members.at.get("dataframe_split");
    const table = split && membersIf(body.subarray(split.start, split.end));
    return Math.max(1, ...lists, table ? countOf(table, "data") : 0);
  }
  if (body[0] === 0x5b) return Math.max(1, rowsOf(parse(body))?.length ?? 1);
  // A table in text: every line a row, a heading counted with them.
  if (!/^[^\n]*,[^\n]*\n/.test(body.toString("latin1", 0, 4096))) return 1;
  let lines = 1;
  for (let i = body.indexOf(0x0a); i >= 0 && i < body.length - 1; i = body.indexOf(0x0a, i + 1)) lines++;
  return lines;
}

/** Exactly one of four shapes, or CSV. */
export function seeScoring(taken: Taken): Seen | undefined {
  const asked = parse(taken.request);
  const split = at(asked, "dataframe_split", "data");
  const inputs =
    rowsOf(split ?? at(asked, "dataframe_records") ?? at(asked, "instances") ?? at(asked, "inputs")) ??
    rowsOf(asked) ??
    csvRows(taken.request);
  if (!inputs) return undefined;
  const answered = parse(taken.answer);
  const said = at(answered, "predictions") ?? answered;
  const rows = rowsOf(said);
  if (rows && areDistributions(rows)) return { inputs, probabilities: rows };
  const flat =
    Array.isArray(said) && said.every((it) => typeof it === "number" || typeof it === "string") ? said : undefined;
  return { inputs, ...(flat && flat.length === inputs.length && { labels: flat }) };
}

/** Most characters of a CSV that are read: the rest of a large one is more of the same. */
const maxCsv = 262_144;

function csvRows(body: Buffer): number[][] | undefined {
  const lines = body.toString("utf8", 0, maxCsv).trim().split(/\r?\n/);
  const rows = lines.map((it) => it.split(",").map(Number)).filter((it) => it.every((one) => Number.isFinite(one)));
  // The first line may be a heading; anything else that is not numbers makes it no table.
  return rows.length > 0 && rows.length >= lines.length - 1 ? rows : undefined;
}
