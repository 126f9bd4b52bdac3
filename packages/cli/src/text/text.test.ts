import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countText, durationText, shareText, sizeText, timeText } from "./amounts.ts";
import { glyph } from "./severity.ts";
import { visible } from "./visible.ts";
import { middle, padEnd, widthOf } from "./width.ts";
import { wrap } from "./wrap.ts";
import { severities } from "@outweigh/schema";

test("escape sequences, overrides of direction and line breaks show as text", () => {
  assert.equal(visible("a\x1b[31mb"), "a⟨U+001B⟩[31mb");
  assert.equal(visible("holiday\u202egpj.exe"), "holiday⟨U+202E⟩gpj.exe");
  assert.equal(visible("a\nb\u200b"), "a⟨U+000A⟩b⟨U+200B⟩");
});

test("no text of others reaches a terminal as anything but what shows", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(visible(text))));
});

test("sizes and counts as people read them", () => {
  assert.deepEqual([0, 999, 1000, 999_960, 26_100_000_000].map(sizeText), ["0 B", "999 B", "1 kB", "1 MB", "26.1 GB"]);
  assert.deepEqual([0, 999, 412_880].map(countText), ["0", "999", "412,880"]);
  assert.deepEqual([11_240, 200_000].map(durationText), ["11.2 s", "3 min 20 s"]);
  assert.equal(timeText(Date.UTC(2026, 10, 25, 9)), "2026-11-25 09:00:00Z");
});

test("100 % is said of all alone, 0 % of nothing alone", () => {
  assert.deepEqual([0, 1e-9, 0.38, 0.99999, 1].map(shareText), ["0 %", "< 1 %", "38 %", "> 99 %", "100 %"]);
});

test("cuts in the middle to a width, whatever the characters", () => {
  assert.equal(middle("/home/dev/models/holiday.bin", 20), "/home/d…/holiday.bin");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 40 }), (text, width) => {
      assert.ok(widthOf(middle(text, width)) <= width);
      assert.ok(widthOf(padEnd(text, width)) >= width);
    }),
  );
});

test("breaks lines at blanks and loses no word", () => {
  assert.deepEqual(wrap("one two three", 9, { first: "- ", rest: "  " }), ["- one two", "  three"]);
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }), (words) => {
      assert.deepEqual(wrap(words.join(" "), 20).join(" ").split(" "), words);
    }),
  );
});

test("each severity has a glyph of its own in three columns; colour adds nothing but colour", () => {
  assert.equal(new Set(severities.map((it) => glyph(it, false))).size, severities.length);
  for (const it of severities) {
    assert.equal(widthOf(glyph(it, false)), 3);
    // oxlint-disable-next-line no-control-regex
    assert.equal(widthOf(glyph(it, true).replace(/\x1b\[[\d;]*m/g, "")), 3);
  }
});
