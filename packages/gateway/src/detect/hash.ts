import { hash } from "node:crypto";
import type { TextKey } from "@outweigh/extraction";

/** A short keyed name of a text, for telling texts apart without keeping them: without the key no guess of the text can be checked. */
export function hashOf(text: string, { a, b }: TextKey): string {
  return hash("sha256", `${a} ${b} ${text}`, "hex").slice(0, 24);
}
