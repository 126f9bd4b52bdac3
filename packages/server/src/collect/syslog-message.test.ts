import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readMessage } from "./syslog-message.ts";

function read(text: string): string {
  const it = readMessage(Buffer.from(text));
  return "record" in it ? it.record : `${it.problem}: ${it.reason}`;
}

const head = "<165>1 2026-11-26T02:03:04.003Z web1 nginx 8710 ID47";

test("RFC 5424: the message is the record, with or without structured data", () => {
  assert.equal(read(`${head} - GET / 200`), "GET / 200");
  assert.equal(read(`${head} [a@1 b="c"][d] \uFEFFGET /`), "GET /");
  assert.equal(read(`<14>1 - - - - - - {"rule":"x"}`), '{"rule":"x"}');
  assert.equal(read(`<14>1 - - - - - - @cee: {"rule":"x"}`), '{"rule":"x"}');
});

test("an empty message leaves its structured data, as JSON", () => {
  assert.equal(
    read(String.raw`${head} [a@1 b="c" q="\"\\\]\n"][__proto__ x=""]`),
    String.raw`{"a@1":{"b":"c","q":"\"\\]\\n"},"__proto__":{"x":""}}`,
  );
  assert.match(read(`${head} -`), /^EMPTY: /);
});

test("the older form: time, host and program go, whichever of them are there", () => {
  const line = '203.0.113.7 - - [26/Nov/2026:02:03:04 +0000] "GET / HTTP/1.1" 200 1 "-" "curl/8"';
  for (const start of [
    "<190>Nov 26 02:03:04 web1 nginx: ",
    "<190>Nov  6 02:03:04 web1 nginx[412]: ",
    "<190>Nov 26 02:03:04 nginx: ",
    "<190>Nov 26 2026 02:03:04 web1 nginx: ",
    "<190>2026-11-26T02:03:04.123456+00:00 web1 nginx: ",
    "<190>Nov 26 02:03:04 fe80::1 ",
    "<190>nginx: ",
    "<190>",
  ])
    assert.equal(read(start + line), line, start);
  assert.equal(
    read("<13>Nov 26 02:03:04 db1 audispd: type=SYSCALL msg=audit(1.000:1): x"),
    "type=SYSCALL msg=audit(1.000:1): x",
  );
  assert.equal(read("<13>2001:db8::1 - ana [x] y"), "2001:db8::1 - ana [x] y");
});

test("one message is one record: what it quotes cannot begin another", () => {
  assert.equal(read(`${head} - a\nb\r\n\0c\n`), "a b c");
});

test("what is no message says where it is wrong", () => {
  assert.match(read("GET /"), /^NO_PRIORITY: /);
  assert.match(read("<192>x"), /^NO_PRIORITY: /);
  assert.match(read("<013>x"), /^NO_PRIORITY: /);
  assert.match(read("<1>1 - -"), /^BAD_HEAD: .*character 7/);
  assert.match(read(`<1>1 ${"x".repeat(65)} - - - - - m`), /^BAD_HEAD: .*the time at character 5/);
  assert.match(read(`${head} [a b=c] m`), /^BAD_DATA: .*character \d+, found " "/);
  assert.match(read(`${head} [a`), /^BAD_DATA: .*found the end/);
  assert.match(read(`${head} m`), /^BAD_DATA: /);
});

test("any bytes give a record on one line, or a coded reason", () => {
  const pieces = fc.constantFrom(
    "<1>",
    "<13>1 ",
    "- ",
    '[a b="',
    "\\",
    '"',
    "]",
    " ",
    "\n",
    "Nov 26 02:03:04 ",
    "h ",
    "p: ",
  );
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.array(pieces, { maxLength: 30 }).map((it) => Buffer.from(it.join(""))),
  );
  fc.assert(
    fc.property(bytes, (it) => {
      const read = readMessage(it);
      if ("record" in read) assert.match(read.record, /^[^\r\n\0]+$/);
      else assert.match(read.problem, /^(NO_PRIORITY|BAD_HEAD|BAD_DATA|EMPTY)$/);
    }),
    { numRuns: 1000 },
  );
});
