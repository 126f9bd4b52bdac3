// A capture and its opening: two people for each, whatever the policy says; the key only while both agreed, and on record each time.
import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readPolicy } from "@outweigh/pipeline";
import type { ActionRow, GatewayAsk, GatewayOrder } from "@outweigh/schema";
import { pino } from "pino";
import type { Gateways, Heard } from "../auth/gateways.ts";
import { Changes } from "../changes.ts";
import { EvidenceLog, toActivity } from "../evidence/log.ts";
import { openOf } from "../store/actions.ts";
import { listEvidence } from "../store/evidence.ts";
import { openState, type State } from "../store/state/state.ts";
import { aFolder } from "../testing/a-server.ts";
import { aDatabaseUrl } from "../testing/engines.ts";
import { Actions } from "./actions.ts";
import type { Wanting } from "./agreed.ts";
import { CaptureKeys, openCapture } from "./capture.ts";
import { orderActs } from "./order-client.ts";

const hour = 3_600_000;
const folder = aFolder("capture");
const keys = new CaptureKeys(folder.path);
const standing: GatewayOrder[] = [];
let state: State;
let actions: Actions;
let now = Date.UTC(2026, 10, 26);
let evidence: EvidenceLog;

/** A gateway that does what it is asked. */
const facts = { name: "edge", origin: "gateway/edge", host: "h" };
const gateway = { id: "gw", facts, publicKey: "", enrolledAt: 0, enrolledBy: "ana" };
const heard = (): Heard => ({
  at: now,
  status: {} as Heard["status"],
  settings: undefined,
  clients: new Map(),
  orders: standing,
  keys: [{ id: "key-000000000000", principal: "mallory", plan: "default", models: [], last4: "abcd", createdAt: 0 }],
});
const gateways = {
  get: () => gateway,
  heard,
  isReporting: () => true,
  async ask(_: string, ask: GatewayAsk) {
    if (ask.verb === "apply") standing.push(ask.order);
    if (ask.verb === "undo") standing.splice(0, standing.length, ...standing.filter((it) => it.id !== ask.order));
    return { id: "1", state: "done" as const };
  },
} as unknown as Gateways;

const person = (name: string): Wanting => ({ name, is: "person", reach: undefined, isLead: () => true });
const [ana, lee] = [person("ana"), person("lee")];
const operator: Wanting = { ...ana, name: "root", is: "operator" };

before(async () => {
  state = await openState(join(folder.path, "state"), await aDatabaseUrl());
  const { db } = state;
  evidence = await EvidenceLog.open(db, folder.path);
  actions = new Actions({
    db,
    evidence,
    changes: new Changes(),
    acts: [...orderActs({ gateways, captureKeys: keys, now: () => now }), openCapture({ db, keys })],
    // A policy that would have one person do.
    policy: readPolicy("- { when: {}, do: [capture, open-capture, suspend], approval: person, why: w }"),
    connections: [],
    models: [],
    whyOne: () => undefined,
    orders: () => [],
    log: pino({ level: "silent" }),
    now: () => now,
  });
});
after(async () => {
  await state.close();
  folder.remove();
});

const capture = (forMs = hour) => ({ verb: "capture" as const, target: "gw:mallory", terms: { forMs, megabytes: 2 } });

async function proposed(wanted: Parameters<Actions["preview"]>[0]): Promise<ActionRow> {
  const preview = await actions.preview(wanted, ana);
  assert.equal(preview.refused, undefined);
  assert.equal(preview.approval, "two-people");
  return actions.apply({ ...wanted, digest: preview.digest, reason: "the case" }, ana);
}

async function agreed(row: ActionRow): Promise<ActionRow> {
  return actions.approve(row.id, { digest: row.digest, reason: "seen" }, lee);
}

test("nothing is captured before a second person agreed, and never for more than a day", async () => {
  const row = await proposed(capture());
  assert.equal(row.state, "pending");
  assert.deepEqual(standing, []);
  await assert.rejects(actions.approve(row.id, { digest: row.digest, reason: "me too" }, ana), { code: "FORBIDDEN" });
  await actions.decline(row.id, "no", lee);
  assert.match((await actions.preview(capture(25 * hour), ana)).refused ?? "", /a day at most/);
  const { digest } = await actions.preview(capture(), ana);
  await assert.rejects(actions.apply({ ...capture(), digest, reason: "alone" }, operator), { code: "ACTION_REFUSED" });
  assert.deepEqual(standing, []);
});

test("a capture is sealed to a key of its own, which is given out only while two people agreed to open it", async () => {
  const { db } = state;
  const made = await agreed(await proposed(capture()));
  assert.equal(made.state, "verified");
  const [order] = standing;
  assert.equal(order?.megabytes, 2);
  const pem = (await keys.pem(made.id)) ?? "";
  const own = createPublicKey(createPrivateKey(pem)).export({ type: "spki", format: "der" }).toString("base64");
  assert.equal(order?.sealTo, own);
  for (const it of readdirSync(join(folder.path, "captures")))
    assert.equal(statSync(join(folder.path, "captures", it)).mode & 0o077, 0);

  assert.equal(await openOf(db, made.id, now), undefined);
  const opening = await proposed({ verb: "open-capture", target: made.id });
  assert.equal(await openOf(db, made.id, now), undefined);
  await agreed(opening);
  assert.equal((await openOf(db, made.id, now))?.id, opening.id);
  // For an hour, and not for any other capture.
  assert.equal(await openOf(db, "action-x", now), undefined);
  assert.equal(await openOf(db, made.id, now + hour + 1), undefined);
  await actions.undo(opening.id, "read enough", lee);
  assert.equal(await openOf(db, made.id, now), undefined);

  // Undone: the gateway stops.
  await actions.undo(made.id, "enough", lee);
  assert.deepEqual(standing, []);
  const told = await listEvidence(db, { filter: "", limit: 100, now });
  const kinds = told.items.map(toActivity).map((it) => it.text);
  for (const it of [
    /proposed: Capture what mallory/,
    /approved: Capture/,
    /done and verified: Capture/,
    /undone: Capture/,
    /approved: Open the capture ORD-/,
  ])
    assert.ok(
      kinds.some((text) => it.test(text)),
      `${it} in ${kinds.join("; ")}`,
    );
});

test("what is no capture, or has no key any more, is not opened", async () => {
  const preview = (target: string) => actions.preview({ verb: "open-capture", target }, ana);
  assert.match((await preview("action-none")).refused ?? "", /no such capture/);
  await assert.rejects(keys.pem("../server"), { code: "NOT_FOUND" });
});

test("a month after a capture's end its key is removed, on record, and not before; of one that goes on it stays", async () => {
  const { db } = state;
  const look = () => keys.removeDue({ db, evidence, now: () => now });
  const over = await agreed(await proposed(capture()));
  await actions.undo(over.id, "enough", lee);
  const going = await agreed(await proposed(capture()));
  now += 30 * 24 * hour;
  await look();
  assert.notEqual(await keys.pem(over.id), undefined);
  now += 2 * 24 * hour;
  await look();
  assert.equal(await keys.pem(over.id), undefined);
  assert.notEqual(await keys.pem(going.id), undefined);
  const { items } = await listEvidence(db, { filter: "kind:capture-key-removed", limit: 9, now });
  assert.ok(items.some((it) => toActivity(it).text.includes("nobody can open it any more")));
  assert.match((await actions.preview({ verb: "open-capture", target: over.id }, ana)).refused ?? "", /key is gone/);
});
