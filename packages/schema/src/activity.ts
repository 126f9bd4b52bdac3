import { z } from "zod";

/** Most parents told of a process: deeper trees are cut at the root's end. */
export const maxParents = 16;
/** Most arguments of a command kept, and most of each in UTF-16 units: enough to read, too little to carry files away. */
export const maxArguments = 32;
export const maxArgument = 256;
/** Longest path told, in UTF-16 units: twice Linux's PATH_MAX would still fit. */
const maxPath = 8192;

const name = z.string().max(maxArgument);
const path = z.string().max(maxPath);
const pid = z.int().nonnegative();

/** A process as the host's kernel shows it. */
const activityProcess = z.strictObject({
  pid,
  /** When it started, in ms since 1970: with `pid` it names a process for good. Absent, like all below, for one that ended unseen. */
  startedAt: z.int().nonnegative().optional(),
  name,
  exe: path.optional(),
  /** Its arguments, with what looks like a secret cut out. */
  command: z.array(name).max(maxArguments),
  uid: z.int().nonnegative().optional(),
  user: name.optional(),
  /** Whom the login was, which stays the same through `su` and `sudo`. Absent for what no login started. */
  login: name.optional(),
  /** The id of its container, from its control group. */
  container: name.optional(),
  /** The pod of Kubernetes, from its control group; what it is called, where the host shows that. */
  pod: z.strictObject({ uid: name, namespace: name.optional(), name: name.optional() }).optional(),
  /** From its parent upwards. */
  parents: z.array(z.strictObject({ pid, name, exe: path.optional() })).max(maxParents),
});
export type ActivityProcess = z.infer<typeof activityProcess>;

/** How a file system leaves its host: with a plug, over a network, or by a program (FUSE) of which that cannot be told. */
export const leavingKind = z.enum(["removable", "network", "unknown"]);

/** A file system that leaves its host, as the kernel's table of mounts has it. */
export const leavingMount = z.strictObject({
  /** Where it is mounted, as whoever wrote there sees it. */
  mount: path,
  kind: leavingKind,
  /** Its type as the kernel names it: `vfat`, `nfs4`, `fuse.sshfs`. */
  type: name,
  /** Its device or other machine, without passwords: `/dev/sdb1`, `server:/export`, `//nas/share`. */
  source: name,
});
export type LeavingMount = z.infer<typeof leavingMount>;

/** What an agent saw happen with a file of weights, or with what was made from one. One line of a host's story. */
export const activityRecord = z.strictObject({
  /** The version of this shape. */
  activity: z.literal(1),
  id: z.string().max(200),
  host: name,
  time: z.int().nonnegative(),
  /** `poll`: from `/proc`, misses what is shorter than its interval. `fanotify`: from the kernel. */
  sensor: z.enum(["poll", "fanotify"]),
  what: z.enum(["open", "write", "rename", "send"]),
  process: activityProcess,
  file: z.strictObject({
    path,
    bytes: z.int().nonnegative(),
    /** The file of weights whose bytes it may hold, if it is not one itself. */
    madeFrom: path.optional(),
  }),
  /** Where it lies now, of a `rename`. */
  renamedTo: path.optional(),
  /**
   * Of a `write`: the file system that the file lies on, if it leaves the host and no file that the process had read lies there too.
   * `path`: where the host itself has that file; absent: nowhere, the writer's mounts are its own.
   */
  onto: leavingMount.extend({ path: path.optional() }).optional(),
  /** Bytes of the file that the process can have read, written or sent at most. */
  atMost: z.int().nonnegative().optional(),
  /**
   * Of a `send`: data that the peer has acknowledged on TCP connections of this process so far, by the kernel's count. Told again as it grows.
   * Absent: nobody counted.
   */
  sent: z.int().nonnegative().optional(),
  peer: z.strictObject({ address: name, port: z.int().min(0).max(65_535) }).optional(),
});
export type ActivityRecord = z.infer<typeof activityRecord>;
