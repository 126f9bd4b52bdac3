// What an MLflow server behind nginx hears in a working week, with all that only looks like an attack.
import { oneOf, pick } from "./dice.ts";
import { webRequest } from "./records.ts";

type Ask = (random: () => number) => {
  method?: string;
  uri: string;
  status?: number;
  bytes: number;
  user?: string;
  agent?: string;
  address?: string;
};

const people = Array.from({ length: 40 }, (_, n) => `person-${n}@acme.example`);
const services = ["svc-train", "svc-eval", "svc-deploy", "svc-report"];
const run = (random: () => number) => Array.from({ length: 8 }, () => pick(random, 16).toString(16)).join("");
/** Names that people give, with dots, colons, hashes and the words that attacks use too. */
const names = [
  "model/MLmodel",
  "model/model.safetensors",
  "plots/loss..png",
  "plots/roc%20curve%20(final).png",
  "notes...txt",
  "profile%3Acpu%2Ftrace.json",
  "file%20list.txt",
  "checkpoints/epoch%3D3-step%3D1200.ckpt",
  "C%23/readme.md",
  "eval/etc/results.json",
  "procedures/self-check.txt",
  "data/2026-11-02T09%3A00%3A00/part-0.parquet",
  "model/..hidden",
  "http-logs/summary.txt",
  "reports%2Fweek%2F45.html",
];
const filters = [
  "params.lr%20%3D%20%270.01%27",
  "tags.mlflow.source.name%20LIKE%20%27%25train.py%27",
  "attributes.artifact_uri%20LIKE%20%27file%3A%25%27",
  "tags.note%20%3D%20%27..%27",
];

const asks: readonly (readonly [weight: number, ask: Ask])[] = [
  [30, () => ({ method: "POST", uri: "/api/2.0/mlflow/runs/log-batch", bytes: 2 })],
  [12, (r) => ({ uri: `/api/2.0/mlflow/runs/get?run_id=${run(r)}`, bytes: 900 + pick(r, 4000) })],
  [10, (r) => ({ uri: `/ajax-api/2.0/mlflow/artifacts/list?run_id=${run(r)}&path=${oneOf(r, names)}`, bytes: 400 })],
  [10, (r) => ({ uri: `/get-artifact?path=${oneOf(r, names)}&run_uuid=${run(r)}`, bytes: 1000 + pick(r, 90_000) })],
  [8, (r) => ({ uri: `/ajax-api/2.0/mlflow/runs/search?filter=${oneOf(r, filters)}&max_results=100`, bytes: 20_000 })],
  [
    6,
    (r) => ({
      method: "PUT",
      uri: `/api/2.0/mlflow-artifacts/artifacts/7/${run(r)}/artifacts/${oneOf(r, names)}`,
      bytes: 2,
    }),
  ],
  [6, (r) => ({ uri: `/api/2.0/mlflow-artifacts/artifacts/7/${run(r)}/artifacts/${oneOf(r, names)}`, bytes: 50_000 })],
  [
    5,
    (r) => ({
      uri: `/api/2.0/mlflow/registered-models/search?filter=name%20LIKE%20%27acme%25%27&page_token=${run(r)}`,
      bytes: 9000,
    }),
  ],
  [5, () => ({ uri: "/health", bytes: 2, user: "" })],
  [3, (r) => ({ uri: `/static-files/static/js/main.${run(r)}.chunk.js`, bytes: 300_000 })],
  [
    2,
    (r) => ({
      uri: "/api/2.0/mlflow-artifacts/artifacts/7/9c2e/artifacts/model/model.safetensors",
      bytes: 4_000_000_000,
      user: oneOf(r, services),
    }),
  ],
  [2, (r) => ({ uri: `/get-artifact?path=${oneOf(r, names)}&run_uuid=${run(r)}`, status: 404, bytes: 120 })],
  [
    1,
    (r) => ({
      uri: `/api/2.0/mlflow/experiments/get-by-name?experiment_name=..%20tests%20${pick(r, 99)}`,
      status: 401,
      bytes: 60,
    }),
  ],
  // The company's own scanner, from inside: all of it is refused.
  [
    0.2,
    (r) => ({
      uri: oneOf(r, [
        "/get-artifact?path=..%2f..%2f..%2fetc%2fpasswd&run_uuid=1",
        "/model-versions/get-artifact?path=file:///etc/passwd&name=a&version=1",
        "/.git/config",
        "/admin/../../etc/passwd",
      ]),
      status: 400,
      bytes: 60,
      user: "scanner",
      agent: "Nuclei/3.3",
      address: "10.0.0.66",
    }),
  ],
];
const total = asks.reduce((sum, [weight]) => sum + weight, 0);

function choose(random: () => number): Ask {
  let at = random() * total;
  for (const [weight, ask] of asks) if ((at -= weight) < 0) return ask;
  return asks[0]![1];
}

/** `count` requests of one week, or another span, in the order of time. */
export function mlflowTraffic(random: () => number, count: number, start: number, spanMs = 7 * 86_400_000): string[] {
  const stepMs = spanMs / count;
  return Array.from({ length: count }, (_, n) => {
    const ask = choose(random)(random);
    const person = oneOf(random, people);
    const service = random() < 0.6;
    return webRequest({
      at: Math.floor(start + (n + random()) * stepMs),
      address: ask.address ?? (service ? `10.0.3.${1 + pick(random, 60)}` : `10.0.8.${1 + pick(random, 200)}`),
      user: ask.user ?? (service ? oneOf(random, services) : person),
      agent: ask.agent ?? (service ? "mlflow-python-client/3.4" : "Mozilla/5.0 (X11; Linux x86_64)"),
      uri: ask.uri,
      bytes: ask.bytes,
      ...(ask.method !== undefined && { method: ask.method }),
      ...(ask.status !== undefined && { status: ask.status }),
    });
  });
}
