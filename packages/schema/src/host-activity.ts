/** What an agent saw of one host, as people look into it: which processes held weights, what they made, and where it may have gone. */
import { z } from "zod";
import { leavingMount } from "./activity.ts";
import { gap } from "./book.ts";

const time = z.int().nonnegative();
const bytes = z.number().nonnegative();

/** Most files and destinations told of one process: its events have them all. */
export const maxPerProcess = 8;
/** Most processes of one host that are put into a tree: the latest ones. The rest is counted. */
export const maxTreeProcesses = 20_000;

/** A file as one process handled it. */
const handledFile = z.object({
  path: z.string(),
  bytes,
  did: z.enum(["open", "write", "rename"]),
  /** Where it lies since then, of a `rename`. */
  to: z.string().optional(),
  /** The file of weights it was made from. */
  madeFrom: z.string().optional(),
  /** The removable or network file system that it came to lie on: as its agent saw, else by the latest facts of the host. */
  onto: z.string().optional(),
});
export type HandledFile = z.infer<typeof handledFile>;

/** A destination outside the host, with the most of the weights that it can have got. */
const sentTo = z.object({
  address: z.string(),
  port: z.int(),
  atMost: bytes,
  /** Bytes of whatever that the process sent there, as the kernel counted them; absent: nobody did. */
  counted: bytes.optional(),
});

/** One row of a host's process tree, in the order in which the tree is drawn. */
const hostProcess = z.object({
  /** Names it within this answer. */
  key: z.string(),
  pid: z.int(),
  startedAt: time.optional(),
  name: z.string(),
  /** 0 for one without a known parent. */
  depth: z.int().nonnegative(),
  /** Rows below it that belong to it. */
  below: z.int().nonnegative(),
  /** False for one that is known only as a parent: it touched no weights itself, and the fields below are absent or empty. */
  touched: z.boolean(),
  principal: z.string().optional(),
  command: z.string().optional(),
  exe: z.string().optional(),
  container: z.string().optional(),
  /** `ml/serve-0`; its UID where the host does not say what it is called. */
  pod: z.string().optional(),
  models: z.array(z.string()),
  events: z.int().nonnegative(),
  files: z.array(handledFile),
  fileCount: z.int().nonnegative(),
  /** Bytes of the files of weights that it opened: the most that it can have read. */
  readAtMost: bytes,
  sent: z.array(sentTo),
  sentCount: z.int().nonnegative(),
  sentAtMost: bytes,
  firstAt: time.optional(),
  lastAt: time.optional(),
});
export type HostProcess = z.infer<typeof hostProcess>;

export const hostProcessPage = z.object({
  items: z.array(hostProcess),
  total: z.int(),
  next: z.string().optional(),
  /** Processes that are not in the tree because there are more than it takes. */
  left: z.int(),
});

/** What can have left the host for one destination, against the weights that were read. */
const egressRow = z.object({
  /** Of a file system that leaves the host: its source. */
  address: z.string(),
  port: z.int().optional(),
  /** What was written to, where that is no connection. */
  onto: leavingMount.optional(),
  /** The registered model, or else the file of weights. */
  model: z.string().optional(),
  artifact: z.string(),
  /** The most that was sent, counted once for each process. */
  atMost: bytes,
  /** Bytes of whatever that those processes sent there, as the kernel counted them, or the sizes of their files there; absent: of none of them. */
  counted: bytes.optional(),
  /** Processes whose bytes nobody counted. */
  uncounted: z.int().nonnegative(),
  /** Bytes of that model's files that were opened on the host in the same time. */
  readAtMost: bytes,
  /** The model's own size, where it is known. */
  modelBytes: bytes.optional(),
  processes: z.int(),
  firstAt: time,
  lastAt: time,
});
export type EgressRow = z.infer<typeof egressRow>;

/** From when on the host was seen in which way. */
const sight = z.object({ at: time, sensor: z.string() });

export const hostActivity = z.object({
  events: z.int(),
  firstAt: time.optional(),
  lastAt: time.optional(),
  /** When nothing was heard of the host. */
  gaps: z.array(gap),
  sights: z.array(sight),
  /** The largest first. */
  egress: z.array(egressRow),
  /** File systems of the host that leave with a cable or lie on another machine, and when that was read; absent: nobody asked. */
  mounts: z.object({ at: time, rows: z.array(z.object({ path: z.string(), type: z.string() })) }).optional(),
  /** Files made from weights that came to lie there. */
  carried: z.array(handledFile),
});
export type HostActivity = z.infer<typeof hostActivity>;

/** Within which events a host's activity is told: the grammar of hunts. */
export const hostActivityQuery = z.object({ filter: z.string().max(2000).default("") });
