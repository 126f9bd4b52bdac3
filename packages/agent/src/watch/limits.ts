// What bounds the watch of a host, each with the reason for the number. Processes are started by people who may not want to be seen.

/** Most processes that are kept in mind. Linux allows four million; a host that runs this many is not one for serving models. */
export const maxProcesses = 20_000;

/** Most open files of one process that are looked at in one go: about a millisecond for a thousand. */
export const maxDescriptors = 4096;

/** Longest file of `/proc` that is read, in bytes: a command line may be two megabytes, and its first arguments say what it is. */
export const maxProcBytes = 256 * 1024;

/** Most files that are watched: the weights of a hub, and what is made from them. */
export const maxWatched = 100_000;

/** Most files made from weights that are remembered for one process: a split into smaller pieces than this says so by the first. */
export const maxMadePerProcess = 1000;

/** A process that ended is remembered this long, in ms: its files may be renamed or sent by the next one in the pipe. */
export const rememberEndedMs = 60_000;

/** Share of the weights' size that a process must have written before its files count as made from them: logs and metrics stay below. */
export const madeShare = 1 / 20;

/** And the least it must have written, in bytes: below are logs, locks and traces. */
export const madeBytes = 64 * 1024;

/** Longest path of a parent's program that is told, in UTF-16 units: sixteen of them, every character escaped, leave room in a line. */
export const maxParentPath = 512;

/** Most bytes that a file is said to have: what a number holds exactly. A sparse file may claim a thousand times as much. */
export const maxFileBytes = Number.MAX_SAFE_INTEGER;

/** Most pods of a host whose names are read. Kubernetes recommends 110. */
export const maxPods = 10_000;

/** Most connections whose bytes are counted at a time: the helper's own limit. Of those beyond, only that they were opened is told. */
export const maxFollowed = 1024;

/** Most destinations of one process whose bytes are kept apart. */
export const maxPeersCounted = 1000;

/** The least that a process has sent before its bytes are told while it goes on, in bytes: requests and signs of life are less. */
export const leastSent = 64 * 1024;

/** Longest frame of the helper, in bytes: a process with its arguments, its cgroup and all its parents, or a path. */
export const maxFrameBytes = 32 * 1024;

/** Most tables of mounts of other namespaces that are kept at a time: a container each, some hundred KiB at most. */
export const maxForeignTables = 64;

/** Most bytes of one that are read: a container's has some ten thousand, and whoever mounts for himself decides how long his takes us. */
export const maxForeignBytes = 1024 * 1024;

/** Most helpers beside the first, each for file systems that were mounted after it started: of those beyond, only looks tell.
 * As many again for file systems that one process alone has mounted: whoever makes those takes no place from a stick. */
export const maxMoreHelpers = 8;

/** Most bytes of mount points that one helper is started with: Linux starts no program with more than 2 MiB, where stacks are as usual. */
export const maxPointBytes = 1024 * 1024;
