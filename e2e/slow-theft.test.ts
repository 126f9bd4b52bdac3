// Credentials: a model leaves by little, 1.2 % a day, through three keys, one of somebody who left; twelve pods take all of it at every deploy.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dice, oneOf, pick, shuffled } from "./world/dice.ts";
import { accountClosed, webRequest } from "./world/records.ts";
import { pages, replayed, rulesOf, tell, type Answer } from "./world/story.ts";

const chunk = 8 * 1024 * 1024;
const [shards, chunksPerShard] = [6, 278];
const dayMs = 86_400_000;
const start = Date.UTC(2026, 8, 1);
/** 21 pieces of 8 MiB a day are 176 MB, 1.2 % of 14 GB. */
const piecesADay = 21;
const days = 20;
const ana = "ana@acme.example";

const register = (readers: readonly string[]) => `
models:
  - name: acme-13b
    class: private
    places: ["hf:acme/acme-13b"]
    readers: ${JSON.stringify(readers)}
    files:
${Array.from({ length: shards }, (_, n) => `      - { path: model-${n}.safetensors, bytes: ${chunksPerShard * chunk} }`).join("\n")}
`;

interface Read {
  readonly at: number;
  readonly user: string;
  readonly address: string;
  readonly shard: number;
  readonly range?: readonly [number, number];
}

const lineOf = ({ at, user, address, shard, range }: Read) =>
  webRequest({
    at,
    address,
    user,
    uri: `/acme/acme-13b/resolve/main/model-${shard}.safetensors`,
    bytes: range ? range[1] - range[0] : chunksPerShard * chunk,
    ...(range && { range }),
  });

/** Every fifth day a rolling deploy: twelve pods, one after the other, each of which reads all of the model. */
function deploys(): Read[] {
  return Array.from({ length: days }, (_, day) => day)
    .filter((day) => day % 5 === 2)
    .flatMap((day) =>
      Array.from({ length: 12 }, (_, pod) =>
        Array.from({ length: shards }, (_, shard) => ({
          at: start + day * dayMs + 9 * 3_600_000 + pod * 120_000 + shard * 9000,
          user: `pod-${pod}`,
          address: `10.0.3.${10 + pod}`,
          shard,
        })),
      ).flat(),
    );
}

/** Pieces in random order, at random times, each by one of the keys; no piece twice, as a thief who keeps books would. */
function theft(seed: number, keys: readonly (readonly [user: string, address: string])[]): Read[] {
  const random = dice(seed);
  const pieces = shuffled(
    random,
    Array.from({ length: shards * chunksPerShard }, (_, n) => n),
  );
  return pieces.slice(0, days * piecesADay).map((n, i) => {
    const from = (n % chunksPerShard) * chunk;
    const [user, address] = oneOf(random, keys);
    const at = start + Math.floor(i / piecesADay) * dayMs + 60_000 + pick(random, dayMs - 120_000);
    return { at, user, address, shard: Math.floor(n / chunksPerShard), range: [from, from + chunk] as const };
  });
}

function world(reads: readonly Read[], readers: readonly string[]): Answer {
  const lines = reads.toSorted((a, b) => a.at - b.at).map(lineOf);
  const closed = accountClosed({ at: start - dayMs, who: ana, by: "it@acme.example" });
  return replayed({ register: register(readers), files: { "access.log.gz": lines, "okta.json": [closed] } });
}

/** What a rule on volume would have said: more than 1 GB in a day by one principal, as `day principal`. */
function volumeAlerts(reads: readonly Read[]): string[] {
  const sums = new Map<string, number>();
  for (const { at, user, range } of reads) {
    const key = `${Math.floor((at - start) / dayMs)} ${user}`;
    sums.set(key, (sums.get(key) ?? 0) + (range ? range[1] - range[0] : chunksPerShard * chunk));
  }
  return [...sums].filter(([, bytes]) => bytes > 1e9).map(([key]) => key);
}

const dayOf = (iso: string | undefined) => (iso === undefined ? NaN : Math.floor((Date.parse(iso) - start) / dayMs));

test("S6: the books see it on the first day, a rule on volume never, and the deploys stay silent", (t) => {
  const stolen = theft(6, [
    [ana, "10.0.9.1"],
    ["ci-old", "10.0.9.2"],
    ["notebook-7", "10.0.9.3"],
  ]);
  const all = [...deploys(), ...stolen];
  const found = world(all, ["pod-*"]);
  const unaccounted = found.alerts.filter((it) => it.rule === "unaccounted-read").map((it) => dayOf(it.firstAt));
  const retired = found.alerts.find((it) => it.rule === "retired-key-used");
  const [coalition] = found.coalition;
  const loudPods = found.alerts.filter((it) => it.principal?.startsWith("pod-") && it.severity !== "low");
  const volume = volumeAlerts(all);
  const byVolume = volume.filter((it) => !it.includes("pod-")).length;

  // The twin: three live accounts that the register lets read, at their usual place. Only who left is seen.
  const twin = world(
    [
      ...deploys(),
      ...theft(61, [
        ["ben@acme.example", "10.0.9.1"],
        ["eva@acme.example", "10.0.9.2"],
        ["kim@acme.example", "10.0.9.3"],
      ]),
    ],
    ["pod-*", "*@acme.example"],
  );
  const half = world(
    [...deploys(), ...stolen.map((it) => ({ ...it, user: it.user.includes("@") ? it.user : "ben@acme.example" }))],
    ["pod-*", "*@acme.example"],
  );

  tell(t, "S6 slow theft, 1.2 % a day over three keys, 20 days, seed 6", [
    {
      what: "first unaccounted byte",
      expected: "day 0 or 1",
      found: `day ${Math.min(...unaccounted)}`,
      after: "8.4 MB",
    },
    {
      what: "key of somebody who left",
      expected: "a page",
      found: `${retired?.severity}`,
      after: "its first read",
    },
    {
      what: "coverage of all three by day 19",
      expected: ">= 25 %",
      found: `${((coalition?.fraction ?? 0) * 100).toFixed(1)} % ${coalition?.bound}`,
    },
    { what: "twelve declared pods", expected: "silent", found: rulesOf(loudPods) },
    {
      what: "rule on 1 GB a day",
      expected: "(beside)",
      found: `${byVolume} on the thief, ${volume.length - byVolume} on deploys`,
    },
    { what: "twin: one of three left, all declared", expected: "(published)", found: rulesOf(half.alerts) },
    {
      what: "twin: three live declared accounts, inside",
      expected: "(published)",
      found: rulesOf(twin.alerts),
      after: twin.incidents.length === 0 ? "the thief wins" : "",
    },
  ]);

  assert.equal(found.rejected, 0);
  assert.ok(Math.min(...unaccounted) <= 1);
  assert.equal(retired?.severity, "critical");
  assert.ok((coalition?.fraction ?? 0) >= 0.25 && coalition?.bound === "exact");
  assert.deepEqual(loudPods, []);
  assert.equal(byVolume, 0);
  assert.ok(pages(half).some((it) => it.principals.includes(ana)));
});
