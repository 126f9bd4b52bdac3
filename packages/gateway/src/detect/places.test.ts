// Who loses what is remembered when there is no more room: never whoever holds little, whatever others ask.
import assert from "node:assert/strict";
import { test } from "node:test";
import { textKey, TextReader } from "@outweigh/extraction";
import { gatewayModel } from "@outweigh/schema";
import fc from "fast-check";
import { Places, Room } from "./places.ts";
import { promptRooms, PromptWatch } from "./prompt-watch.ts";

test("whoever holds no more than its share of a room never loses anything, and the room is never more than full", () => {
  const asks = fc.array(fc.record({ slot: fc.nat(4), model: fc.nat(9) }), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 5, max: 20 }), asks, (most, all) => {
      const room = new Room(most);
      const models = Array.from({ length: 10 }, () => new Places<object>(room));
      const share = Math.floor(most / 5);
      for (const { slot, model } of all) {
        const before = models.flatMap((it, i) => [...it.keys()].map((of) => ({ i, of, it: it.get(of) })));
        models[model]?.use(slot, () => ({}));
        for (const { i, of, it } of before) {
          const held = before.filter((one) => one.of === of).length;
          if (held <= share && of !== slot) assert.equal(models[i]?.get(of), it);
        }
        assert.ok(models.reduce((sum, it) => sum + [...it.keys()].length, 0) <= most);
        assert.notEqual(models[model]?.get(slot), undefined);
      }
    }),
  );
});

test("with one place each, the one that asked longest ago gives way, and begins anew", () => {
  const places = new Places<number>(new Room(2));
  for (const slot of [1, 2, 1, 3]) places.use(slot, () => slot);
  assert.deepEqual([...places.keys()], [1, 3]);
});

test("whatever models clients invent, what is learnt of them at a configured model stays, and of whoever invents little too", () => {
  const reader = new TextReader(textKey(Buffer.from("a test's secret")));
  const rooms = promptRooms();
  const named = (name: string, of?: typeof rooms) =>
    new PromptWatch(gatewayModel.parse({ name }), undefined, reader, undefined, of);
  const names = { nameOf: String, slotOf: Number };
  const own = named("configured");
  const honest = named("another", rooms);
  const ask = (watch: PromptWatch, slot: number, time: number) =>
    watch.step({ slot, origin: 0, time }, { text: "hello" });
  for (let slot = 0; slot < 16; slot++) ask(own, slot, 1);
  ask(honest, 99, 1);
  // 16 keys, 257 names: more than there is room for.
  for (let i = 0; i < 257; i++) {
    const watch = named(`invented-${i}`, rooms);
    for (let slot = 0; slot < 16; slot++) ask(watch, slot, 2 + i);
  }
  assert.equal(ask(own, 0, 500).reading.queries, 2);
  assert.equal(own.keep(names).filter((it) => it.kind === "prompts").length, 16);
  assert.equal(ask(honest, 99, 500).reading.queries, 2);
});
