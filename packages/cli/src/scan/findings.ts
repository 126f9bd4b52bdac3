import type { ScannedCopy, ScannedModel, ScanReport } from "@outweigh/schema";

/** Classes whose weights anybody may have: their copies concern nobody. */
const free = new Set(["public", "base"]);

/** A model that its owner must account for. */
export function isProtected({ name, class: kind }: ScannedModel): boolean {
  return name !== undefined && !free.has(kind ?? "");
}

/** A copy of a protected model where the register declares none. */
export function isUndeclared(model: ScannedModel, copy: ScannedCopy): boolean {
  return isProtected(model) && copy.declared === false;
}

/** The registered model that a found one comes from, by its fingerprint; undefined if none. */
export function originOf({ verdict }: ScannedModel): string | undefined {
  return typeof verdict?.model === "string" ? verdict.model : undefined;
}

/** Whether a person should look: an undeclared copy of a protected model, what comes from one, or a way to take one. */
export function isFinding({ models, paths }: ScanReport): boolean {
  return (
    paths.length > 0 ||
    models.some((it) => originOf(it) !== undefined) ||
    models.some((model) => model.copies.some((copy) => isUndeclared(model, copy)))
  );
}
