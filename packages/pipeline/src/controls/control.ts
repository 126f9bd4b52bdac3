import { sourceKinds, theftKind } from "@outweigh/schema";
import { parse } from "yaml";
import { z } from "zod";
import { PipelineError } from "../error.ts";

/** Longest text of a control, in UTF-16 units: it is a page. */
const maxControlLength = 64 * 1024;

/** The life of a model, in its order. */
export const stages = ["collect", "train", "register", "store", "build", "deploy", "serve", "retire"] as const;
export type Stage = (typeof stages)[number];

/** Schemes of places in which weights are kept: a control may concern only models that have such a place. */
const scheme = z.enum([
  "file",
  "s3",
  "gs",
  "az",
  "mlflow",
  "hf",
  "oci",
  "http",
  "git",
  "wandb",
  "databricks",
  "vertex",
  "k8s",
  "llm",
]);

/** What is tested. Each kind of test says itself when it cannot tell: nothing passes because there is no data. */
const check = z.discriminatedUnion("test", [
  /** No theft path of these kinds, where each of them was looked for everywhere. */
  z.strictObject({ test: z.literal("no-path"), kinds: z.array(theftKind).min(1) }),
  /** No copy of a protected model outside its declared places. */
  z.strictObject({ test: z.literal("declared") }),
  /** No copy in one of these formats. */
  z.strictObject({ test: z.literal("no-format"), formats: z.array(z.string()).min(1) }),
  /** Every protected model of the register says this. */
  z.strictObject({ test: z.literal("registered"), says: z.enum(["digest", "owner", "readers", "files"]) }),
  /** Every host was scanned within so many days. */
  z.strictObject({ test: z.literal("scanned"), days: z.int().positive() }),
  /** A source of one of these kinds sends. */
  z.strictObject({ test: z.literal("source"), kinds: z.array(z.enum(sourceKinds)).min(1) }),
  /** These rules or detectors are in use. */
  z.strictObject({ test: z.literal("rules"), names: z.array(z.string()).min(1) }),
  /** An agent reports from every host on which copies lie. */
  z.strictObject({ test: z.literal("agents") }),
  /** A decoy is registered. */
  z.strictObject({ test: z.literal("decoy") }),
]);
export type Check = z.infer<typeof check>;

export const control = z.strictObject({
  /** The stem of its file. */
  name: z.string().regex(/^[a-z][a-z0-9_]{2,63}$/, "expected small letters, digits and underscores"),
  title: z.string().min(10).max(120),
  stage: z.enum(stages),
  /** What it protects by: the model's own bytes, or the systems around them. */
  plane: z.enum(["model", "system"]),
  about: z.string().min(20).max(1000),
  /** Mitigations of ATLAS that it carries out, at least in part. */
  mitigations: z.array(z.string().regex(/^AML\.M\d{4}$/, "expected an id such as AML.M0005")),
  /** It concerns models with a place of one of these schemes. Absent: all. */
  concerns: z.array(scheme).optional(),
  check,
  /** What a person does when it fails, where no theft path names the command. */
  fix: z.string().min(1).max(500),
  blindspots: z.array(z.string().min(1)).min(1),
});
export type Control = z.infer<typeof control>;

/** Reads one control. @param stem The stem of its file, which is its name. @throws {PipelineError} BAD_CONTROL */
export function readControl(stem: string, text: string): Control {
  const bad = (why: string, cause?: unknown) => new PipelineError("BAD_CONTROL", `${stem}: ${why}`, { cause });
  if (text.length > maxControlLength) throw bad(`${text.length} characters, at most ${maxControlLength} are read`);
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch (cause) {
    throw bad(`not YAML: ${cause instanceof Error ? cause.message : "unknown"}`, cause);
  }
  const read = control.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw bad(`${issue?.path.join(".") || "control"}: ${issue?.message ?? "not a control"}`);
  }
  if (read.data.name !== stem) throw bad(`its name is ${read.data.name}, not that of its file`);
  return read.data;
}
