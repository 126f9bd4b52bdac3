// Senders that promise much, stall or trickle, beside one that behaves.
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { after, before, mock, test } from "node:test";
import fc from "fast-check";
import { maxIngestBytes, maxIngestInFlight, maxPauseMs, maxUploadsPerToken, ownIngestBytes } from "../limits.ts";
import type { Running } from "../start.ts";
import { accessLine, aFolder, aServer } from "../testing/a-server.ts";
import { Admission, readBody, type Upload } from "./admission.ts";

test("an upload that sent nothing holds nothing", () => {
  const admission = new Admission();
  for (let i = 0; i < maxUploadsPerToken; i++) admission.enter("idle");
  assert.throws(() => admission.enter("idle"), { code: "BUSY" });
  assert.doesNotThrow(() => admission.enter("other").take(maxIngestBytes));
});

test("senders that fill the memory leave each other a usual batch", () => {
  const admission = new Admission();
  for (const name of ["a", "b"]) admission.enter(name).take(maxIngestBytes);
  const [c, d] = [admission.enter("c"), admission.enter("d")];
  assert.throws(() => c.take(ownIngestBytes + maxIngestInFlight), { code: "TOO_LARGE" });
  c.take(ownIngestBytes);
  d.take(ownIngestBytes);
  c.take(2 * ownIngestBytes); // What is left of the shared part: a and b hold theirs beyond their own first bytes.
  assert.throws(() => d.take(1), { code: "BUSY" });
  c.leave();
  assert.doesNotThrow(() => d.take(1));
});

test("whatever comes and goes, in the end all is free again", () => {
  const step = fc.record({ sender: fc.constantFrom("a", "b", "c"), bytes: fc.integer({ min: 0, max: 50_000_000 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const admission = new Admission();
      const all: Upload[] = [];
      for (const { sender, bytes } of steps) {
        try {
          const it = admission.enter(sender);
          all.push(it);
          it.take(bytes);
        } catch (error) {
          assert.ok(error instanceof Error && "code" in error && error.code === "BUSY");
        }
      }
      for (const it of [...all, ...all]) it.leave();
      for (const name of ["a", "b"]) admission.enter(name).take(maxIngestBytes);
    }),
  );
});

test("a body that comes byte by byte is read whole", async () => {
  const body = new PassThrough();
  const reading = readBody(body, new Admission().enter("bytes"));
  const text = Array.from({ length: 5000 }, (_, i) => String(i % 10)).join("");
  for (const it of text) body.write(it);
  body.end();
  assert.equal((await reading).toString(), text);
});

test("a body that stalls is told so, and what it held is free", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const body = new PassThrough();
  const reading = readBody(body, new Admission().enter("slow"));
  body.write("half a rec");
  mock.timers.tick(maxPauseMs - 1);
  mock.timers.tick(1);
  await assert.rejects(reading, { code: "TOO_SLOW", message: /at least \d+ bytes a second/ });
});

test("a body is what was sent, however it was cut", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 })), async (pieces) => {
      const body = new PassThrough();
      const reading = readBody(body, new Admission().enter("a"));
      for (const it of pieces) body.write(it);
      body.end();
      assert.deepEqual(await reading, Buffer.concat(pieces));
    }),
  );
});

const folder = aFolder("admission");
let server: Running;
before(async () => {
  server = await aServer(folder.path);
});
after(async () => {
  await server.close();
  folder.remove();
});

/** An upload without a length that has begun and says nothing more. */
function idle(): Promise<Socket> {
  const { port, host } = new URL(server.url);
  const head = `POST /api/ingest/idle HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${server.token("idle")}\r\n`;
  return new Promise((found) => {
    const socket = connect(Number(port), "127.0.0.1", () => {
      socket.write(`${head}transfer-encoding: chunked\r\ncontent-type: text/plain\r\n\r\n1\r\nx\r\n`, () =>
        found(socket),
      );
    });
    socket.on("error", () => undefined);
  });
}

test("idle uploads without a length block neither others nor, up to their number, their own sender", async (t) => {
  const sockets = await Promise.all(Array.from({ length: maxUploadsPerToken - 1 }, idle));
  t.after(() => sockets.forEach((it) => it.destroy()));
  const send = async (source: string) => {
    const headers = { authorization: `Bearer ${server.token(source)}` };
    const body = accessLine("a.safetensors");
    return (await fetch(`${server.url}/api/ingest/${source}`, { method: "POST", body, headers })).status;
  };
  assert.equal(await send("registry"), 200);
  assert.equal(await send("idle"), 200);
});

test("a body that is too long is refused with an answer, although it was not read to its end", async () => {
  const headers = { authorization: `Bearer ${server.token("long")}` };
  const body = Buffer.alloc(maxIngestBytes + 1, 0x20);
  const answer = await fetch(`${server.url}/api/ingest/long`, { method: "POST", body, headers }).catch(() => undefined);
  // A sender that is still writing when the connection ends may not get to read it.
  if (answer) assert.equal(answer.status, 413);
});
