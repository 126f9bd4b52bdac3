import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { reveal, revealed } from "./reveal.ts";

test("names an override of direction that makes a program look like a picture", () => {
  assert.equal(revealed("holiday\u202egpj.exe"), "holiday⟨U+202E⟩gpj.exe");
});

test("names controls, zero widths, tags and halves of a pair", () => {
  assert.equal(revealed("a\u0000b\u001b[31mc"), "a⟨U+0000⟩b⟨U+001B⟩[31mc");
  assert.equal(revealed("x\u200by\ufeff"), "x⟨U+200B⟩y⟨U+FEFF⟩");
  assert.equal(revealed("\u{e0041}"), "⟨U+E0041⟩");
  assert.equal(revealed("\ud800!"), "⟨U+D800⟩!");
});

test("leaves other scripts alone", () => {
  for (const text of ["модель", "模型", "نموذج", "modèle", "🤖", ""]) {
    assert.deepEqual(reveal(text), [{ text, hidden: false }]);
  }
});

test("keeps newlines and tabs of a record, and names them in a line", () => {
  assert.deepEqual(reveal("a\n\tb", { lines: true }), [{ text: "a\n\tb", hidden: false }]);
  assert.equal(revealed("a\nb"), "a⟨U+000A⟩b");
});

test("loses nothing and shows nothing hidden, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const segments = reveal(text);
      const back = segments.map((it) =>
        it.hidden ? String.fromCodePoint(Number.parseInt(it.text.slice(2), 16)) : it.text,
      );
      assert.equal(back.join(""), text);
      for (const it of segments) assert.doesNotMatch(it.text, /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});
