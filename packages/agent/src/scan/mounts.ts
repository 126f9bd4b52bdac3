import { join, relative, sep } from "node:path";

/** One line of `/proc/self/mountinfo`. */
export interface Mount {
  readonly point: string;
  readonly device: string;
  /** Which folder of the file system stands there: another one than `/` for a bind mount. */
  readonly root: string;
  readonly type: string;
  /** Its device, or the other machine: as whoever mounted it wrote it, so a password may stand in it. */
  readonly source: string;
}

/** Where to walk, and what to leave out although it lies there. */
interface WalkPlan {
  readonly start: readonly string[];
  readonly skip: ReadonlyMap<string, string>;
}

/** Kernel interfaces: no disk behind them, and reading some of their files acts. */
const pseudo = new Set(
  (
    "autofs binder binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs functionfs fusectl hugetlbfs " +
    "mqueue nfsd nsfs proc pstore resctrl rpc_pipefs securityfs selinuxfs smackfs sockfs sysfs tracefs"
  ).split(" "),
);

/** Reading these fetches from another machine. */
const remote = new Set(
  "9p afs beegfs ceph cifs coda gfs2 glusterfs lustre ncpfs nfs nfs4 ocfs2 orangefs smb3 smbfs virtiofs".split(" "),
);

/**
 * The mounts of this host, in the order in which they were made: a later one hides an earlier one at the same point.
 * Lines that do not read as the kernel writes them are left out. Source: proc_pid_mountinfo(5).
 */
export function parseMounts(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [own = "", of = ""] = line.split(" - ");
    const [, , device, root, point] = own.split(" ");
    const [type, source = ""] = of.split(" ");
    if (device === undefined || root === undefined || point === undefined || !type) return [];
    return [{ device, root: unescaped(root), point: unescaped(point), type, source: unescaped(source) }];
  });
}

/** Blanks and backslashes stand as octal escapes. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** One mount of each file system that holds files, by its device: where the kernel can be asked to tell what happens to them. */
export function watchable(mounts: readonly Mount[]): Map<string, Mount> {
  return new Map(mounts.filter((it) => !pseudo.has(it.type)).map((it) => [it.device, it]));
}

/** Programs that serve a file system from another machine, as FUSE names them. */
const remoteByProgram =
  /^fuse\.(?:sshfs|rclone|s3fs|gcsfuse|goofys|geesefs|mount-s3|mountpoint-s3|blobfuse2?|davfs2?|curlftpfs|smbnetfs|glusterfs|ceph(?:-fuse)?|juicefs|jfs|hdfs|alluxio-fuse|seaweedfs)$/;
/** And those that show what lies on this host. */
const localByProgram =
  /^fuse\.(?:fuse-overlayfs|lxcfs|portal|snapfuse|squashfuse(?:_ll)?|archivemount|vmware-vmblock)$/;

/**
 * How a file system leaves its host by its type alone: `unknown` for a program of which that cannot be told. Undefined for a disk, whose
 * hardware tells.
 */
export function kindByType({ type, source }: Pick<Mount, "type" | "source">): "network" | "unknown" | undefined {
  if (remote.has(type) || remoteByProgram.test(type)) return "network";
  if ((type !== "fuse" && !type.startsWith("fuse.")) || localByProgram.test(type)) return undefined;
  // davfs2 says only "fuse", and an address.
  return /^(?:[a-z][a-z0-9+.-]*:\/\/|[^/\s:]+:)/i.test(source) ? "network" : "unknown";
}

/**
 * Cuts the walk at kernel interfaces, at file systems of other machines, and at mounts that show a walked folder once more.
 * A remote file system that is itself a root is walked: who names it means it.
 *
 * @param roots Absolute, without links.
 */
export function planWalk(roots: readonly string[], mounts: readonly Mount[], exclude: readonly string[]): WalkPlan {
  const standing = [...new Map(mounts.map((it) => [it.point, it])).values()];
  const skip = new Map(exclude.map((it) => [it, "Outweigh's own data"]));
  const named = roots.filter((it) => !roots.some((other) => other !== it && isUnder(it, other)));
  const below = standing.filter(({ point }) => named.some((root) => isUnder(point, root) && point !== root));
  const walked = standing.filter((it) => !below.includes(it));
  for (const mount of below.toSorted((a, b) => a.point.length - b.point.length)) {
    const why = whySkipped(mount, walked, named);
    if (why === undefined) walked.push(mount);
    else skip.set(mount.point, why);
  }
  const start = named.filter((root) => {
    const home = mountOf(root, standing);
    if (!home || !pseudo.has(home.type)) return true;
    skip.set(root, `${home.type} is an interface of the kernel, not a disk`);
    return false;
  });
  // What hangs below a skipped mount is a disk of its own: /dev/shm in /dev.
  const hanging = walked.filter((it) => below.includes(it) && [...skip.keys()].some((at) => isUnder(it.point, at)));
  return { start: [...start, ...hanging.map((it) => it.point)], skip };
}

function whySkipped(mount: Mount, walked: readonly Mount[], named: readonly string[]): string | undefined {
  const { type, device, root, point } = mount;
  if (pseudo.has(type)) return `${type} is an interface of the kernel, not a disk`;
  if (remote.has(type) || (type.startsWith("fuse.") && type !== "fuse.fuse-overlayfs")) {
    return `${type} is served by another program or machine; name it to scan it`;
  }
  if (type === "overlay" || type === "fuse.fuse-overlayfs") return "a container's view of layers that lie elsewhere";
  const twins = walked.filter((it) => it.device === device && it.point !== point && isUnder(root, it.root));
  const again = twins.map((it) => join(it.point, relative(it.root, root))).find((it) => isUnderAny(it, named));
  return again === undefined ? undefined : `shows ${again} once more`;
}

/** The mount that a path lies on: of several at one point, the last, which hides the others. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  return mounts
    .filter((it) => isUnder(path, it.point))
    .toReversed()
    .toSorted((a, b) => b.point.length - a.point.length)[0];
}

/** Whether a path is a folder or lies below it. */
export function isUnder(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function isUnderAny(path: string, folders: readonly string[]): boolean {
  return folders.some((it) => isUnder(path, it));
}
