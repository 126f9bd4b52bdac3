// What every driver that can be undone promises, tried on each against the system it is for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionEntry, type Connection, type ModelEntry } from "@outweigh/schema";
import { aBucketStore, ownerGrant, publicGrant, type StoredBucket } from "../../testing/a-bucket-store.ts";
import { aGithub, aHub, type Hosted } from "../../testing/a-repository-host.ts";
import { outsideSecret, type Outside } from "../../testing/outside.ts";
import type { Act, Plan } from "../action.ts";
import { lookAt } from "./check.ts";
import { privateBucket } from "./bucket.ts";
import { revokeDeployKeys } from "./deploy-keys.ts";
import { actOf, type Driver } from "./driver.ts";
import { privateGithub } from "./github-repository.ts";
import { privateHuggingface } from "./huggingface.ts";

const env = { SECRET: outsideSecret, KEY: "AKIAEXAMPLE" };
const agreed = { action: "action-1", by: "lee", reason: "stolen" };

interface World {
  readonly outside: Outside;
  readonly act: Act;
  readonly connection: Connection;
  readonly target: string;
  /** All that undoing must restore. */
  readonly state: () => unknown;
  /** Somebody else takes it back, behind our back. */
  readonly meddle: () => void;
}

/** What a connection's entry is without its name. */
const entry = (it: object): Connection => connectionEntry.parse({ name: "it", ...it });
const act = (driver: Driver): Act => actOf("make-private", [driver], (target) => `Make ${target} private`);
const model = { name: "acme-13b", places: ["s3://Acme-Models/acme-13b/"] } as unknown as ModelEntry;
const modelsAt = () => ["acme-13b"];

const openPolicy = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    {
      Sid: "Everybody",
      Effect: "Allow",
      Principal: "*",
      Action: "s3:GetObject",
      Resource: "arn:aws:s3:::acme-models/*",
    },
    {
      Sid: "Serving",
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::1:role/serve" },
      Action: "s3:GetObject",
      Resource: "*",
    },
  ],
});

async function bucketWorld(bucket: StoredBucket, knowsBlock: boolean): Promise<World> {
  const outside = await aBucketStore("acme-models", bucket, knowsBlock);
  const connection = entry({
    kind: "bucket",
    buckets: ["acme-models"],
    endpoint: outside.url,
    forcePathStyle: true,
    accessKeyId: "${KEY}",
    secretAccessKey: "${SECRET}",
  });
  assert.equal(connection.kind, "bucket");
  return {
    outside,
    connection,
    act: act(privateBucket({ connection, models: [model], env })),
    target: "s3://acme-models",
    state: () => ({ ...bucket, policy: bucket.policy && JSON.parse(bucket.policy), grants: grantsOf(bucket.grants) }),
    meddle: () => (bucket.policy = openPolicy),
  };
}

/** Whatever order and spelling the client gives them. */
const grantsOf = (xml: string) => [...xml.matchAll(/<(?:ID|URI|Permission)>([^<]+)/g)].map(([, it]) => it);

async function hubWorld(): Promise<World> {
  const hosted: Hosted = { visibility: "public", keys: [] };
  const outside = await aHub(hosted);
  const connection = entry({ kind: "huggingface", url: outside.url, token: "${SECRET}", repositories: ["acme/*"] });
  assert.equal(connection.kind, "huggingface");
  return {
    outside,
    connection,
    act: act(privateHuggingface({ connection, modelsAt, env })),
    target: "hf:acme/acme-13b",
    state: () => ({ ...hosted }),
    meddle: () => (hosted.visibility = "public"),
  };
}

async function githubWorld(
  of: typeof privateGithub,
  hosted: Hosted,
  meddle: (it: Hosted) => void,
  repositories = ["acme/acme-13b"],
): Promise<World> {
  const outside = await aGithub(hosted);
  const connection = entry({ kind: "github", url: outside.url, token: "${SECRET}", repositories });
  assert.equal(connection.kind, "github");
  return {
    outside,
    connection,
    act: act(of({ connection, modelsAt, env })),
    target: `git:${new URL(outside.url).host}/acme/acme-13b`,
    // A key that is added again has another number.
    state: () => ({
      ...hosted,
      keys: hosted.keys
        .map(({ title, key, read_only }) => ({ title, key, read_only }))
        .sort((a, b) => (a.key < b.key ? -1 : 1)),
    }),
    meddle: () => meddle(hosted),
  };
}

const aKey = (i: number) => ({ id: i, title: `ci ${i}`, key: `ssh-ed25519 AAAA${i}`, read_only: i % 2 === 0 });
const block =
  "<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>false</IgnorePublicAcls><BlockPublicPolicy>false</BlockPublicPolicy><RestrictPublicBuckets>false</RestrictPublicBuckets>";
const worlds: Readonly<Record<string, () => Promise<World>>> = {
  "a bucket of Amazon's kind": () =>
    bucketWorld({ policy: openPolicy, grants: ownerGrant + publicGrant, block: undefined }, true),
  "a bucket with half a block": () => bucketWorld({ policy: undefined, grants: ownerGrant, block }, true),
  "a bucket of a store without a block": () =>
    bucketWorld({ policy: openPolicy, grants: ownerGrant, block: undefined }, false),
  "a repository on a hub": hubWorld,
  "a repository on GitHub": () =>
    githubWorld(privateGithub, { visibility: "internal", keys: [] }, (it) => (it.visibility = "public")),
  "deploy keys on GitHub, more than a page": () =>
    githubWorld(
      revokeDeployKeys,
      { visibility: "private", keys: Array.from({ length: 103 }, (_, i) => aKey(i)) },
      (it) => it.keys.push(aKey(7)),
    ),
};

for (const [name, make] of Object.entries(worlds)) {
  test(`${name}: previewed, done twice, seen, undone twice, and as it was`, async (t) => {
    const world = await opened(t, make);
    const { act: it, state, outside } = world;
    const before = state();
    const plan = await planOf(world);
    assert.deepEqual(state(), before, "a preview changes nothing");
    assert.ok(outside.asked.every(({ method }) => method === "GET"));
    assert.ok(plan.effects.length > 0 && plan.undoable && plan.stays === true);
    assert.equal((await it.verify(plan.plan)).is, "not-done");
    const record = await it.apply(plan.plan, agreed);
    const after = state();
    assert.notDeepEqual(after, before);
    await it.apply(plan.plan, agreed);
    assert.deepEqual(state(), after, "done again, nothing more changes");
    assert.equal((await it.verify(record)).is, "done");
    await it.undo(record, "lee");
    assert.deepEqual(state(), before, "exactly as it was");
    await it.undo(record, "lee");
    assert.deepEqual(state(), before);
    assert.equal((await it.verify(record)).is, "not-done");
  });

  test(`${name}: an answer that is lost is found out by looking`, async (t) => {
    const world = await opened(t, make);
    const plan = await planOf(world);
    const before = world.state();
    world.outside.loseNext();
    await assert.rejects(world.act.apply(plan.plan, agreed), { code: "ACTION_REFUSED" });
    // Where it takes one request, it is done; where it takes several, it is half done. Both are seen, and both can be taken back.
    const seen = await world.act.verify(plan.plan);
    assert.equal(seen.is === "done", isDone(world), seen.says);
    await world.act.undo(plan.plan, "lee");
    assert.deepEqual(world.state(), before);
  });

  test(`${name}: what is forbidden is a sentence, and nothing is changed or told of the secret`, async (t) => {
    const world = await opened(t, make);
    const before = world.state();
    const plan = await planOf(world);
    world.outside.forbid(true);
    const failure: unknown = await world.act.apply(plan.plan, agreed).catch((error: unknown) => error);
    assert.ok(failure instanceof Error && /\w+ \w+ \w+/.test(failure.message), String(failure));
    assert.deepEqual(world.state(), before);
    assert.equal((await world.act.verify(plan.plan)).is, "not-done");
    assert.doesNotMatch(JSON.stringify([plan, failure.message]), new RegExp(outsideSecret));
    world.outside.forbid(false);
    const record = await world.act.apply(plan.plan, agreed);
    world.meddle();
    assert.equal((await world.act.verify(record)).is, "not-done", "what somebody else took back is seen");
  });

  test(`${name}: a stranger's target, a missing secret and a system that is gone are refusals`, async (t) => {
    const world = await opened(t, make);
    for (const target of ["s3://other", "hf:other/x", `${world.target}/../x`, ""]) {
      const planned = await world.act.preview(target, undefined);
      assert.ok(!planned.ok && /names no connection/.test(planned.refused));
    }
    const checked = await lookAt(world.connection, env);
    assert.ok(checked.ok, checked.text);
    assert.match((await lookAt(world.connection, {})).text, /the environment has no/);
    await world.outside.close();
    const planned = await world.act.preview(world.target, undefined);
    assert.ok(!planned.ok && planned.refused.length > 20);
    assert.equal((await lookAt(world.connection, env)).ok, false);
    assert.doesNotMatch(JSON.stringify(planned), new RegExp(outsideSecret));
  });
}

async function opened(t: { after(work: () => Promise<void>): void }, make: () => Promise<World>): Promise<World> {
  const world = await make();
  t.after(() => world.outside.close());
  return world;
}

async function planOf({ act: it, target }: World): Promise<Plan> {
  const planned = await it.preview(target, undefined);
  assert.ok(planned.ok, planned.ok ? "" : planned.refused);
  return planned.plan;
}

/** By the state itself: nothing open is left. */
function isDone({ state }: World): boolean {
  const text = JSON.stringify(state());
  return !/Everybody|AllUsers|"public"|"internal"|ssh-/.test(text) && !/>false</.test(text);
}

test("a policy that somebody else changed since is not overwritten by undoing", async (t) => {
  const bucket: StoredBucket = { policy: openPolicy, grants: ownerGrant, block: undefined };
  const world = await opened(t, () => bucketWorld(bucket, true));
  const record = await world.act.apply((await planOf(world)).plan, agreed);
  bucket.policy = JSON.stringify({ Version: "2012-10-17", Statement: [] });
  await assert.rejects(world.act.undo(record, "lee"), /policy of acme-models was changed since/);
  assert.equal(bucket.policy, JSON.stringify({ Version: "2012-10-17", Statement: [] }));
});

test("a redirect is not followed: a renamed repository is refused", async (t) => {
  const world = await opened(t, () =>
    githubWorld(privateGithub, { visibility: "public", keys: [] }, () => undefined, ["acme/*"]),
  );
  const planned = await world.act.preview(world.target.replace("acme-13b", "renamed"), undefined);
  assert.ok(!planned.ok && /redirect \(301\), which is not followed/.test(planned.refused));
  assert.equal(world.outside.asked.length, 1);
});

test("what a bucket's policy allows everybody is told apart from what it allows some", async (t) => {
  const bucket: StoredBucket = { policy: openPolicy, grants: ownerGrant + publicGrant, block: undefined };
  const world = await opened(t, () => bucketWorld(bucket, true));
  const plan = await planOf(world);
  const said = plan.effects.join("\n");
  assert.match(said, /Everybody \(s3:GetObject\)/);
  assert.match(said, /line for everybody goes: READ/);
  assert.match(said, /acme-13b/);
  assert.doesNotMatch(said, /Serving/);
  assert.deepEqual([plan.touches, plan.models], ["s3://acme-models/", ["acme-13b"]]);
});
