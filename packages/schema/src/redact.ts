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
  /** Members of documents that are shown; members of documents and entries that are not; documents that are left out whole. */
  shown: z.int(),
  redacted: z.int(),
  leftOut: z.int(),
  limits: z.array(z.string()),
});
export type PackPreview = z.infer<typeof packPreview>;
