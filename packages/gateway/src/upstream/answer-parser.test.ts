import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AnswerError, AnswerParser, type AnswerFields } from "./answer-parser.ts";

interface Read {
  readonly heads: { status: number; fields: AnswerFields }[];
  readonly bodies: string[];
  readonly ends: boolean[];
  error?: unknown;
}

/** Reads bytes that come in these pieces; the connection may close after them. */
function read(pieces: readonly Buffer[], closes = false): Read {
  const out: Read = { heads: [], bodies: [], ends: [] };
  const parser = new AnswerParser({
    onHead: (status, fields) => {
      out.heads.push({ status, fields });
      out.bodies.push("");
    },
    onBody: (bytes) => (out.bodies[out.bodies.length - 1] += bytes.toString("latin1")),
    onEnd: (reusable) => out.ends.push(reusable),
  });
  parser.expect();
  try {
    for (const it of pieces) parser.push(it);
    if (closes) parser.close();
  } catch (error) {
    out.error = error;
  }
  return out;
}

/** The same bytes, cut at these places. */
function cut(text: string, places: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text, "latin1");
  const at = [0, ...new Set(places.map((it) => it % (bytes.length + 1))), bytes.length].sort((a, b) => a - b);
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

const places = fc.array(fc.nat(), { maxLength: 20 });
const body = fc.string({ unit: "binary-ascii", maxLength: 200 });
const chunked = (parts: readonly string[]) =>
  [...parts.filter((it) => it !== ""), ""]
    .map((it) => `${it.length.toString(16)}\r\n${it}${it === "" ? "" : "\r\n"}`)
    .join("") + "\r\n";

test("however an answer with a length is cut on its way, head and body are the same, and the connection is free", () => {
  fc.assert(
    fc.property(body, places, fc.nat({ max: 9 }), (text, at, more) => {
      const head = `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\nX-A: ${"b".repeat(more)}\r\n\r\n`;
      // Twice: heads are remembered.
      for (const it of [read(cut(head + text, at)), read(cut(head + text, at))]) {
        assert.deepEqual([it.error, it.bodies, it.ends], [undefined, [text], [true]]);
        assert.equal(it.heads[0]?.fields["x-a"], "b".repeat(more));
      }
    }),
  );
});

test("however chunks are cut on their way, the body is what was put into them", () => {
  fc.assert(
    fc.property(fc.array(body, { maxLength: 6 }), places, (parts, at) => {
      const it = read(cut(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(parts)}`, at));
      assert.deepEqual([it.error, it.bodies, it.ends], [undefined, [parts.join("")], [true]]);
    }),
  );
});

test("without length and chunks the body ends with the connection, which is not used again", () => {
  fc.assert(
    fc.property(body, places, (text, at) => {
      const it = read(cut(`HTTP/1.1 200 OK\r\n\r\n${text}`, at), true);
      assert.deepEqual([it.error, it.bodies, it.ends], [undefined, [text], [false]]);
    }),
  );
});

test("any bytes give an answer or the one error, and never two answers to one request", () => {
  const soup = fc.string({
    unit: fc.constantFrom(
      "HTTP/1.1 200 OK",
      "\r\n",
      "\r",
      "\n",
      "Content-Length: ",
      "Transfer-Encoding: chunked",
      "0",
      "5",
      "a",
      ":",
      " ",
    ),
    maxLength: 60,
  });
  fc.assert(
    fc.property(fc.oneof(soup, body), places, fc.boolean(), (text, at, closes) => {
      const it = read(cut(text, at), closes);
      assert.ok(it.error === undefined || it.error instanceof AnswerError);
      assert.ok(it.heads.length <= 1 && it.ends.length <= 1);
    }),
    { numRuns: 2000 },
  );
});

const good = "HTTP/1.1 200 OK\r\n";
const bad: readonly (readonly [what: string, text: string])[] = [
  ["a length and chunks", `${good}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`],
  ["two lengths", `${good}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`],
  ["a length of two numbers", `${good}Content-Length: 3, 4\r\n\r\nabc`],
  ["a length with a sign", `${good}Content-Length: +3\r\n\r\nabc`],
  ["an unknown coding", `${good}Transfer-Encoding: gzip, chunked\r\n\r\n`],
  ["a blank before the colon", `${good}Content-Length : 3\r\n\r\nabc`],
  ["a folded field", `${good}X-A: b\r\n c\r\n\r\n`],
  ["a carriage return in a value", `${good}X-A: b\rc\r\n\r\n`],
  ["a control around a value", `${good}Content-Length:\v3\r\n\r\nabc`],
  ["a carriage return behind a value", `${good}Content-Length: 3\r\r\n\r\nabc`],
  ["a field without a name", `${good}: b\r\n\r\n`],
  ["a line feed alone", "HTTP/1.1 200 OK\nX-A: b\r\n\r\n"],
  ["another protocol", "HTTP/2 200 OK\r\n\r\n"],
  ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
  ["a change of protocol", "HTTP/1.1 101 Switching\r\n\r\n"],
  ["a chunk's size with 0x", `${good}Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n`],
  ["a chunk that is longer than its size", `${good}Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n`],
  ["a chunk without a size", `${good}Transfer-Encoding: chunked\r\n\r\n\r\n`],
  ["something behind the answer", `${good}Content-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n`],
  ["a head without an end", `${good}X-A: ${"a".repeat(70_000)}`],
];
for (const [what, text] of bad) {
  test(`${what} is no answer`, () => {
    assert.ok(read([Buffer.from(text, "latin1")]).error instanceof AnswerError);
  });
}

test("answers before the answer are passed over, and what forbids a body has none", () => {
  const early = read([Buffer.from("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")]);
  assert.deepEqual([early.heads.map((it) => it.status), early.ends], [[204], [true]]);
  const closing = read([Buffer.from("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")]);
  assert.deepEqual(closing.ends, [false]);
  const old = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  assert.deepEqual(read([Buffer.from(old)]).ends, [false]);
  const broken = read([Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")], true);
  assert.ok(broken.error instanceof AnswerError && broken.ends.length === 0);
});
