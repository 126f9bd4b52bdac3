import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RecordSplitter, type Cut } from "./records.ts";

const syscall = (serial: number, items = 1, ms = 0) =>
  `type=SYSCALL msg=audit(1795467991.${String(ms).padStart(3, "0")}:${serial}): arch=c000003e syscall=257 items=${items} pid=1`;
const part = (type: string, serial: number, seconds = 1_795_467_991) =>
  `type=${type} msg=audit(${seconds}.000:${serial}): x=1`;
const whole = (serial: number) => [
  syscall(serial),
  part("CWD", serial),
  part("PATH", serial),
  part("PROCTITLE", serial),
];

const bytes = (lines: readonly string[]) => new TextEncoder().encode(lines.map((it) => `${it}\n`).join(""));
const cut = (lines: readonly string[]): Cut[] => {
  const splitter = new RecordSplitter();
  return [...splitter.push(bytes(lines)), ...splitter.end()];
};
const records = (lines: readonly string[]) =>
  cut(lines).map((it) => ("record" in it ? it.record.split("\n") : it.rejected));

test("lines of one event are one record, also when events interleave", () => {
  const [a, b] = [whole(1), whole(2)];
  const mixed = [a[0]!, b[0]!, b[1]!, a[1]!, a[2]!, b[2]!, b[3]!, a[3]!];
  assert.deepEqual(records(mixed), [b, a]);
});

test("an event is handed out at once when it is whole, so that live ingest does not wait for the next", () => {
  assert.equal(new RecordSplitter().push(bytes(whole(1))).length, 1);
  assert.equal(new RecordSplitter().push(bytes(whole(1).slice(0, 3))).length, 0);
  assert.equal(new RecordSplitter().push(bytes([syscall(1, 0), part("EOE", 1)])).length, 1);
});

test("an event that lost records is handed out as it is when time goes on, and at the end", () => {
  const torn = whole(1).slice(0, 2);
  const later = part("SYSCALL", 2, 1_795_467_994);
  assert.deepEqual(records([...torn, later]), [torn, [later]]);
  const splitter = new RecordSplitter();
  assert.equal(splitter.push(bytes([...torn, later])).length, 1);
});

test("records of programs are events of their own, and other lines pass unchanged", () => {
  const lines = [part("USER_LOGIN", 1), "hello", part("DAEMON_START", 2), "type=nothing"];
  assert.deepEqual(
    records(lines),
    lines.map((it) => [it]),
  );
});

test("a title before its paths does not cut the event short", () => {
  const [a, b, c, d] = whole(1);
  assert.deepEqual(records([a!, d!, b!, c!]).length, 1);
});

/** Lines of up to five events, shuffled with others. */
const line = fc.oneof(
  fc
    .tuple(fc.constantFrom("SYSCALL", "CWD", "PATH", "PROCTITLE", "EOE", "USER_CMD"), fc.nat(4), fc.nat(5))
    .map(([type, serial, s]) =>
      type === "SYSCALL" ? syscall(serial, serial % 3) : part(type, serial, 1_795_467_991 + (s > 4 ? 9 : 0)),
    ),
  fc.constantFrom("other", "", '{"a":1}', "{broken"),
);

test("resuming from any state goes on exactly: no event twice, none lost, none torn", () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), fc.nat(1000), (lines, at) => {
      const all = bytes(lines);
      const middle = all.length === 0 ? 0 : at % all.length;
      const first = new RecordSplitter();
      const before = first.push(all.subarray(0, middle));
      const state = JSON.parse(JSON.stringify(first.state()));
      const second = new RecordSplitter(state);
      const after = [...second.push(all.subarray(state.offset)), ...second.end()];
      assert.deepEqual([...before, ...after], cut(lines));
    }),
    { numRuns: 500 },
  );
});

test("what waits and what its state holds stay small, however the records lie", () => {
  const splitter = new RecordSplitter();
  for (let i = 0; i < 2000; i++) {
    splitter.push(bytes([part("CWD", i % 200)]));
    splitter.push(bytes(["other"]));
    assert.ok((splitter.state().taken ?? []).length <= 400);
  }
});
