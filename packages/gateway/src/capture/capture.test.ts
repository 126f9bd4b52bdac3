import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { aGateway } from "../testing/a-gateway.ts";
import { until } from "../testing/until.ts";
import { mockUpstream, saying } from "../testing/upstream.ts";
import { GatewayError } from "../error.ts";
import { Captures } from "./captures.ts";
import { openSealed, Sealer } from "./sealed.ts";

const timeout = 120_000;

function aPair() {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  return { privateKey, sealTo: publicKey.export({ type: "spki", format: "der" }).toString("base64") };
}

function sealed(sealTo: string, records: readonly Uint8Array[]): Buffer {
  const it = new Sealer(sealTo, { order: "ORD-0a", gateway: "gateway/1" });
  return Buffer.concat([it.head, ...records.map((one) => it.seal(Buffer.from(one))), it.end()]);
}

test("what is sealed is opened by the private half alone, whatever it is", () => {
  const [own, other] = [aPair(), aPair()];
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (records) => {
      const file = sealed(own.sealTo, records);
      const opened = openSealed(file, own.privateKey);
      assert.equal(opened.isWhole, true);
      assert.deepEqual(
        opened.records.map((it) => [...it]),
        records.map((it) => [...it]),
      );
      assert.throws(() => openSealed(file, other.privateKey), { code: "BAD_CAPTURE" });
    }),
    { numRuns: 25 },
  );
});

test("a bit that was changed anywhere is found; a file that was cut is opened as far as it goes, and says so", () => {
  const { sealTo, privateKey } = aPair();
  const file = sealed(sealTo, [Buffer.from("first"), Buffer.from("second")]);
  fc.assert(
    fc.property(fc.nat(file.length * 8 - 1), (bit) => {
      const changed = Buffer.from(file);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      // A length that was made longer looks like a cut; nothing of what is behind it is given out.
      const whole = triedToOpen(changed, privateKey);
      assert.notEqual(whole, true);
    }),
  );
  fc.assert(
    fc.property(fc.nat(file.length - 1), (length) => {
      assert.notEqual(triedToOpen(file.subarray(0, length), privateKey), true);
    }),
  );
  assert.throws(() => openSealed(Buffer.concat([file, Buffer.from("x")]), privateKey), { code: "BAD_CAPTURE" });
});

test("any bytes are opened or refused, and never anything else", () => {
  const { privateKey } = aPair();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      assert.throws(() => openSealed(Buffer.from(bytes), privateKey), { code: "BAD_CAPTURE" });
    }),
  );
});

function triedToOpen(file: Buffer, privateKey: ReturnType<typeof aPair>["privateKey"]): boolean | undefined {
  try {
    return openSealed(file, privateKey).isWhole;
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.code === "BAD_CAPTURE", String(error));
    return undefined;
  }
}

const canary = "the-merger-with-globex-is-on-friday";
const reply = "nobody-must-read-this-either";

interface World {
  readonly privateKey: ReturnType<typeof aPair>["privateKey"];
  readonly folder: string;
  readonly dataDir: string;
  readonly it: Awaited<ReturnType<typeof aGateway>>;
  ask(): Promise<void>;
}

/** A gateway before a chat model, with a standing capture of alice's exchanges, as the server orders it. */
async function captured(t: TestContext, terms: object, content = reply): Promise<World> {
  const { privateKey, sealTo } = aPair();
  const dataDir = mkdtempSync(join(tmpdir(), "outweigh-capture-"));
  mkdirSync(dataDir, { recursive: true });
  const now = Date.now();
  const order = {
    id: "ORD-00c0ffee0000",
    verb: "capture",
    principal: "alice",
    reason: "r",
    by: "ana",
    from: now,
    sealTo,
  };
  const orders = [{ ...order, until: now + 600_000, ...terms }];
  writeFileSync(join(dataDir, "orders.json"), JSON.stringify({ version: 1, orders }));
  const model = await mockUpstream(saying({ choices: [{ message: { role: "assistant", content } }] }));
  const it = await aGateway({ upstreams: [{ name: "m", protocol: "openai", url: model.url }] }, { dataDir });
  t.after(async () => {
    await it.gateway.close();
    await model.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return {
    privateKey,
    it,
    dataDir,
    folder: join(dataDir, "captures", order.id),
    async ask() {
      const answer = await fetch(`${it.gateway.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${it.key}`, "content-type": "application/json" },
        body: JSON.stringify({ model: "gpt", messages: [{ role: "user", content: canary }] }),
      });
      assert.equal(answer.status, 200);
      assert.match(await answer.text(), new RegExp(content.slice(0, 20)));
    },
  };
}

/** All files below a folder, with what they hold. */
function filesIn(folder: string): { path: string; bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((it) => join(folder, it))
    .filter((it) => statSync(it).isFile())
    .map((path) => ({ path, bytes: readFileSync(path) }));
}

function recordsIn({ folder, privateKey }: World) {
  return filesIn(folder)
    .filter(({ path }) => path.endsWith(".sealed"))
    .flatMap(({ bytes }) => openSealed(bytes, privateKey).records)
    .map((it) => JSON.parse(it.toString()) as { request: string; answer: string; status: number; principal: string });
}

function evidenceOf(dataDir: string): { kind: string; text: string; line: string }[] {
  const lines = readFileSync(join(dataDir, "evidence.ndjson"), "utf8").trim().split("\n");
  return lines.map((line) => ({ line, ...(JSON.parse(line) as { kind: string; text: string }) }));
}

test(
  "prompts and answers under capture are in no file in the clear, and in the sealed one whole",
  { timeout },
  async (t) => {
    const world = await captured(t, {});
    for (let i = 0; i < 3; i++) await world.ask();
    const { status } = await world.it.admin("DELETE", "/orders/ORD-00c0ffee0000?by=ana");
    assert.equal(status, 200);
    await until("the end of the capture", () => existsSync(join(world.folder, "ended.json")));
    // Undone: what is asked from now on is not in it.
    await world.ask();
    const secrets = [canary, reply].flatMap((it) => [
      Buffer.from(it),
      // Base64 of it at each of its three places within a triple, without the characters at the edges.
      ...[0, 1, 2].map((shift) =>
        Buffer.from(
          Buffer.from(`${"x".repeat(shift)}${it}`)
            .toString("base64")
            .slice(4, -4),
        ),
      ),
    ]);
    for (const { path, bytes } of filesIn(world.dataDir)) {
      for (const it of secrets) assert.equal(bytes.includes(it), false, `${path} holds ${it.toString()}`);
    }
    const records = recordsIn(world);
    assert.equal(records.length, 3);
    for (const it of records) {
      assert.equal(it.principal, "alice");
      assert.match(Buffer.from(it.request, "base64").toString(), new RegExp(canary));
      assert.match(Buffer.from(it.answer, "base64").toString(), new RegExp(reply));
    }
    const [file] = filesIn(world.folder).filter(({ path }) => path.endsWith(".sealed"));
    const ended = evidenceOf(world.dataDir).find((it) => it.kind === "capture-ended");
    assert.ok(
      ended?.line.includes(
        createHash("sha256")
          .update(file?.bytes ?? "")
          .digest("hex"),
      ),
    );
    assert.equal((statSync(file?.path ?? "").mode & 0o077).toString(8), "0");
  },
);

test("a capture ends by its time: what comes later is not written, and its file has an end", (t) => {
  const { sealTo, privateKey } = aPair();
  const dataDir = mkdtempSync(join(tmpdir(), "outweigh-capture-"));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const captures = new Captures(dataDir, "gateway/1", 1, () => undefined);
  const order = {
    id: "ORD-0a0b0c0d",
    verb: "capture",
    principal: "p",
    reason: "r",
    by: "b",
    from: 0,
    until: 1_000,
  } as const;
  const asked = { principal: "p", model: "m", route: "/r", at: 5 };
  captures.begin({ ...order, sealTo }, asked, Buffer.from("in time"))?.end(200, true);
  const late = captures.begin({ ...order, sealTo }, asked, Buffer.from("late"));
  captures.settle(1_001, () => true);
  late?.end(200, true);
  const [file] = filesIn(join(dataDir, "captures", order.id));
  const opened = openSealed(file?.bytes ?? Buffer.alloc(0), privateKey);
  assert.equal(opened.isWhole, true);
  assert.equal(opened.records.length, 1);
});

test("a capture ends by its size, which its processes share, also when one is started again", (t) => {
  const { sealTo, privateKey } = aPair();
  const dataDir = mkdtempSync(join(tmpdir(), "outweigh-capture-"));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const said: string[] = [];
  const order = {
    id: "ORD-0a0b0c0d",
    verb: "capture",
    principal: "p",
    reason: "r",
    by: "b",
    from: 0,
    until: 1_000,
  } as const;
  const asked = { principal: "p", model: "m", route: "/r", at: 5 };
  for (let run = 0; run < 4; run++) {
    const captures = new Captures(dataDir, "gateway/1", 2, (line) => said.push(line));
    const take = () => captures.begin({ ...order, sealTo, megabytes: 1 }, asked, Buffer.alloc(75_000));
    for (let i = 0; i < 9; i++) take()?.end(200, true);
    // Full: it stays so while the order holds.
    captures.settle(5, () => true);
    assert.equal(take(), undefined);
    captures.close();
  }
  const files = filesIn(join(dataDir, "captures", order.id));
  assert.ok(files.reduce((sum, it) => sum + it.bytes.length, 0) <= 1_000_000);
  const opened = files.map(({ bytes }) => openSealed(bytes, privateKey));
  assert.ok(opened.every((it) => it.isWhole));
  assert.ok(opened.some((it) => it.records.length >= 2));
  assert.ok(said.some((it) => it.includes("is full")));
});

test(
  "nobody captures by the gateway's own door: it needs the server, where two people agree",
  { timeout },
  async (t) => {
    const model = await mockUpstream(saying({}));
    const it = await aGateway({ upstreams: [{ name: "m", protocol: "openai", url: model.url }] });
    t.after(async () => {
      await it.close();
      await model.close();
    });
    const now = Date.now();
    const order = { id: "ORD-00c0ffee0000", verb: "capture", principal: "alice", reason: "r", by: "ana", from: now };
    const { status, json } = await it.admin("POST", "/orders", {
      ...order,
      until: now + 60_000,
      sealTo: aPair().sealTo,
    });
    assert.equal(status, 400);
    assert.match(String(json["message"]), /two people decide on a capture/);
  },
);
