// What is refused of a permit, and who must agree. That it is given, told of and over is a story: e2e/flows/permit.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readPolicy } from "@outweigh/pipeline";
import { config, maxPermitMs } from "@outweigh/schema";
import { demandFor } from "./agreed.ts";
import { permitAct } from "./permit.ts";

const models = [
  { name: "acme-13b", class: "private", bytes: 26_000_000_000, places: ["s3://acme/13b/"] },
  { name: "llama", class: "base", places: ["hf:meta/llama"] },
  { name: "bait", class: "decoy", places: ["s3://acme/bait/"] },
];
/** A preview asks nobody but the register. */
const act = permitAct({ config: config.parse({ models }) } as Parameters<typeof permitAct>[0]);
const preview = (target: string, terms: object) => act.preview(target, undefined, terms);
const kim = { permit: { principal: "kim", address: "10.0.0.7" } };

test("a permit says who may read how much, for how long and from where, and that it gives no access", async () => {
  const planned = await preview("acme-13b", { ...kim, forMs: 3_600_000 });
  assert.ok(planned.ok);
  const { title, effects, undoable, lasts, models: about } = planned.plan;
  assert.equal(title, "Let kim take acme-13b out for 60 min");
  assert.match(effects[0] ?? "", /^kim may read up to 26 GB of acme-13b, from 10\.0\.0\.7 alone; this gives no access/);
  assert.deepEqual([undoable, lasts, about], [true, 3_600_000, ["acme-13b"]]);
});

test("two people must agree, whatever the policy says", async () => {
  const planned = await preview("acme-13b", kim);
  assert.ok(planned.ok);
  const policy = readPolicy("- { when: {}, do: [permit], approval: person, why: we trust everybody }");
  assert.equal(demandFor(policy, { verb: "permit", target: "acme-13b" }, planned.plan).approval, "two-people");
});

test("refused: strangers to the register, what everybody may read, decoys, patterns, and more than a day", async () => {
  const refused = async (target: string, terms: object) => {
    const planned = await preview(target, terms);
    return planned.ok ? "" : planned.refused;
  };
  assert.match(await refused("acme-14b", kim), /no model acme-14b/);
  assert.match(await refused("llama", kim), /everybody may read it/);
  assert.match(await refused("bait", kim), /touched by nobody/);
  assert.match(await refused("acme-13b", { permit: { principal: "svc-*" } }), /named in full/);
  assert.match(await refused("acme-13b", { ...kim, forMs: maxPermitMs + 1 }), /at most: declare a reader/);
  assert.match(await refused("acme-13b", {}), /say who may read it/);
});
