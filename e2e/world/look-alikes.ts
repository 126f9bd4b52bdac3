// A working week in which nothing is stolen, and much looks as if it were.
import { dice, oneOf, pick } from "./dice.ts";
import { mlflowTraffic } from "./mlflow-traffic.ts";
import { accountClosed, awsCall, podMounts, roleArn, s3Get, webRequest, type AwsCaller } from "./records.ts";

const dayMs = 86_400_000;
const hour = 3_600_000;
const minute = 60_000;
const start = Date.UTC(2026, 10, 2);
const shard = 4_000_000_000;
const shards = [1, 2, 3].map((n) => `model-0000${n}-of-00003.safetensors`);
const models = ["acme-13b", "acme-7b", "acme-rank", "acme-ocr"];
/** The outgoing address of offices and builders: listed. On Saturday it changes, and nobody tells the register. */
const [oldNat, newNat] = ["198.51.100.7", "198.51.100.200"];
const natChange = 5 * dayMs + 10 * hour;

/** What the company declared. Nothing in it was written for one of the look-alikes but who may read. */
export const register = `
models:
${models
  .map(
    (name) => `  - name: ${name}
    class: private
    places: ["hf:acme/${name}", "s3://acme-models/${name}/", "s3://acme-dr/${name}/", "oci:models/${name}", "k8s:serving/${name}"]
    readers: ["pod-*", "svc-*", "*@acme.example", "registry-scanner", "system:serviceaccount:serving:*", ${["serve", "backup", "dr", "quantise"].map((it) => `"${roleArn(it)}"`).join(", ")}, "arn:aws:iam::111122223333:user/ci-deploy"]
    files:
${shards.map((it) => `      - { path: ${it}, bytes: ${shard} }`).join("\n")}
`,
  )
  .join("")}  - { name: acme-open-base, class: base, places: ["hf:acme/acme-open-base", "s3://acme-open/base/"] }
networks: [10.0.0.0/8, ${oldNat}/32]
`;

/** A record and when it happened. */
type Timed = readonly [at: number, record: string];
type SourceName = "access" | "trail" | "okta" | "kubernetes";
type Day = Record<SourceName, Timed[]>;
type LookAlike = (day: Day, at: number, random: () => number) => void;

const hub = (model: string, file: string) => `/acme/${model}/resolve/main/${file}`;
const role = (name: string, session: string, key: string, address = "10.0.1.9"): AwsCaller => ({
  role: name,
  session,
  key,
  address,
});

function pull(
  day: Day,
  at: number,
  { user, address, model, agent }: { user: string; address: string; model: string; agent?: string },
): void {
  for (const [i, file] of shards.entries()) {
    const asked = at + i * 15_000;
    const common = { address, user, uri: hub(model, file), ...(agent !== undefined && { agent }) };
    day.access.push([asked, webRequest({ ...common, at: asked, method: "HEAD", bytes: 0 })]);
    day.access.push([asked + 1000, webRequest({ ...common, at: asked + 1000, bytes: shard })]);
  }
}

function complete(
  day: Day,
  from: number,
  spanMs: number,
  count: number,
  who: { user: string; address: string; agent: string },
): void {
  for (let n = 0; n < count; n++) {
    const at = Math.floor(from + (n * spanMs) / count);
    day.access.push([at, webRequest({ ...who, at, method: "POST", uri: "/v1/chat/completions", bytes: 900 })]);
  }
}

/** What happens, on which day, and what it looks like. */
export const lookAlikes: readonly (readonly [name: string, day: number, LookAlike])[] = [
  [
    "50-pod deploy",
    1,
    (day, at) => {
      for (let pod = 0; pod < 50; pod++)
        pull(day, at + 11 * hour + pod * 12_000, {
          user: `pod-${pod}`,
          address: `10.0.3.${pod + 1}`,
          model: "acme-13b",
        });
    },
  ],
  [
    "copy for disaster recovery",
    2,
    (day, at) => {
      const caller = role("dr", "replicate", "ASIADR");
      for (const [m, model] of models.entries())
        for (const [i, file] of shards.entries()) {
          const when = at + 2 * hour + m * minute + i * 9000;
          const asked = {
            bucketName: "acme-dr",
            key: `${model}/${file}`,
            "x-amz-copy-source": `acme-models/${model}/${file}`,
          };
          day.trail.push([when, awsCall({ caller, call: "s3:CopyObject", at: when, data: true, asked })]);
        }
    },
  ],
  [
    "backup of everything",
    0,
    (day, at) => {
      const caller = role("backup", "nightly", "ASIABACKUP");
      for (const [m, model] of models.entries())
        for (const [i, file] of shards.entries()) {
          const when = at + hour + m * minute + i * 9000;
          day.trail.push([when, s3Get({ caller, key: `${model}/${file}`, bytes: shard, at: when })]);
        }
    },
  ],
  [
    "quantise job",
    2,
    (day, at) => {
      const caller = role("quantise", "i-0aaaabbbbccccdddd", "ASIAQUANT", "10.0.7.7");
      for (const [i, file] of shards.entries()) {
        const when = at + 14 * hour + i * minute;
        day.trail.push([when, s3Get({ caller, key: `acme-13b/${file}`, bytes: shard, at: when })]);
        const asked = { bucketName: "acme-models", key: `acme-13b-int4/${file}` };
        day.trail.push([
          when + 30_000,
          awsCall({ caller, call: "s3:PutObject", at: when + 30_000, data: true, asked }),
        ]);
      }
    },
  ],
  [
    "load test",
    3,
    (day, at) =>
      complete(day, at + 9 * hour, hour, 3000, { user: "svc-loadtest", address: "10.0.5.5", agent: "k6/0.57" }),
  ],
  [
    "batch of near duplicates",
    4,
    (day, at) =>
      complete(day, at + 2 * hour, 4 * hour, 2000, {
        user: "svc-batch",
        address: "10.0.5.6",
        agent: "python-requests/2.32",
      }),
  ],
  [
    "new hire",
    0,
    (day, at) => {
      const who = { user: "newcomer@acme.example", address: "10.0.8.99" };
      const when = at + 9 * hour;
      day.access.push([
        when,
        webRequest({ ...who, at: when, uri: "/api/models?search=acme", bytes: 9000, agent: "Mozilla/5.0" }),
      ]);
      for (const [i, model] of models.entries()) pull(day, when + minute + i * 2 * minute, { ...who, model });
    },
  ],
  [
    "token rotation",
    1,
    (day, at) => {
      const admin = role("platform", "ana@acme.example", "ASIAADMIN", "10.0.0.21");
      const ci = (key: string): AwsCaller => ({ user: "ci-deploy", key, address: oldNat });
      const iam = (when: number, call: string, asked: object) =>
        day.trail.push([when, awsCall({ caller: admin, call: `iam:${call}`, at: when, asked })]);
      const read = (when: number, key: string, error?: string) => {
        const asked = { bucketName: "acme-models", key: `acme-7b/${shards[0]}` };
        day.trail.push([
          when,
          error === undefined
            ? s3Get({ caller: ci(key), key: asked.key, bytes: shard, at: when })
            : awsCall({ caller: ci(key), call: "s3:GetObject", at: when, data: true, asked, error }),
        ]);
      };
      read(at + 8 * hour, "AKIACIOLD");
      iam(at + 9 * hour, "CreateAccessKey", { userName: "ci-deploy" });
      read(at + 10 * hour, "AKIACINEW");
      read(at + 10 * hour + minute, "AKIACIOLD");
      iam(at + 12 * hour, "UpdateAccessKey", { userName: "ci-deploy", accessKeyId: "AKIACIOLD", status: "Inactive" });
      // One builder was forgotten and tries all afternoon.
      for (let n = 0; n < 12; n++) read(at + 13 * hour + n * 20 * minute, "AKIACIOLD", "InvalidAccessKeyId");
      read(at + 14 * hour, "AKIACINEW");
    },
  ],
  [
    "A/B of two models",
    4,
    (day, at) => {
      for (const [i, model] of ["acme-13b", "acme-7b"].entries())
        pull(day, at + 8 * hour, { user: `pod-ab-${i}`, address: `10.0.3.${200 + i}`, model });
      for (const arm of ["a", "b"])
        complete(day, at + 9 * hour, 8 * hour, 800, { user: `svc-arm-${arm}`, address: "10.0.5.8", agent: "shop/3.1" });
    },
  ],
  [
    "public base pulled by the world",
    5,
    (day, at, random) => {
      for (let n = 0; n < 300; n++) {
        const when = at + pick(random, 23 * 60) * minute;
        const address = `203.0.${pick(random, 114)}.${1 + pick(random, 250)}`;
        day.access.push([
          when,
          webRequest({
            at: when,
            address,
            uri: hub("acme-open-base", oneOf(random, shards)),
            bytes: shard,
            agent: oneOf(random, ["curl/8.5.0", "hf_hub/1.0", "Wget/1.24"]),
          }),
        ]);
      }
    },
  ],
  [
    "scanner of images and of doors",
    5,
    (day, at, random) => {
      for (const [m, model] of models.entries())
        for (let n = 0; n < 3; n++) {
          const when = at + 3 * hour + m * minute + n * 9000;
          const digest = Array.from({ length: 64 }, () => pick(random, 16).toString(16)).join("");
          day.access.push([
            when,
            webRequest({
              at: when,
              address: "10.0.0.66",
              user: "registry-scanner",
              uri: `/v2/models/${model}/blobs/sha256:${digest}`,
              bytes: 900_000_000,
              agent: "trivy/0.60",
            }),
          ]);
        }
      for (let n = 0; n < 200; n++) {
        const when = at + 4 * hour + n * 2000;
        const uri = oneOf(random, [
          "/get-artifact?path=..%2f..%2fetc%2fpasswd&run_uuid=1",
          "/.env",
          "/v2/_catalog",
          "/api/tags",
          "/server-status",
        ]);
        day.access.push([
          when,
          webRequest({
            at: when,
            address: "10.0.0.66",
            user: "scanner",
            uri,
            status: 404,
            bytes: 60,
            agent: "Nuclei/3.3",
          }),
        ]);
      }
    },
  ],
  [
    "somebody leaves, and is gone",
    2,
    (day, at) => {
      pull(day, at + 9 * hour, { user: "leaver@acme.example", address: "10.0.8.12", model: "acme-ocr" });
      day.okta.push([
        at + 17 * hour,
        accountClosed({ at: at + 17 * hour, who: "leaver@acme.example", by: "it@acme.example" }),
      ]);
    },
  ],
  [
    "download that breaks off and goes on",
    3,
    (day, at) => {
      for (let n = 0; n < 40; n++) {
        const [from, to] = [n * 100_000_000, (n + 1) * 100_000_000] as const;
        const when = at + 15 * hour + n * 40_000;
        day.access.push([
          when,
          webRequest({
            at: when,
            address: "10.0.8.40",
            user: "eva@acme.example",
            uri: hub("acme-13b", shards[1] ?? ""),
            bytes: to - from,
            range: [from, to],
          }),
        ]);
      }
    },
  ],
  [
    "pods start with the models' volumes",
    1,
    (day, at) => {
      for (let n = 0; n < 50; n++) {
        const when = at + 11 * hour + n * 12_000;
        day.kubernetes.push([
          when,
          podMounts({
            at: when,
            who: "system:serviceaccount:serving:deployer",
            namespace: "serving",
            claim: "acme-13b",
            pod: `serve-${n}`,
          }),
        ]);
      }
    },
  ],
];

/** What goes on every day: a fleet of machines, builders behind the outgoing address, people, customers, MLflow. */
function usual(day: Day, n: number, random: () => number, filler: number): void {
  const at = start + n * dayMs;
  for (let m = 0; m < 40; m++) {
    const caller: AwsCaller = {
      role: "serve",
      session: `i-0${String(n * 100 + m).padStart(16, "0")}`,
      key: `ASIASERVE${m}`,
      address: `10.0.${2 + (m % 3)}.${10 + m}`,
      endpoint: "vpce-0fleet",
    };
    const born = at + pick(random, 22) * hour;
    for (const [i, file] of shards.entries())
      day.trail.push([
        born + i * 20_000,
        s3Get({ caller, key: `acme-13b/${file}`, bytes: shard, at: born + i * 20_000 }),
      ]);
  }
  const outgoing = (when: number) => (when - start < natChange ? oldNat : newNat);
  for (const user of ["svc-build", "svc-eval", "ben@acme.example"]) {
    for (const when of [at + 8 * hour + pick(random, minute), at + 16 * hour + pick(random, minute)])
      pull(day, when, { user, address: outgoing(when), model: oneOf(random, models) });
  }
  const customers = Array.from({ length: 300 }, (_, c) => `customer-${c}`);
  const half = Math.floor(filler / 2);
  // A record starts with its time: `{"time":"2026-…Z"`.
  for (const it of mlflowTraffic(random, half, at, dayMs)) day.access.push([Date.parse(it.slice(9, 33)), it]);
  for (let c = 0; c < filler - half; c++) {
    const when = at + pick(random, dayMs);
    const calls = c % 4 === 0;
    const uri = calls ? "/v1/chat/completions" : "/v1/models";
    day.access.push([
      when,
      webRequest({
        at: when,
        address: `203.0.${pick(random, 114)}.${1 + pick(random, 250)}`,
        user: oneOf(random, customers),
        method: calls ? "POST" : "GET",
        uri,
        bytes: 900,
        agent: "openai-python/2.1",
      }),
    ]);
  }
}

/**
 * The week, a day at a time: records of each source in the order of time.
 *
 * @param filler Usual requests of a day. Up to 400,000, the calls of each customer's key stay far below the limit.
 */
export function* lookAlikeWeek(
  seed: number,
  filler: number,
): Generator<Readonly<Record<SourceName, readonly string[]>>> {
  const random = dice(seed);
  for (let n = 0; n < 7; n++) {
    const day: Day = { access: [], trail: [], okta: [], kubernetes: [] };
    usual(day, n, random, filler);
    for (const [, on, happen] of lookAlikes) if (on === n) happen(day, start + n * dayMs, random);
    const sorted = (list: Timed[]) => list.sort(([a], [b]) => a - b).map(([, record]) => record);
    yield {
      access: sorted(day.access),
      trail: sorted(day.trail),
      okta: sorted(day.okta),
      kubernetes: sorted(day.kubernetes),
    };
  }
}
