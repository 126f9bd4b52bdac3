// Who must agree to an action, for how long, and that it is undone by itself.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readPolicy } from "@outweigh/pipeline";
import type { ActionRow, Incident } from "@outweigh/schema";
import { pino } from "pino";
import type { Agents } from "../auth/agents.ts";
import { Changes } from "../changes.ts";
import { EvidenceLog, toActivity } from "../evidence/log.ts";
import { listEvidence } from "../store/evidence.ts";
import { listActions } from "../store/actions.ts";
import { storeIncidents } from "../store/incidents.ts";
import { addAgent, finishOrder, ordersOf } from "../store/agents.ts";
import { openState, type State } from "../store/state/state.ts";
import { aFolder } from "../testing/a-server.ts";
import { aDatabaseUrl } from "../testing/engines.ts";
import type { Act } from "./action.ts";
import type { Wanting } from "./agreed.ts";
import { Actions } from "./actions.ts";
import { orderHost, orderIdOf } from "./order-host.ts";

const hour = 3_600_000;
const folder = aFolder("approvals");
let state: State;
let actions: Actions;
/** Quarantine on a host: here, a switch has its verb. */
let there: Act;
let now = Date.UTC(2026, 10, 26);
/** What the drivers were told, in order. */
const done: string[] = [];
/** What the plan depends on, and whether undoing works. */
const world = { version: 1, undoes: true };

/** A switch: on by applying, off by undoing. */
const driver = (verb: Act["verb"], lasts?: number, models?: readonly string[]): Act => ({
  verb,
  preview: async (target) => {
    const plan = { title: `Switch ${target}`, effects: ["It is switched"], undoable: true, plan: { target, ...world } };
    const more = { ...(lasts !== undefined && { lasts }), ...(models && { models }) };
    return { ok: true, plan: { ...plan, touches: `file:${target}`, ...more } };
  },
  apply: async (plan) => {
    done.push("on");
    return plan;
  },
  verify: async () => ({ is: "done", says: "it is on" }),
  undo: async () => {
    if (!world.undoes) throw new Error("it is stuck");
    done.push("off");
  },
});

/** A system outside: what it was asked, what it does, and whether its answer arrives. */
const outside = { isOn: false, does: true, answers: true, seen: true };
const far: Act = {
  verb: "make-private",
  outside: true,
  preview: async (target) => ({
    ok: true,
    plan: { title: `Close ${target}`, effects: ["It is closed"], undoable: true, stays: true, plan: { target } },
  }),
  apply: async (plan) => {
    if (outside.does) outside.isOn = true;
    if (!outside.answers) throw new Error("no answer came");
    return plan;
  },
  verify: async () => {
    if (!outside.seen) throw new Error("nobody is there");
    return outside.isOn ? { is: "done", says: "it is closed" } : { is: "not-done", says: "it is open" };
  },
  undo: async () => {
    if (!outside.seen) throw new Error("nobody is there");
    outside.isOn = false;
  },
};

const policy = readPolicy(`
- { when: { target: "file:/srv/" }, do: [quarantine-file], approval: two-people, lasts: 2h, why: production }
- { when: {}, do: [quarantine-file, notify], lasts: 12h, why: a copy }
- { when: { target: "host:gpu-" }, do: [stop-process], approval: two-people, why: it may serve }
`);

before(async () => {
  state = await openState(join(folder.path, "state"), await aDatabaseUrl());
  const evidence = await EvidenceLog.open(state.db, folder.path);
  const log = pino({ level: "silent" });
  const acts = [
    driver("quarantine-file"),
    driver("notify", hour),
    driver("suspend", hour, []),
    driver("throttle", hour, ["acme-13b"]),
    far,
  ];
  const changes = new Changes();
  const host = {
    id: "a1",
    host: { name: "gpu-3" },
    lastSeenAt: now,
    health: { may: ["stop-process", "quarantine-file"] },
  };
  const agents = { get: (id: string) => (id === "a1" ? host : undefined) } as unknown as Agents;
  there = orderHost("quarantine-file", { db: state.db, agents, changes, now: () => now });
  acts.push(orderHost("stop-process", { db: state.db, agents, changes, now: () => now }));
  acts.push(orderHost("block-egress", { db: state.db, agents, changes, now: () => now }));
  const order = { target: "gw:mallory", label: "o" };
  const orders = () => [
    { verb: "suspend" as const, ...order },
    { verb: "throttle" as const, ...order },
  ];
  const whyOne = (a: string, b: string) => (a === "lee" && b === "sso:lee" ? "they have the same address" : undefined);
  const targets = { connections: [], models: [], whyOne, orders };
  actions = new Actions({ db: state.db, evidence, changes, acts, policy, ...targets, log, now: () => now });
  const incident: Incident = {
    id: "inc-1",
    title: "t",
    severity: "high",
    reason: "r",
    principals: [],
    models: ["acme-13b"],
    alerts: ["a"],
    firstAt: 0,
    lastAt: 0,
  };
  await state.db.transaction().execute((tx) => storeIncidents(tx, [incident], now));
});
after(async () => {
  await state.close();
  folder.remove();
});

const who = (name: string, over: Partial<Wanting> = {}): Wanting => ({
  name,
  is: "person",
  reach: undefined,
  isLead: () => true,
  ...over,
});
const [ana, lee] = [who("ana", { isLead: () => false }), who("lee")];

async function wanted(target: string, by: Wanting, verb: Act["verb"] = "quarantine-file"): Promise<ActionRow> {
  const order = { verb, target, incident: "inc-1" };
  const { digest } = await actions.preview(order, by);
  return actions.apply({ ...order, digest, reason: "stolen" }, by);
}

const agreed = ({ digest }: ActionRow) => ({ digest, reason: "I agree" });
const code = (code: string) => ({ code });

test("a lead decides alone where the policy asks for one person; an analyst proposes", async () => {
  const alone = await wanted("/home/a", lee);
  assert.deepEqual([alone.state, alone.approval, alone.endsAt], ["verified", "person", now + 12 * hour]);
  const proposed = await wanted("/home/b", ana);
  assert.deepEqual([proposed.state, proposed.endsAt], ["pending", undefined]);
  await assert.rejects(actions.approve(proposed.id, agreed(proposed), who("ana")), code("FORBIDDEN"));
  const approved = await actions.approve(proposed.id, agreed(proposed), lee);
  assert.deepEqual([approved.state, approved.by, approved.decidedBy], ["verified", "ana", "lee"]);
  await assert.rejects(actions.approve(proposed.id, agreed(proposed), lee), code("CONFLICT"));
});

test("where production is touched, two people agree, both of them by name", async () => {
  const preview = await actions.preview({ verb: "quarantine-file", target: "/srv/m", incident: "inc-1" }, lee);
  assert.deepEqual([preview.approval, preview.lasts], ["two-people", 2 * hour]);
  for (const is of ["operator", "program"] as const) {
    const asked = await actions.preview(
      { verb: "quarantine-file", target: "/srv/m", incident: "inc-1" },
      who("root", { is }),
    );
    assert.match(asked.refused ?? "", /two people who sign in by name.*sign in with an account/, "said at asking");
    await assert.rejects(wanted("/srv/m", who("root", { is })), code("ACTION_REFUSED"));
  }
  const before = done.length;
  const row = await wanted("/srv/m", lee);
  assert.deepEqual([row.state, done.length], ["pending", before], "a lead's own word is not enough");
  await assert.rejects(actions.approve(row.id, agreed(row), lee), code("FORBIDDEN"));
  await assert.rejects(actions.approve(row.id, agreed(row), who("root", { is: "operator" })), code("FORBIDDEN"));
  await assert.rejects(
    actions.approve(row.id, agreed(row), who("sso:lee")),
    code("FORBIDDEN"),
    "one person, two ways in",
  );
  await assert.rejects(actions.approve(row.id, { digest: "another", reason: "x" }, who("max")), code("CONFLICT"));
  assert.equal(done.length, before);
  const approved = await actions.approve(row.id, agreed(row), who("max"));
  assert.deepEqual([approved.state, approved.endsAt], ["verified", now + 2 * hour]);
  const { items } = await listEvidence(state.db, { filter: "subject:inc-1", limit: 10, now });
  const last = items.map(toActivity).map(({ kind, by }) => `${kind} by ${by}`);
  assert.deepEqual(last.slice(0, 3), ["action-applied by max", "action-approved by max", "action-proposed by lee"]);
});

test("what was agreed to is done, or nothing: another plan lapses the proposal", async () => {
  const row = await wanted("/srv/n", lee);
  const before = done.length;
  world.version++;
  await assert.rejects(actions.approve(row.id, agreed(row), who("max")), code("CONFLICT"));
  const { items } = await listActions(state.db, { filter: `id:${row.id}`, limit: 1, now });
  assert.deepEqual([items[0]?.state, done.length], ["lapsed", before]);
});

test("who proposed may take it back, a lead may decline it, another analyst may not", async () => {
  const row = await wanted("/home/c", ana);
  await assert.rejects(actions.decline(row.id, "no", who("bo", { isLead: () => false })), code("FORBIDDEN"));
  assert.equal((await actions.decline(row.id, "no", ana)).state, "declined");
  const other = await wanted("/home/c", ana);
  assert.deepEqual((await actions.decline(other.id, "not ours", lee)).decidedReason, "not ours");
});

test("a proposal that nobody agrees to lapses after a day", async () => {
  const row = await wanted("/home/d", ana);
  now += 24 * hour;
  await assert.rejects(actions.approve(row.id, agreed(row), lee), code("CONFLICT"));
  await actions.endDue();
  const { items } = await listActions(state.db, { filter: `id:${row.id}`, limit: 1, now });
  assert.equal(items[0]?.state, "lapsed");
});

test("an action is undone when its time is over, later if it is kept, and again if that fails", async () => {
  const row = await wanted("/home/e", lee);
  const stateOf = async () => (await listActions(state.db, { filter: `id:${row.id}`, limit: 1, now })).items[0];
  now += 11 * hour;
  await actions.endDue();
  assert.equal((await stateOf())?.state, "verified");
  assert.equal((await actions.keep(row.id, "the owner is away", lee)).endsAt, now + 12 * hour);
  now += 12 * hour;
  world.undoes = false;
  await actions.endDue();
  assert.match((await stateOf())?.problem ?? "", /its time was over, but it could not be undone: it is stuck/);
  world.undoes = true;
  await actions.endDue();
  assert.equal((await stateOf())?.state, "verified", "not at once");
  now += hour;
  await actions.endDue();
  const ended = await stateOf();
  assert.deepEqual([ended?.state, ended?.undoneBy, done.at(-1)], ["undone", "outweigh", "off"]);
});

test("what ends by itself is not undone again, but said to have ended", async () => {
  const row = await wanted("client", lee, "notify");
  assert.equal(row.endsAt, now + hour);
  await assert.rejects(actions.keep(row.id, "longer", lee), code("CONFLICT"));
  const before = done.length;
  now += hour;
  await actions.endDue();
  const { items } = await listActions(state.db, { filter: `id:${row.id}`, limit: 1, now });
  assert.deepEqual([items[0]?.state, done.length], ["undone", before]);
});

test("in a space, only what an incident within it offers is done, and others' actions are not there", async () => {
  const scoped = who("vic", { reach: new Set(["other-7b"]) });
  const order = { verb: "quarantine-file", target: "/home/a" } as const;
  await assert.rejects(actions.preview({ ...order, incident: "inc-1" }, scoped), code("NOT_FOUND"));
  await assert.rejects(actions.preview(order, scoped), code("FORBIDDEN"));
  const near = who("vic", { reach: new Set(["acme-13b"]) });
  await assert.rejects(actions.preview({ ...order, incident: "inc-1" }, near), code("FORBIDDEN"), "no copy of it");
  // Who leads in one space alone and sees the rest decides nothing of the rest, under whatever incident it is filed.
  const mixed = who("mix", { isLead: (models) => models.length > 0 });
  assert.equal((await wanted("/home/g", mixed)).state, "pending");
  const row = await wanted("/home/f", ana);
  await assert.rejects(actions.approve(row.id, agreed(row), near), code("FORBIDDEN"));
  for (const call of [actions.approve(row.id, agreed(row), scoped), actions.undo(row.id, "x", scoped)])
    await assert.rejects(call, code("NOT_FOUND"));
  const reach = new Set(["other-7b"]);
  assert.equal((await listActions(state.db, { filter: "", limit: 9, now, reach })).total, 0);
});

test("who leads in one space decides of a client what concerns its models alone; what concerns all waits for who leads everywhere", async () => {
  const near = who("vic", {
    reach: new Set(["acme-13b"]),
    isLead: (models) => models.length > 0 && models.every((it) => it === "acme-13b"),
  });
  assert.equal((await wanted("gw:mallory", near, "throttle")).state, "verified");
  const row = await wanted("gw:mallory", near, "suspend");
  assert.equal(row.state, "pending");
  const also = { ...near, name: "vera" };
  await assert.rejects(actions.approve(row.id, agreed(row), also), code("FORBIDDEN"));
  assert.equal((await actions.approve(row.id, agreed(row), lee)).state, "verified");
});

test("an answer that was lost is found out by looking; what cannot be seen can be undone by a person later", async () => {
  outside.answers = false;
  const lost = await wanted("s3://a", lee, "make-private");
  assert.deepEqual(
    [lost.state, lost.seen, lost.endsAt],
    ["verified", "it is closed", undefined],
    "it stays until it is undone",
  );
  outside.does = false;
  outside.isOn = false;
  const failed = await wanted("s3://b", lee, "make-private");
  assert.deepEqual([failed.state, failed.undoable], ["failed", false]);
  assert.match(failed.problem ?? "", /no answer came; it is open/);
  Object.assign(outside, { does: true, seen: false });
  const unknown = await wanted("s3://c", lee, "make-private");
  assert.deepEqual([unknown.state, unknown.undoable], ["failed", true]);
  assert.match(unknown.problem ?? "", /could not be seen: nobody is there; and it could not be taken back/);
  outside.seen = true;
  assert.equal((await actions.undo(unknown.id, "back", lee)).state, "undone");
  assert.equal(outside.isOn, false);
  outside.answers = true;
});

test("a change of a host needs whom the policy says, waits for the agent, and is what the agent says of it", async () => {
  const facts = { name: "gpu-3", system: "Linux" };
  const agent = { id: "a1", host: facts as never, publicKey: "k", enrolledAt: now, enrolledBy: "lee" };
  await state.db.transaction().execute((tx) => addAgent(tx, agent));
  const order = { verb: "stop-process", process: "7:1", program: "0".repeat(64), how: "hold" } as const;
  const asked = { verb: "stop-process", target: "host:a1", terms: { order } } as const;
  const { digest, approval } = await actions.preview(asked, lee);
  assert.equal(approval, "two-people");
  const row = await actions.apply({ ...asked, digest, reason: "it reads weights" }, lee);
  assert.equal(row.state, "pending");
  assert.deepEqual(await ordersOf(state.db, "a1", 9), [], "nothing is ordered before a second person agrees");
  const running = await actions.approve(row.id, agreed(row), who("max"));
  assert.deepEqual([running.state, running.seen], ["running", "the agent was asked, and has not answered yet"]);
  const [given] = await ordersOf(state.db, "a1", 9, now);
  assert.deepEqual([given?.id, given?.order, given?.by], [orderIdOf(row.id), order, "max"]);
  await actions.lookAgain();
  const answer = { id: orderIdOf(row.id), agent: "a1", at: now, state: "done", message: "it stands still" } as const;
  await state.db.transaction().execute((tx) => finishOrder(tx, answer));
  await actions.lookAgain();
  const { items } = await listActions(state.db, { filter: `id:${row.id}`, limit: 1, now });
  assert.deepEqual([items[0]?.state, items[0]?.seen], ["verified", "it stands still"]);
});

test("an order that its agent did not answer in time was not done, and one that it may not do is refused", async () => {
  const order = { verb: "block-egress", whose: { of: "host" }, minutes: 5 } as const;
  const asked = { verb: "block-egress", target: "host:a1", terms: { order } } as const;
  assert.match((await actions.preview(asked, lee)).refused ?? "", /without leave to block-egress/);
  const stop = { verb: "stop-process", process: "8:1", program: "0".repeat(64), how: "end" } as const;
  const wish = { verb: "stop-process", target: "host:a1", terms: { order: stop } } as const;
  const path = "/home/../srv/m";
  const quarantine = { verb: "quarantine-file", path, sha256: "0".repeat(64) } as const;
  const spelled = { verb: "quarantine-file", target: "host:a1", terms: { order: quarantine } } as const;
  assert.match((await there.preview(spelled.target, undefined, spelled.terms)).ok ? "" : "refused", /refused/);
  const { digest, undoable } = await actions.preview(wish, lee);
  assert.equal(undoable, false);
  const row = await actions.apply({ ...wish, digest, reason: "r" }, lee);
  await actions.approve(row.id, agreed(row), who("max"));
  now += hour;
  await actions.lookAgain();
  const { items } = await listActions(state.db, { filter: `id:${row.id}`, limit: 1, now });
  assert.deepEqual(
    [items[0]?.state, items[0]?.problem],
    ["failed", "the agent did not answer in time: it will not do it any more"],
  );
});
