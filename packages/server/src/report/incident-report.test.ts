import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { markup } from "./html.ts";

test("whatever stands in a hole becomes text: no element, no attribute, no hidden character", () => {
  const page = markup`<p title="${'"><script>x</script>'}">${"<img src=x onerror=y>\u202e\u0007"}${["a", markup`<b>b</b>`]}${false}${undefined}${3}</p>`;
  assert.equal(
    page.text,
    '<p title="&quot;&gt;&lt;script&gt;x&lt;/script&gt;">&lt;img src=x onerror=y&gt;[U+202E][U+0007]a<b>b</b>3</p>',
  );
});

test("no text of any kind leaves its place", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
      const { text: made } = markup`<i>${text}</i>`;
      assert.doesNotMatch(made.slice(3, -4), /[<>"'\p{Cc}\p{Cs}]/u);
    }),
  );
});
