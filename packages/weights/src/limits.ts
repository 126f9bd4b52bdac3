// Every size that a file's author controls has its maximum here, with the reason for the number.

/** How much of a file's beginning decides whether it deserves a second look, in bytes: one page, one read. */
export const headBytes = 4096;

/** Most bytes that `recognise` reads of one file. A disk has half a million files that are no models. */
export const maxRecogniseBytes = 64 * 1024;

/**
 * How far into a tf.js model its weights manifest is looked for, in bytes. Only of files whose head names a topology, so few files of a
 * disk cost more than `maxRecogniseBytes`; topologies of the largest published models have 5 MB.
 */
export const maxTopologyBytes = 16 * 1024 * 1024;

/** Longest safetensors header, in bytes: the reference reader's own maximum. */
export const maxSafetensorsHeaderBytes = 100_000_000;

/** Longest JSON index, manifest or Keras configuration, in bytes: the longest public weight index has 20 MB. */
export const maxJsonBytes = 100_000_000;

/** Most header bytes that one read of a file walks over. Above any real header; bounds the time a hostile one takes. */
export const maxHeaderBytes = 256 * 1024 * 1024;

/** Longest single piece of a header held in memory, in bytes: ten times the longest chat template seen. */
export const maxPieceBytes = 16 * 1024 * 1024;

/** Longest name of a tensor, member or key, in bytes. Real ones stay below 300. */
export const maxNameBytes = 64 * 1024;

/** Most tensors of one file. The largest public mixture of experts has 100,000 in all its shards. */
export const maxTensors = 10_000_000;

/** Most dimensions of a tensor. Frameworks stop at 8 to 64; safetensors sets no maximum. */
export const maxDimensions = 64;

/** Most metadata entries that a reader walks over: tokenizers and training arguments stay below 1,000. */
export const maxMetadataWalked = 100_000;

/** Most metadata entries kept in a `ModelFile`. */
export const maxMetadataEntries = 1000;

/** Longest metadata value kept, in UTF-16 units; the rest is cut. Enough for a licence's name, too short for a prompt log. */
export const maxMetadataLength = 1024;

/** Most elements of a GGUF metadata array. Walking it also costs `maxHeaderBytes`, so this only stops absurd counts early. */
export const maxArrayElements = 64_000_000;

/** Largest GGUF alignment, in bytes. Writers use 32; an unbounded one makes offsets overflow (ggml-org/ggml #1516). */
export const maxAlignment = 1024 * 1024;

/** Deepest nesting of messages, graphs, JSON or Python objects that is followed. Real files stay below 20. */
export const maxDepth = 128;

/** Most operations of one pickle stream. A checkpoint has 30 for each tensor. */
export const maxPickleOperations = 5_000_000;

/** Most objects that a pickle's symbolic machine holds at once: about 250 bytes each, so a quarter of a gigabyte. */
export const maxPickleObjects = 1_000_000;

/** Most findings kept for one file: a hostile file shall not fill the report. */
export const maxFindings = 100;

/** Most bytes of weights kept in memory because a file stores them encoded (protobuf number lists). */
export const maxInlineBytes = 64 * 1024 * 1024;

/** How often a byte of a file may be hashed, on average, before tensors that overlap or repeat storage are left out. */
export const maxDigestPasses = 8;

/** Bytes read at a time while hashing. Two such pieces are in memory: one hashed, one on its way; 4 MiB hash no faster. */
export const digestPieceBytes = 1024 * 1024;

/** Largest block of a strided tensor put into C order in memory at a time, in bytes. */
export const maxGatherBytes = 32 * 1024 * 1024;

/** Most members of one archive: the largest wheel or checkpoint seen has 40,000. */
export const maxMembers = 1_000_000;

/** How deep archives are opened within archives. A model in a zip in a layer in an image is three deep. */
export const maxContainerDepth = 4;

/** Largest ratio of unpacked to packed bytes, beyond `freeExpansionBytes`. Weights shrink to a half at best; bombs begin at 1,000. */
export const maxExpansion = 200;

/** Unpacked bytes of a stream before the ratio counts: small files of zeros are no bombs. */
export const freeExpansionBytes = 64 * 1024 * 1024;

/** Unpacked streams up to this size are kept in memory, so that reading back costs nothing. Four of them fit a scan of 200 MB. */
export const maxKeptBytes = 4 * 1024 * 1024;

/** Members up to this size are unpacked in one go: a stream of its own costs ten times as much as what it unpacks. */
export const maxWholeBytes = 1024 * 1024;

/** How far back a longer unpacked stream can be read without unpacking from its beginning again, in bytes. */
export const keptWindowBytes = 2 * 1024 * 1024;

/** How often a longer stream may be unpacked from its beginning, on average, before reading back is refused. */
export const maxUnpackPasses = 16;

/**
 * Largest window that unpacking may look back over, in bytes: what 7-Zip's highest preset asks for; xz's asks for a quarter. Memory
 * grows with what was unpacked, not with what a header claims.
 */
export const maxDictionaryBytes = 256 * 1024 * 1024;

/** Longest xz, 7z or OCI index that is read into memory, in bytes: 100,000 files with long names. */
export const maxArchiveIndexBytes = 16 * 1024 * 1024;
