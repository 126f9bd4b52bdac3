import { z } from "zod";
import { asked, maxAsked } from "./cloud.ts";

/** `yes`/`no` as read; `unknown` when it could not be told. Unknown never counts as no. */
const known = z.union([z.boolean(), z.literal("unknown")]);

/** How a fact was found: read from the system, or concluded from what was read. */
export const basis = z.enum(["verified", "inferred"]);

/** One instance of a model's weights. */
export const scannedCopy = z.object({
  path: z.string(),
  /** The archive or image that holds it, if any. */
  container: z.string().optional(),
  format: z.string(),
  bytes: z.int().nonnegative(),
  sha256: z.string().optional(),
  /** Names the weights, whatever the container, order or file names. */
  digest: z.string(),
  complete: z.boolean(),
  missing: z.array(z.string()).optional(),
  /** Local users and groups other than the owner who can read it: `other`, `group:<name>`, `user:<name>`. */
  readableBy: z.array(z.string()),
  /** In a place that the register declares for this model. Absent when the model is not in the register. */
  declared: z.boolean().optional(),
  /** The files that make it up, when more than one. */
  files: z.array(z.object({ path: z.string(), bytes: z.int().nonnegative() })).optional(),
  /** What a person should know about the file itself: code in a pickle, missing siblings. */
  findings: z.array(z.string()).optional(),
});
export type ScannedCopy = z.infer<typeof scannedCopy>;

const scannedModel = z.object({
  id: z.string(),
  /** Its name in the register, when a fingerprint there is the same. */
  name: z.string().optional(),
  class: z.string().optional(),
  digest: z.string(),
  bytes: z.int().nonnegative(),
  tensors: z.int().nonnegative(),
  formats: z.array(z.string()),
  verdict: z.looseObject({ relation: z.string() }).optional(),
  copies: z.array(scannedCopy).min(1),
});
export type ScannedModel = z.infer<typeof scannedModel>;

export const listener = z.object({
  address: z.string(),
  port: z.int(),
  process: z.string().optional(),
  product: z.string().optional(),
  authenticated: known,
  basis,
});
export type Listener = z.infer<typeof listener>;

/** What lets a model be taken: one word for each weakness. */
export const theftKinds = [
  "file-mode",
  "group-read",
  "access-list",
  "docker-socket",
  "setuid",
  "file-capability",
  "sudo",
  "container-mount",
  "container-rights",
  "listener",
  "nfs-export",
  "share",
  "web-folder",
  "token-on-disk",
  "signed-link",
  "bucket-public",
  "iam-grant",
  "iam-unused",
  "cluster-grant",
  "cluster-mount",
  "repository-public",
  "ci-job",
] as const;
export const theftKind = z.enum(theftKinds);
export type TheftKind = z.infer<typeof theftKind>;

/** How hard a step is: at hand, a known trick, something must be looked for, something must be broken. */
const effort = z.enum(["hand", "trick", "look", "break"]);
export type Effort = z.infer<typeof effort>;

export const theftPath = z.object({
  model: z.string(),
  /** Absent in reports of versions that did not say it. */
  kind: theftKind.optional(),
  steps: z.array(
    z.object({
      from: z.string(),
      to: z.string(),
      how: z.string(),
      basis,
      proof: z.string().optional(),
      effort: effort.optional(),
    }),
  ),
  /** Minutes it takes, by the simple model of docs/guide/posture.md. It puts paths in order and promises nothing. */
  minutes: z.int().positive().optional(),
  /** One command that closes it. */
  fix: z.string().optional(),
});
export type TheftPath = z.infer<typeof theftPath>;

/** Whether a weakness was looked for everywhere it could be. Nothing found where this is not complete is no "no". */
export const looked = z.object({ kind: theftKind, complete: z.boolean(), why: z.string().optional() });
export type Looked = z.infer<typeof looked>;

/** A token for a place of models that lies on the disk: its shape, never itself. */
const foundToken = z.object({
  path: z.string(),
  /** What it opens: the scheme of a place, such as `hf` or `s3`. */
  opens: z.string(),
  /** What it is and may, as far as its shape says: "a token of Hugging Face; what it may do cannot be told offline". */
  scope: z.string(),
  readableBy: z.array(z.string()),
});
export type FoundToken = z.infer<typeof foundToken>;

/** What one scan of a host found, and what it could not see: the object that `outweigh scan --json` prints. */
export const scanReport = z.object({
  version: z.string(),
  host: z.string().optional(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  roots: z.array(z.string()),
  filesSeen: z.int().nonnegative(),
  bytesRead: z.int().nonnegative(),
  models: z.array(scannedModel),
  listeners: z.array(listener),
  /** The quickest first. */
  paths: z.array(theftPath),
  /** What was looked for on the way to `paths`. Absent in reports of versions that did not say it. */
  looked: z.array(looked).optional(),
  tokens: z.array(foundToken).optional(),
  /** What was asked of clouds, where `clouds` in outweigh.yml say so. */
  asked: z.array(asked).max(maxAsked).optional(),
  /** Files that began like a model or like something that holds models. */
  candidates: z.int().nonnegative().optional(),
  /** Archives that were opened, and how many of them were not looked into to their end to save time. */
  archives: z.object({ lookedInto: z.int().nonnegative(), leftOut: z.int().nonnegative() }).optional(),
  /** `code` and `count` stand where something was left out to save time, rather than beyond reach. */
  notSeen: z.array(
    z.object({ what: z.string(), why: z.string(), code: z.string().optional(), count: z.int().positive().optional() }),
  ),
});
export type ScanReport = z.infer<typeof scanReport>;
