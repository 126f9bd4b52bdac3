import assert from "node:assert/strict";
import { test } from "node:test";
import { keysShown, pairMs, press, shortcuts, type Press } from "./keys.ts";

const pressed = (key: string, override: Partial<Press> = {}): Press => ({
  key,
  mod: false,
  alt: false,
  at: 0,
  typing: false,
  ...override,
});

test("a key means its shortcut, and so does its second key", () => {
  assert.deepEqual(press(pressed("j")).ids, ["next"]);
  assert.deepEqual(press(pressed("ArrowDown")).ids, ["next"]);
});

test("waits for the second key of a pair", () => {
  const { ids, waiting } = press(pressed("g"));
  assert.deepEqual(ids, []);
  assert.deepEqual(press(pressed("m", { at: 300 }), waiting).ids, ["go-models"]);
});

test("a second key that comes too late stands alone", () => {
  const { waiting } = press(pressed("g"));
  assert.deepEqual(press(pressed("a", { at: pairMs + 1 }), waiting).ids, ["assign"]);
});

test("a second key that makes no pair stands alone", () => {
  const { waiting } = press(pressed("g"));
  assert.deepEqual(press(pressed("x"), waiting).ids, ["select"]);
});

test("while one types, only Escape and chords are shortcuts", () => {
  assert.deepEqual(press(pressed("a", { typing: true })).ids, []);
  assert.deepEqual(press(pressed("Escape", { typing: true })).ids, ["back"]);
  assert.deepEqual(press(pressed("k", { typing: true, mod: true })).ids, ["palette"]);
});

test("chords of the browser are left to it", () => {
  assert.deepEqual(press(pressed("r", { mod: true })).ids, []);
  assert.deepEqual(press(pressed("e", { alt: true })).ids, []);
});

test("no two shortcuts share keys or an id", () => {
  const keys = shortcuts.flatMap((it) => ("also" in it ? [it.keys, it.also] : [it.keys]));
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(new Set(shortcuts.map((it) => it.id)).size, shortcuts.length);
});

test("no shortcut is the first key of a pair: it would never wait", () => {
  const firsts = new Set<string>(
    shortcuts.filter((it) => it.keys.includes(" ")).map((it) => it.keys.split(" ")[0] ?? ""),
  );
  assert.deepEqual(
    shortcuts.filter((it) => firsts.has(it.keys)),
    [],
  );
});

test("shows keys as people read them", () => {
  assert.deepEqual(keysShown("go-incidents", false), ["G", "I"]);
  assert.deepEqual(keysShown("palette", true), ["⌘K"]);
  assert.deepEqual(keysShown("palette", false), ["Ctrl K"]);
  assert.deepEqual(keysShown("open", false), ["↵"]);
});
