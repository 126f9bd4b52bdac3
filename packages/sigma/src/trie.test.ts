import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { buildTrie, scanAnywhere, scanEnd, scanStart, turnRound, type Needle } from "./trie.ts";

const text = fc.string({ unit: fc.constantFrom("a", "b", "c", "é", "😀"), maxLength: 5 });
const needle = text.filter((it) => it !== "");

test("finds every text that is there, and short ones only where they are", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(needle, { maxLength: 12 }),
      fc.string({ unit: fc.constantFrom("a", "b", "c", "é", "x"), maxLength: 12 }),
      (texts, value) => {
        const list = texts.map((it, place): Needle => [it, [place]]);
        const turned = list.map(([it, places]): Needle => [turnRound(it), places]);
        const seen = (scan: typeof scanStart, from: "start" | "anywhere", needles: Needle[]): string[] => {
          const places = new Set<number>();
          scan(buildTrie(needles, from), value, (it) => it.forEach((place) => places.add(place)));
          return texts.filter((_, place) => places.has(place));
        };
        assert.deepEqual(
          seen(scanAnywhere, "anywhere", list),
          texts.filter((it) => value.includes(it)),
        );
        assert.deepEqual(
          seen(scanStart, "start", list),
          texts.filter((it) => value.startsWith(it)),
        );
        assert.deepEqual(
          seen(scanEnd, "start", turned),
          texts.filter((it) => value.endsWith(it)),
        );
      },
    ),
    { numRuns: 1000 },
  );
});

test("cuts texts short rather than grow beyond its bounds, and then still misses none", () => {
  const texts = Array.from(
    { length: 20_000 },
    (_, it) => `${(it * 7919).toString(36)}-${(it * 104_729).toString(36)}!?`,
  );
  const trie = buildTrie(
    texts.map((it, place): Needle => [it, [place]]),
    "anywhere",
  );
  assert.ok(trie.next.length <= 4 * 1024 * 1024);
  const found: number[] = [];
  scanAnywhere(trie, `--${texts[12_345]}--`, (it) => found.push(...it));
  assert.ok(found.includes(12_345));
});
