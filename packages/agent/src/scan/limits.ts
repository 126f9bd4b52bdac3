// What bounds a scan, each with the reason for the number. Disks are written by people who may not want to be found.

/** How long one walk job runs before it hands back what is left, in ms: short enough for progress and for sharing out. */
export const walkSliceMs = 40;

/** Most folders handed to a worker at once, so that the other worker has something to do. */
export const foldersPerJob = 64;

/** Most files that look like models and are kept for reading. A file system of a model hub has some ten thousand. */
export const maxCandidates = 200_000;

/** Most names of one folder that are searched for the pieces of a split file. */
export const maxNamesPerFolder = 100_000;

/** Most symbolic links of model caches that are remembered to give blobs their names. */
export const maxAliases = 100_000;

/** Most tensors kept for the report: about 300 bytes each, so at most 300 MB. Files beyond are named as not seen. */
export const maxTensorsHeld = 1_000_000;

/** Bytes of weights that a scan hashes unless it is told to hash all: a minute from a disk, ten seconds from memory. */
export const autoHashBytes = 16 * 1024 ** 3;

/** Bytes that a scan unpacks to look into archives unless it is told to hash all: half a minute of one core. */
export const autoUnpackBytes = 8 * 1024 ** 3;

/** Most bytes unpacked to look into one of them, so that one large image does not take it all. */
export const maxUnpackBytesEach = 1024 ** 3;

/** Files in archives that unpack to less are passed over by then: class files and scripts, by the hundred thousand. */
export const leastMemberBytes = 4096;

/** A file of which less than this part is on disk is full of holes: hashing it would read zeros for hours. */
export const minAllocatedShare = 1 / 8;

/** Files with holes are hashed all the same up to this size, in bytes: that takes a second. */
export const maxSparseBytes = 1024 ** 3;

/** Time without any sign of a worker after which its file is given up, in ms. A disk that hangs gives none. */
export const maxSilenceMs = 120_000;

/** Heap of one worker, in MB. What needs more is named, not read: a hostile file shall not take the host's memory. */
export const workerHeapMb = 256;

/** Its young part, in MB: small, so that read pieces are let go soon instead of waiting for each other. */
export const workerYoungMb = 2;

/** Most examples that the report names for one reason of not seeing. */
export const maxExamples = 3;

/** Longest `/etc/passwd`, `/etc/group`, `/proc/net/tcp` or mount table read, in bytes. */
export const maxTableBytes = 16 * 1024 * 1024;

/** Most local accounts checked against the permissions of a copy. More come from a directory service, and are said. */
export const maxAccounts = 5_000;

/** Most processes, and open files of one, that are looked at to find who listens. */
export const maxProcesses = 50_000;
export const maxDescriptors = 20_000;

/** Longest command line read of a process, in bytes. It decides which product it is; it never enters the report. */
export const maxCommandBytes = 64 * 1024;

/** Where quarantine puts files of a disk that is not that of our data. */
export const quarantineFolder = ".outweigh-quarantine";

/** Most paths, and bytes of them, of which extended attributes are asked for at a time: a process is started for each such batch. */
export const maxAttributePaths = 10_000;
export const maxAttributeBytes = 4 * 1024 * 1024;

/** Longest answer to one batch, in bytes: an access list may be 64 KiB, and most files have none. Beyond, nothing is known of the batch. */
export const maxAttributesEach = 64 * 1024 * 1024;

/** Longest that one batch may take, in ms: a thousand times what it takes on a disk that answers. */
export const maxAttributeMs = 30_000;
