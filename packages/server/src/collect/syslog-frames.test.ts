import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { maxMessageBytes } from "./limits.ts";
import { FrameCutter, type Frame } from "./syslog-frames.ts";

function cut(...chunks: (string | Buffer)[]): string[] {
  const cutter = new FrameCutter();
  return [...chunks.flatMap((it) => cutter.push(Buffer.from(it))), ...cutter.end()].map(shown);
}

const shown = (it: Frame) => ("message" in it ? it.message.toString("latin1") : `! ${it.rejected}`);

test("messages are cut by their length or by their line, both in one stream", () => {
  assert.deepEqual(cut("5 <1>ab<2>line\r\n\n4 <3>\n<4>last"), ["<1>ab", "<2>line", "<3>\n", "<4>last"]);
  assert.deepEqual(cut("5", " <1>", "ab<2>x\0\n"), ["<1>ab", "<2>x"]);
});

test("what begins with digits that are no length is a line", () => {
  assert.deepEqual(cut("2026-11-26 text\n1234567890 too many digits\n<1>x\n"), [
    "2026-11-26 text",
    "1234567890 too many digits",
    "<1>x",
  ]);
});

test("a message that is too long costs itself alone", () => {
  const long = "x".repeat(maxMessageBytes + 1);
  const reject = (what: string) => `! ${what}: a message may have ${maxMessageBytes} bytes`;
  assert.deepEqual(cut(`${long.length} ${long}3 <1>`, `<2>${long}\n<3>x\n`), [
    reject(`${long.length} bytes`),
    "<1>",
    reject("a line"),
    "<3>x",
  ]);
  const longest = "x".repeat(maxMessageBytes);
  assert.deepEqual(cut(`${longest}\n`), [longest]);
});

test("a counted message needs all of itself", () => {
  assert.deepEqual(cut("10 <1>abc"), ["! the connection ended inside a message"]);
  assert.equal(new FrameCutter().isInside, false);
});

test("any bytes, split anyhow, give the same messages and rejects", () => {
  const parts = fc.constantFrom(
    "<13>",
    "5 ",
    "<1>ab",
    "\n",
    "\r\n",
    "99999 ",
    "123456789 ",
    "x",
    "0",
    " ",
    "\0",
    "9".repeat(12),
  );
  const stream = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((it) => Buffer.from(it)),
    fc.array(parts, { maxLength: 40 }).map((it) => Buffer.from(it.join(""))),
  );
  fc.assert(
    fc.property(stream, fc.array(fc.nat(300), { maxLength: 8 }), (bytes, at) => {
      const cuts = [0, ...at.map((it) => Math.min(it, bytes.length)).sort((a, b) => a - b), bytes.length];
      const chunks = cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end));
      assert.deepEqual(cut(...chunks), cut(bytes));
    }),
    { numRuns: 500 },
  );
});
