// What is known of gateways while they report.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { GatewayReport } from "@outweigh/schema";
import type { StoredGateway } from "../store/gateways.ts";
import { openState, type State } from "../store/state/state.ts";
import { aFolder } from "../testing/a-server.ts";
import { aDatabaseUrl } from "../testing/engines.ts";
import { Gateways } from "./gateways.ts";

const folder = aFolder("known-gateways");
let state: State;
before(async () => (state = await openState(join(folder.path, "state"), await aDatabaseUrl())));
after(async () => {
  await state.close();
  folder.remove();
});

const report: GatewayReport = {
  sentAt: 1,
  status: {
    url: "http://127.0.0.1:7780",
    startedAt: 1,
    running: 0,
    blind: false,
    dropped: 0,
    evidence: 0,
    waitingBytes: 0,
    lost: 0,
    problems: [],
  },
  records: [],
  clients: [],
  orders: [],
  results: [],
};

test("a gateway that is revoked while its report is read stays revoked", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const all = await Gateways.open(state.db, privateKey, () => 5);
  const it: StoredGateway = {
    id: "g",
    facts: { name: "edge", origin: "gateway/edge", host: "h" },
    publicKey: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
    enrolledAt: 1,
    enrolledBy: "ana",
  };
  all.know(it);
  assert.equal(all.mayKnock({ "outweigh-agent": "g" }), true);
  all.know({ ...it, revokedAt: 4 });
  // Begun before it was revoked: the report still goes by what was known then.
  all.take(it, report);
  assert.equal(all.mayKnock({ "outweigh-agent": "g" }), false);
  assert.equal(all.get("g")?.revokedAt, 4);
});
