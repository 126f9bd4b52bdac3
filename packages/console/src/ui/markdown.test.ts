import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseMarkdown, type Block } from "./markdown.ts";

const textOf = (blocks: Block[]) =>
  blocks
    .flatMap((it) =>
      it.kind === "code" ? [it.text] : (it.kind === "list" ? it.items.flat() : it.spans).map((span) => span.text),
    )
    .join(" ");

test("reads paragraphs, lists and code", () => {
  const blocks = parseMarkdown("One\nline.\n\n1. First\n   goes on\n2. Second\n\n- a\n\n```\noutweigh scan\n```");
  assert.deepEqual(
    blocks.map((it) => it.kind),
    ["paragraph", "list", "list", "code"],
  );
  assert.deepEqual(blocks[0], { kind: "paragraph", spans: [{ kind: "text", text: "One line." }] });
  assert.equal(blocks[1]?.kind === "list" && blocks[1].items[0]?.[0]?.text, "First goes on");
});

test("reads code, emphasis and links within a line", () => {
  const [block] = parseMarkdown("Run `outweigh check` **now** or *later*, see [rules](/rules).");
  assert.ok(block?.kind === "paragraph");
  assert.deepEqual(
    block.spans.map((it) => it.kind),
    ["text", "code", "text", "strong", "text", "emphasis", "text", "link", "text"],
  );
});

test("a link to anything but https or a page of ours stays text", () => {
  for (const to of ["javascript:alert(1)", "//evil.example", "http://a.example", "data:text/html,x", "JAVASCRIPT:x"]) {
    const [block] = parseMarkdown(`[click](${to})`);
    assert.ok(block?.kind === "paragraph");
    assert.deepEqual(
      block.spans.filter((it) => it.kind === "link"),
      [],
      to,
    );
  }
});

test("HTML is text", () => {
  assert.equal(textOf(parseMarkdown("<img src=x onerror=alert(1)>")), "<img src=x onerror=alert(1)>");
});

test("ends, and keeps every word, whatever the text", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("word", "- a", "1. b", "```", "", "`x`", "**y**", "  in")), (lines) => {
      const told = textOf(parseMarkdown(lines.join("\n")));
      assert.equal(told.match(/word/g)?.length ?? 0, lines.filter((it) => it === "word").length);
    }),
  );
});
