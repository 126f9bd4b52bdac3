/** Deepest nesting of what has a canonical text: the stack holds far more than this. */
export const maxDepth = 64;

/** Deepest nesting of one field's value: events nest eight deep, and a pack's line wraps a value in four objects more. */
export const maxValueDepth = 56;

/** Largest pack we read, in bytes: 100,000 events of 1 kB, or one model's life. */
export const maxPackBytes = 128 * 1024 * 1024;

/** Most lines in a pack: as many as `maxPackBytes` could hold of real ones. */
export const maxPackLines = 250_000;

/** Most problems that are listed: whoever sees a hundred knows enough. */
export const maxProblems = 100;

/** Longest proof in hashes: a tree of 2^53 leaves is 53 high; a consistency proof has one more. */
export const maxProofHashes = 54;

/** Most keys that a pack names: one for each rotation of the signing key. */
export const maxKeys = 100;

/** Most bytes of an entry's canonical fields: a list of 15,000 digests. */
export const maxEntryBytes = 1024 * 1024;
