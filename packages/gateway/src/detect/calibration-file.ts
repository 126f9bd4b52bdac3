import { sign, verify, type KeyObject } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import {
  digestOf,
  freeze,
  promptSignals,
  signSnapshot,
  thaw,
  type Calibration,
  type PromptNull,
  type PromptSignal,
} from "@outweigh/extraction";
import { z } from "zod";
import { GatewayError } from "../error.ts";
import { maxVectorLength } from "./encoder.ts";

/** How many times as many benign principals may alarm, by the levels that hold while their model is watched. */
export const watchedTimes = 2;

/** Levels for several accounts tested together: those of one are too low for them, because more queries show more. */
export interface GroupLevels {
  /** Accounts in each benign group that they were learnt from. */
  readonly members: number;
  readonly levels: Calibration["levels"];
}

/** How a model's numeric queries are judged. */
export interface NumericCalibration {
  readonly kind: "numeric";
  readonly single: Calibration;
  /** By rising number of members. */
  readonly groups: readonly GroupLevels[];
}

/** How a model's prompts are judged: the level that each signal passes for a benign principal with at most its share. */
export interface PromptCalibration {
  readonly kind: "prompts";
  /** The encoder whose vectors it was learnt from, and their mean; absent: the hashed vectors. */
  readonly encoder?: { readonly digest: string; readonly centre: readonly number[] } | undefined;
  /** Prompts after which a path starts anew; absent in files of earlier versions: never. */
  readonly horizon?: number | undefined;
  readonly rates: PromptNull;
  readonly levels: PromptLevels;
  /** The same while the model is watched, at a higher share; absent in files of earlier versions: then its levels stay. */
  readonly watched?: PromptLevels | undefined;
  /** By rising number of members; absent or empty: groups are not tested. */
  readonly groups?: readonly { readonly members: number; readonly levels: PromptLevels }[] | undefined;
  /** Highest values of the principals that stayed below every level, by signal: what drift is told by. */
  readonly peaks?: readonly (readonly number[])[] | undefined;
}

export type PromptLevels = Readonly<Partial<Record<PromptSignal, { readonly level: number; readonly alpha: number }>>>;

const rate = z.object({ num: z.int(), den: z.int() });
const level = z.object({ level: z.number(), alpha: rate, principals: z.int() }).optional();
const groupsFile = z.strictObject({
  format: z.literal("outweigh-groups/1"),
  /** SHA-256 of the calibration that they belong to. */
  of: z.string(),
  groups: z.array(
    z.object({ members: z.int().min(2), levels: z.object({ strangeness: level, progress: level, lines: level }) }),
  ),
});
const promptLevels = z.partialRecord(z.enum(promptSignals), z.object({ level: z.number(), alpha: z.number() }));
const promptsFile = z.strictObject({
  format: z.literal("outweigh-prompts/1"),
  encoder: z
    .strictObject({
      digest: z.string().regex(/^[0-9a-f]{64}$/),
      centre: z.array(z.number()).min(2).max(maxVectorLength),
    })
    .optional(),
  rates: z.object({ elicitation: z.number(), grading: z.number() }),
  levels: promptLevels,
  watched: promptLevels.optional(),
  horizon: z.int().min(1).optional(),
  groups: z
    .array(z.strictObject({ members: z.int().min(2), levels: promptLevels }))
    .max(16)
    .optional(),
  peaks: z.array(z.array(z.number())).length(promptSignals.length).optional(),
});

/**
 * Writes a calibration for a gateway, signed with that gateway's key: who can replace a calibration can blind a detector.
 * @param file Where; `FILE.sig`, `FILE.groups` and `FILE.groups.sig` come beside it.
 */
export function writeCalibration(
  file: string,
  { single, groups }: Omit<NumericCalibration, "kind">,
  key: KeyObject,
): void {
  const frozen = freeze(single);
  const text = Buffer.from(
    JSON.stringify({
      format: "outweigh-groups/1",
      of: digestOf(frozen),
      groups: [...groups].sort((a, b) => a.members - b.members),
    }),
  );
  writeFileSync(file, frozen, { mode: 0o600 });
  writeFileSync(`${file}.sig`, signSnapshot(frozen, key), { mode: 0o600 });
  writeFileSync(`${file}.groups`, text, { mode: 0o600 });
  writeFileSync(`${file}.groups.sig`, sign(null, text, key), { mode: 0o600 });
}

/** The same for prompts. */
export function writePromptCalibration(
  file: string,
  calibration: Omit<PromptCalibration, "kind">,
  key: KeyObject,
): void {
  const text = Buffer.from(JSON.stringify({ format: "outweigh-prompts/1", ...calibration }));
  writeFileSync(file, text, { mode: 0o600 });
  writeFileSync(`${file}.sig`, sign(null, text, key), { mode: 0o600 });
}

/**
 * Reads a calibration of either kind.
 * @param encoder Digest of the encoder that prompts go through; undefined: none.
 * @throws {GatewayError} BAD_CALIBRATION when it is missing, damaged, signed by another key or learnt from another encoder's vectors.
 */
export function readCalibration(
  file: string,
  key: KeyObject,
  encoder?: string,
): NumericCalibration | PromptCalibration {
  try {
    const bytes = readFileSync(file);
    const signature = readFileSync(`${file}.sig`);
    if (bytes.subarray(0, 64).includes("outweigh-prompts/1")) {
      const { format: _, ...read } = promptsFile.parse(signedJson(bytes, signature, key));
      if (read.encoder?.digest !== encoder)
        throw new Error(
          `it was learnt from ${namedEncoder(read.encoder?.digest)}, and prompts here go through ${namedEncoder(encoder)}`,
        );
      return { kind: "prompts", ...read };
    }
    const single = thaw(bytes, signature, key);
    const groups = groupsFile.parse(
      signedJson(readFileSync(`${file}.groups`), readFileSync(`${file}.groups.sig`), key),
    );
    if (groups.of !== digestOf(bytes)) throw new Error("the group levels belong to another calibration");
    return {
      kind: "numeric",
      single,
      groups: groups.groups.map(({ members, levels }) => ({ members, levels: levelsOf(levels) })),
    };
  } catch (cause) {
    throw new GatewayError("BAD_CALIBRATION", `${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

function namedEncoder(digest: string | undefined): string {
  return digest === undefined ? "hashed vectors" : `the encoder ${digest.slice(0, 12)}`;
}

function levelsOf({
  strangeness,
  progress,
  lines,
}: z.infer<typeof groupsFile>["groups"][number]["levels"]): Calibration["levels"] {
  return { strangeness, progress, lines };
}

function signedJson(bytes: Buffer, signature: Buffer, key: KeyObject): unknown {
  if (!verify(null, bytes, key, signature)) throw new Error("the signature is not this gateway's");
  return JSON.parse(bytes.toString());
}
