import assert from "node:assert/strict";
import { test } from "node:test";
import { isAdapter } from "./adapter.ts";

const named = (...names: string[]) => names.map((name) => ({ name }));

test("knows the names that trainers give to low-rank factors", () => {
  assert.ok(
    isAdapter(
      named("base_model.model.layers.0.q_proj.lora_A.weight", "base_model.model.layers.0.q_proj.lora_B.weight"),
    ),
  );
  assert.ok(
    isAdapter(
      named("lora_unet_down_blocks_0.lora_up.weight", "lora_unet_down_blocks_0.alpha", "lora_te1_x.lora_down.weight"),
    ),
  );
});

test("a model with one odd name is none, nor is an empty file", () => {
  assert.equal(isAdapter(named("model.lora_A.weight", "b", "c")), false);
  assert.equal(isAdapter(named("explora_A", "flora_up")), false);
  assert.equal(isAdapter([]), false);
});
