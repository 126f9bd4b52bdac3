// How far something was read, as stored between runs.
import { z } from "zod";

/** Where the cutting into records stands; see `SplitterState` of the pipeline. */
export const splitterState = z.object({
  offset: z.int().nonnegative(),
  mode: z.enum([
    "records",
    "elements",
    "elements-in-object",
    "tail",
    "skip-line",
    "skip-element",
    "skip-element-in-object",
  ]),
  taken: z.array(z.int().nonnegative()).max(10_000).optional(),
});

/** Which file it is: names change when logs are rotated, these do not. */
export const filePosition = z.object({
  /** The watched path that it belongs to, as configured. */
  path: z.string(),
  /** Names it in the ids of its events: never changes, and is the same when it is found again before it was stored. */
  name: z.string(),
  dev: z.number(),
  ino: z.number(),
  /** Compressed with gzip. */
  packed: z.boolean(),
  /** Counts how often the file was emptied and begun anew. */
  generation: z.int(),
  /** SHA-256 of its first `headBytes` bytes: a new file may get an old one's inode. */
  head: z.string(),
  headBytes: z.int(),
  /** Where reading goes on, in the unpacked stream. */
  state: splitterState,
  /** Bytes on disk when it was read last. */
  size: z.int(),
  /** When it was last written, in ms. */
  writtenAt: z.number(),
  /** Nothing more is expected of it: a packed file that was read whole. */
  done: z.boolean(),
});
export type FilePosition = z.infer<typeof filePosition>;

/** Since when a path is watched, in ms: older ones of a log's rotated files are history that nobody asked for. */
export const watchedSince = z.object({ since: z.number() });
