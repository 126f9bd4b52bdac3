import { hash } from "node:crypto";

/** A short name of a text, for telling texts apart without keeping them. Not secret: who can guess the text can check the guess. */
export function hashOf(text: string): string {
  return hash("sha256", text, "hex").slice(0, 24);
}
