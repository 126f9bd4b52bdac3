// Credentials: a serving machine's temporary keys are used away from it, after thirty days in which five thousand machines came and went.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dice, pick } from "./world/dice.ts";
import { sitDown } from "./world/desk.ts";
import { storyFolder, up } from "./world/platform.ts";
import { awsCall, roleArn, s3Get, type AwsCaller } from "./world/records.ts";
import { pages, replayed, rulesOf, tell, tickets, took } from "./world/story.ts";

const shard = 4_000_000_000;
const shards = [1, 2, 3].map((n) => `acme-13b/model-0000${n}-of-00003.safetensors`);
const dayMs = 86_400_000;

const register = `
models:
  - name: acme-13b
    class: private
    places: ["s3://acme-models/acme-13b/"]
    readers: ["${roleArn("serve")}"]
    files:
${shards.map((key) => `      - { path: ${key.slice("acme-13b/".length)}, bytes: ${shard} }`).join("\n")}
networks: [10.0.0.0/8, 198.51.100.0/28]
`;

const hex = (random: () => number, length: number) =>
  Array.from({ length }, () => pick(random, 16).toString(16)).join("");

/** A machine of the fleet: an instance with an address of its own, behind the fleet's endpoint or its outgoing address. */
function machine(random: () => number): AwsCaller {
  const inside = { address: `10.0.${pick(random, 64)}.${1 + pick(random, 250)}`, endpoint: "vpce-0fleet" };
  return {
    role: "serve",
    session: `i-0${hex(random, 16)}`,
    key: `ASIA${hex(random, 16).toUpperCase()}`,
    // One in ten has no endpoint and goes out by a listed address.
    ...(pick(random, 10) === 0 ? { address: `198.51.100.${pick(random, 14)}` } : inside),
  };
}

interface Born {
  readonly at: number;
  readonly caller: AwsCaller;
}

/** Machines as autoscaling starts them: more by day than by night. Each reads all of the model; some live on and read a shard again, with new keys. */
function fleet(seed: number, births: number, from: number, days: number): { records: string[]; last: AwsCaller } {
  const random = dice(seed);
  const born: Born[] = Array.from({ length: births }, () => {
    const hour = random() < 0.8 ? 7 + pick(random, 13) : pick(random, 24);
    const at = from + pick(random, days) * dayMs + hour * 3_600_000 + pick(random, 3_600_000);
    return { at, caller: machine(random) };
  });
  const timed = born.flatMap(({ at, caller }) => {
    const reads = shards.map(
      (key, i) => [at + i * 20_000, s3Get({ caller, key, bytes: shard, at: at + i * 20_000 })] as const,
    );
    const boot = [at - 1000, awsCall({ caller, call: "sts:GetCallerIdentity", at: at - 1000, asked: {} })] as const;
    if (random() < 0.7) return [boot, ...reads];
    const later = at + 3_600_000 + pick(random, 10 * 3_600_000);
    const renewed = { ...caller, key: `ASIA${hex(random, 16).toUpperCase()}` };
    return [
      boot,
      ...reads,
      [later, s3Get({ caller: renewed, key: shards[0] ?? "", bytes: shard, at: later })] as const,
    ];
  });
  const sorted = timed.toSorted(([a], [b]) => a - b).map(([, record]) => record);
  return { records: sorted, last: born.toSorted((a, b) => a.at - b.at).at(-1)?.caller ?? machine(random) };
}

test(
  "S5: thirty days and five thousand births without a false word; then a key is used elsewhere",
  { timeout: 600_000 },
  async (t) => {
    const births = 5000;
    const start = Date.UTC(2026, 9, 1);
    const benign = replayed({ register, files: { "trail.json.gz": fleet(5, births, start, 30).records } });

    const folder = storyFolder("machine-keys");
    t.after(() => folder.remove());
    writeFileSync(join(folder.path, "outweigh.yml"), register);
    const data = join(folder.path, "data");
    const platform = await up(["--data", data, "--no-scan"], folder.path);
    t.after(() => platform.stop());
    const desk = await sitDown(platform, data, folder.path);
    const now = Date.now();
    const { records, last } = fleet(55, 100, now - dayMs - 3_600_000, 1);
    await desk.send(
      "cloudtrail",
      records.filter((it) => Date.parse(JSON.parse(it).eventTime) < now),
    );
    const { endpoint: _, ...stolen } = last;
    const read = (caller: AwsCaller, n: number, at: number) =>
      s3Get({ caller, key: shards[n] ?? "", bytes: shard, at });
    const thief = { ...stolen, address: "203.0.113.9", agent: "[aws-cli/2.15.0 Python/3.11]" };

    // Elsewhere: from an address outside. And the machine itself goes on.
    const sent = await desk.send("cloudtrail", [read(thief, 0, now)]);
    const first = await desk.waitFor((it) => it.models.includes("acme-13b"), sent);
    const again = await desk.send("cloudtrail", [read(last, 1, now + 1000)]);
    const worse = await desk.waitFor((it) => it.models.includes("acme-13b") && it.severity === "high", again);
    // Twin 1: through an endpoint of the thief's own private network, with an address like the fleet's.
    const other = machine(dice(7));
    const hidden = { ...other, address: "10.0.77.7", endpoint: "vpce-0thief" };
    const home = { ...other, address: "10.0.77.8", endpoint: "vpce-0fleet" };
    const twinLogs = (caller: AwsCaller) =>
      replayed({
        register,
        files: {
          "trail.json": [read(home, 0, start), ...[0, 1, 2].map((n) => read(caller, n, start + 60_000 + n * 1000))],
        },
      });
    const twin = twinLogs(hidden);
    // Twin 2: from another machine of the same network, through the same endpoint.
    const inside = twinLogs({ ...home, address: "10.0.77.9" });

    tell(t, `S5 a machine's keys elsewhere; ${benign.events} benign events, ${births} births in 30 days, seed 5`, [
      {
        what: "births",
        expected: "0 incidents",
        found: `${benign.incidents.length} incidents`,
        after: rulesOf(benign.alerts),
      },
      {
        what: "key used outside",
        expected: "<= 10 s",
        found: first?.incident.severity ?? "nothing",
        after: took(first?.tookMs),
      },
      {
        what: "the machine reads on",
        expected: "a page",
        found: worse?.incident.severity ?? "nothing",
        after: took(worse?.tookMs),
      },
      { what: "twin: the thief's own endpoint, inner address", expected: "(published)", found: rulesOf(twin.alerts) },
      {
        what: "twin: from the next machine, same endpoint",
        expected: "(published)",
        found: rulesOf(inside.alerts),
        after: inside.incidents.length === 0 ? "the thief wins" : "",
      },
    ]);

    assert.equal(benign.rejected, 0);
    assert.deepEqual([pages(benign), tickets(benign)], [[], []]);
    assert.ok(first);
    assert.ok(worse);
    assert.ok(twin.incidents.length > 0);
  },
);
