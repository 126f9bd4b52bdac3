import type { EntityKind } from "@outweigh/schema";

/** What people call them. */
export const kindWords: Readonly<Record<EntityKind, string>> = {
  principal: "Principal",
  address: "Address",
  credential: "Key",
  place: "Place",
};
