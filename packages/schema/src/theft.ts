import { z } from "zod";

/** What a theft does to a model: takes it out of custody, makes a new copy inside, or rebuilds its function from outputs. */
export const act = z.enum(["obtain", "copy", "replicate"]);
export type Act = z.infer<typeof act>;

/** How a model is stolen: the six methods, one word each. */
export const methods = [
  "repositories",
  "artifacts",
  "credentials",
  "queries",
  "exposed-storage",
  "weak-access",
] as const;
export const method = z.enum(methods);
export type Method = z.infer<typeof method>;

/** A technique of MITRE ATLAS (`AML.T0025`) or ATT&CK (`T1530`). */
export const technique = z.string().regex(/^(AML\.)?T\d{4}(\.\d{3})?$/, "expected an id such as AML.T0025 or T1530");
