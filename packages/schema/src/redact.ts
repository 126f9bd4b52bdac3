// Packs for somebody who shall not see everything.
import { z } from "zod";

/** What of a pack its receiver may not be shown; see docs/guide/evidence.md. */
export const redactKind = z.enum(["principal", "person", "address", "path", "text", "record"]);
export type RedactKind = z.infer<typeof redactKind>;

/** `?redact=principal,address` */
export const packQuery = z.object({
  redact: z
    .string()
    .max(200)
    .transform((it) => [...new Set(it.split(",").filter((one) => one !== ""))])
    .pipe(z.array(redactKind))
    .optional(),
});

/** What the receiver of a pack would see. */
export const packPreview = z.object({
  /** The first of them. */
  documents: z.array(
    z.object({
      kind: z.string(),
      id: z.string(),
      shown: z.array(z.object({ name: z.string(), value: z.string() })),
      redacted: z.array(z.string()),
    }),
  ),
  total: z.int(),
  entries: z.int(),
  /** Members of documents that are shown; members of documents and entries that are not; entries that are left out whole. */
  shown: z.int(),
  redacted: z.int(),
  leftOut: z.int(),
  limits: z.array(z.string()),
});
export type PackPreview = z.infer<typeof packPreview>;

/**
 * The time in ms that a member of a previewed document holds, by its name and its value as JSON writes it; undefined for anything else: a
 * count of 13 digits is none.
 */
export function timeIn(name: string, json: string): number | undefined {
  return /^(time|since|until|.*At)$/.test(name) && /^\d{12,13}$/.test(json) ? Number(json) : undefined;
}
