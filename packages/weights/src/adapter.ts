import type { Tensor } from "./tensor.ts";

/** How LoRA trainers name the two factors: peft, kohya, diffusers. */
const factor =
  /(^|[._])lora_(A|B|up|down|embedding_A|embedding_B|magnitude_vector)([._]|$)|^lora_(unet|te\d?|transformer)_/;

/**
 * Whether a file is a LoRA adapter: most of its tensors are low-rank factors by name. It is a delta to a base model, worth as much
 * as the fine-tune it stands for.
 * Blind spot: an adapter whose tensors were renamed, or merged into its base.
 */
export function isAdapter(tensors: readonly Pick<Tensor, "name">[]): boolean {
  const factors = tensors.filter(({ name }) => factor.test(name)).length;
  return factors > 0 && factors * 2 > tensors.length;
}
