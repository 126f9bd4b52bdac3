import assert from "node:assert/strict";
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { agentHeaders, signedText, type OrderText } from "@outweigh/schema";
import { AgentError } from "./error.ts";
import { loadIdentity, newKey, readOrder, makeIdentity, signedHeaders } from "./identity.ts";

const server = generateKeyPairSync("ed25519");
const order: OrderText = {
  id: "o1",
  agent: "a1",
  issuedAt: 1000,
  expiresAt: 2000,
  order: { verb: "collect", lists: ["processes"] },
};

function signed(value: unknown, key = server.privateKey) {
  const text = JSON.stringify(value);
  return { text, signature: sign(null, Buffer.from(text), key).toString("base64url") };
}

const us = { agent: "a1", serverKey: server.publicKey };

test("an order of the server for this agent is read", () => {
  assert.deepEqual(readOrder(signed(order), us, 1500), order);
});

test("an order is refused that another signed, that was changed, is for another agent, late, or unknown", () => {
  const other = generateKeyPairSync("ed25519").privateKey;
  const good = signed(order);
  const cases = [
    signed(order, other),
    { ...good, text: good.text.replace("processes", "accounts") },
    signed({ ...order, agent: "a2" }),
    signed({ ...order, order: { verb: "run", command: "sh" } }),
    signed("x"),
  ];
  for (const it of cases) assert.ok("refused" in readOrder(it, us, 1500), it.text);
  assert.ok("refused" in readOrder(good, us, 2000));
});

test("of an order that our server gave us, and that is not done, it is told which and why; of another's, nothing that names one", () => {
  const other = generateKeyPairSync("ed25519").privateKey;
  const idOf = (it: ReturnType<typeof signed>, now = 1500) => {
    const read = readOrder(it, us, now);
    return "refused" in read ? [read.id, read.refused] : [];
  };
  const [id, why] = idOf(signed(order), 2000);
  assert.equal(id, "o1");
  assert.match(why ?? "", /expired: it held until 1970-01-01T00:00:02.000Z.* clock says 1970/);
  assert.equal(idOf(signed({ ...order, order: { verb: "run", command: "sh" } }))[0], "o1");
  assert.equal(idOf(signed({ ...order, expiresAt: Number.MIN_SAFE_INTEGER }))[0], "o1");
  assert.equal(idOf(signed(order, other))[0], undefined);
  assert.equal(idOf(signed({ ...order, agent: "a2" }))[0], undefined);
});

test("no text and signature are an order unless the server signed them", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, signature) =>
      assert.ok("refused" in readOrder({ text, signature }, us, 0)),
    ),
  );
});

test("a request's signature holds for its path, number and body alone", () => {
  const { key, publicKey } = newKey();
  const body = Buffer.from("{}");
  const headers = signedHeaders({ agent: "a1", key }, "/api/x", 7, body);
  const theirs = createPublicKey({ key: Buffer.from(publicKey, "base64"), type: "spki", format: "der" });
  const signature = Buffer.from(headers[agentHeaders.signature] ?? "", "base64url");
  const holds = (path: string, counter: number, it: Buffer) =>
    verify(
      null,
      Buffer.from(signedText(path, counter, createHash("sha256").update(it).digest("hex"))),
      theirs,
      signature,
    );
  assert.ok(holds("/api/x", 7, body));
  assert.ok(!holds("/api/y", 7, body));
  assert.ok(!holds("/api/x", 8, body));
  assert.ok(!holds("/api/x", 7, Buffer.from("{ }")));
});

test("an identity is read by its owner alone, and none is written over", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-identity-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "agent.json");
  const isCode = (code: string) => (error: unknown) => error instanceof AgentError && error.code === code;
  await assert.rejects(loadIdentity(path), isCode("NOT_ENROLLED"));
  const serverKey = server.publicKey.export({ type: "spki", format: "der" }).toString("base64");
  const it = { server: "http://127.0.0.1:7700", agent: "a1", key: newKey().key, serverKey };
  await assert.rejects(
    makeIdentity(path, () => Promise.reject(new Error("the server is away"))),
    /away/,
  );
  await makeIdentity(path, async () => it);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.ok((await loadIdentity(path)).key.equals(it.key));
  await assert.rejects(
    makeIdentity(path, () => assert.fail("nobody is asked")),
    isCode("ENROLLED"),
  );
});
