// When an encoder that hangs is left out, and when it comes back: by a clock of the test's own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EncoderRest, restsMs } from "./encoder-rest.ts";

const minute = 60_000;
const hour = 60 * minute;

function aRest() {
  let now = Date.UTC(2026, 10, 26);
  const rest = new EncoderRest(() => now);
  return {
    after: (ms: number) => void (now += ms),
    hang: (times = 1) => {
      for (let i = 0; i < times; i++) rest.hung("an encoder", "encodes a prompt");
      return rest.without("an encoder") !== undefined;
    },
    rest,
  };
}

test("three hangs within an hour leave it out; three in a month do not", () => {
  const often = aRest();
  assert.deepEqual([often.hang(), often.hang(), often.hang()], [false, false, true]);
  assert.match(often.rest.without("an encoder") ?? "", /hung at 3 prompts; it is tried again at 2026-11-26T00:10Z/);
  const rarely = aRest();
  for (let i = 0; i < 30; i++) {
    assert.equal(rarely.hang(), false);
    rarely.after(hour);
  }
});

test("it comes back after its rest, told once; a hang soon after that is one too many, and each rest is longer", () => {
  const { rest, hang, after } = aRest();
  hang(3);
  for (const ms of [...restsMs, restsMs.at(-1) ?? 0]) {
    after(ms - 1);
    assert.equal(rest.isOver("an encoder"), false);
    after(1);
    assert.deepEqual([rest.isOver("an encoder"), rest.isOver("an encoder")], [true, false]);
    assert.equal(rest.without("an encoder"), undefined);
    after(minute);
    assert.equal(hang(), true);
  }
});

test("after a day without a hang it has the three hangs and the short rest again", () => {
  const { rest, hang, after } = aRest();
  hang(3);
  after(restsMs[0]);
  rest.isOver("an encoder");
  hang();
  after(restsMs[1]);
  rest.isOver("an encoder");
  after(25 * hour);
  assert.deepEqual([hang(), hang(), hang()], [false, false, true]);
  after(restsMs[0]);
  assert.equal(rest.isOver("an encoder"), true);
});

test("a first answer that never comes leaves it out at once; another encoder, or other work that hangs, is not its fault", () => {
  const { rest } = aRest();
  for (let i = 0; i < 5; i++) rest.hung("an encoder", "links accounts");
  assert.equal(rest.without("an encoder"), undefined);
  rest.hung("an encoder", "loads the encoder");
  assert.match(rest.without("an encoder") ?? "", /no first answer/);
  assert.equal(rest.without("another"), undefined);
});
