// Sensors and story together: what happens to the weights of this host, as lines of activity.
import type { ActivityRecord } from "@outweigh/schema";
import { kindByType } from "../scan/mounts.ts";
import { fittingPoints, Helper, type Kernel } from "./fanotify.ts";
import { MoreHelpers, tooManyMounts } from "./more-helpers.ts";
import { Mounts } from "./mounts.ts";
import { Poll } from "./poll.ts";
import { keyOf, Proc, type Process } from "./proc.ts";
import { SocketBytes, type Connection, type Counted } from "./socket-bytes.ts";
import { Story, type Peer, type SeenFile, type Sighting } from "./story.ts";

/** How often `/proc` is looked at, in ms. A program that copies a gigabyte runs longer. */
const lookMs = 250;
/** Most ms of processor time for one look, where many processes are new or hold weights: 2 % of a core. */
const lookBudgetMs = 5;

/** How often the table of mounts is read, in ms: for a host of thousands that takes a millisecond. The helper tells of changes at once. */
const mountsMs = 1000;

/** Looks in a row that may leave new processes for the next one before that is a problem: five seconds. */
const maxBehind = 20;

/** When a process that opened weights is looked at again, in ms after it did; and how many at the same time. */
const againMs = [10, 25, 50, 100, 175];
const maxAgain = 64;

interface WatchOptions {
  readonly host: string;
  /** The compiled helper of tier T2; without it the watch is T0, or T1 with the rights for it. */
  readonly helper?: string | undefined;
  /** Gets each line as it happens. */
  tell(record: ActivityRecord): void;
  /** A sensor failed or missed something: what, in a sentence. From then on the watch sees less. */
  problem(text: string): void;
  readonly proc?: Proc;
  readonly mounts?: Mounts;
}

export class Watch {
  readonly #options: WatchOptions;
  readonly #proc: Proc;
  readonly #mounts: Mounts;
  readonly #story: Story;
  readonly #poll: Poll;
  #helper: Helper | undefined;
  #more: MoreHelpers | undefined;
  #mountsAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #sensor: ActivityRecord["sensor"] = "poll";
  #count = 0;
  readonly #startedAt = Date.now();
  readonly #asked = new Set<string>();
  /** Counts the bytes of connections, and whose each is. */
  #sockets: SocketBytes | undefined;
  readonly #counted = new Map<Connection, { readonly key: string; readonly peer: Peer }>();
  #network: string | undefined;
  /** Processes that are looked at again, and the files that the kernel told of meanwhile. */
  readonly #again = new Map<number, Set<string>>();
  readonly #ours = new Set<number>();
  /** The tier without the helper. */
  readonly #looksAs: "T0" | "T1";

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#proc = options.proc ?? new Proc();
    this.#mounts = options.mounts ?? new Mounts();
    this.#story = new Story((file, pid) => this.#mounts.onto(file, pid));
    this.#looksAs = this.#proc.seesAll() ? "T1" : "T0";
    this.#poll = new Poll({
      proc: this.#proc,
      story: this.#story,
      see: (it) => this.#see(it),
      isOurs: (pid) => this.#isOurs(pid),
      budgetMs: lookBudgetMs,
      isTold: () => this.#helper !== undefined,
      count: (connection, process, peer) => this.#follow(connection, process, peer),
    });
    this.#network = this.#proc.network(process.pid);
  }

  /** The tier that really runs. */
  get tier(): "T0" | "T1" | "T2" {
    return this.#helper ? "T2" : this.#looksAs;
  }

  /** Starts looking. Resolves when the sensors stand. */
  async start(): Promise<void> {
    const { helper: path, problem } = this.#options;
    if (path !== undefined) {
      await this.#startHelper(path);
      this.#sockets = new SocketBytes({ path, see: (it) => this.#hearBytes(it), problem });
    }
    this.#timer = setInterval(() => this.#look(), lookMs);
  }

  async #startHelper(path: string): Promise<void> {
    this.#mounts.refresh();
    // The kernel opens each file that it tells of: what another machine or a program serves may keep it waiting for ever, and with it
    // this helper. Another one asks about those.
    const disks = [...this.#mounts.watchable()].filter(([, it]) => kindByType(it) === undefined);
    const mounts = fittingPoints(disks.map(([device, it]) => [device, it.point]));
    if (mounts.size < disks.length) this.#options.problem(tooManyMounts);
    const lost = () =>
      this.#options.problem(
        "opens of files were missed: the kernel's queue was full, or a file system did not let the helper look",
      );
    const see = (it: Kernel) => this.#hear(it);
    const helper = new Helper({
      path,
      mounts: [...mounts.values()],
      see,
      lost,
      mounted: () => this.#lookAtMounts(),
      ended: (why) => {
        this.#helper = undefined;
        this.#more?.stop();
        if (this.#timer)
          this.#options.problem(`the kernel's sensor (T2) ended, the watch goes on as ${this.#looksAs}: ${why}`);
      },
    });
    this.#helper = helper;
    if (await helper.ready) {
      for (const it of this.#asked) helper.watch(it);
      const { problem } = this.#options;
      this.#more = new MoreHelpers({ path, see, lost, problem, asked: this.#asked, known: [...mounts.keys()] });
      this.#more.follow(this.#mounts.watchable());
    } else this.#options.problem(`the kernel's sensor (T2) did not start, the watch is ${this.#looksAs}`);
  }

  /** Watches a file of weights from now on. */
  watch(file: SeenFile): void {
    this.#story.watch(file);
    this.#ask(file.inode);
  }

  #ask(inode: string): void {
    if (this.#asked.has(inode)) return;
    this.#asked.add(inode);
    this.#helper?.watch(inode);
    this.#more?.watch(inode);
  }

  watchedFiles(): number {
    return this.#story.watchedFiles();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#helper?.stop();
    this.#more?.stop();
    this.#sockets?.stop();
  }

  /** A process that we started reads weights for us, as a scan does; until it has ended: its pid is used again. */
  setOurs(pid: number, isOurs: boolean): void {
    if (isOurs) this.#ours.add(pid);
    else this.#ours.delete(pid);
  }

  #isOurs(pid: number): boolean {
    const helpers = [this.#helper?.pid, this.#sockets?.pid];
    return pid === process.pid || helpers.includes(pid) || this.#ours.has(pid) || this.#more?.has(pid) === true;
  }

  /** A file system that was mounted meanwhile is one that the kernel is asked about too. */
  #lookAtMounts(): void {
    this.#mountsAt = performance.now();
    if (this.#mounts.refresh()) this.#more?.follow(this.#mounts.watchable());
  }

  #look(): void {
    if (performance.now() - this.#mountsAt > mountsMs) this.#lookAtMounts();
    this.#sensor = "poll";
    this.#poll.look(Date.now());
    if (this.#poll.behind === maxBehind)
      this.#options.problem(
        "more processes start than can be looked at within 2 % of a core: some are seen late or not",
      );
  }

  /** Asks for the bytes of a connection. The kernel tells of those in our own network namespace alone. */
  #follow(connection: Connection, { key, facts }: Process, peer: Peer): void {
    if (!this.#sockets || this.#counted.has(connection)) return;
    if (this.#network === undefined || this.#proc.network(facts.pid) !== this.#network) return;
    if (this.#sockets.follow(connection)) this.#counted.set(connection, { key, peer });
  }

  #hearBytes({ connection, bytes, how }: Counted): void {
    const whose = this.#counted.get(connection);
    if (!whose) return;
    if (how !== "lasts") this.#counted.delete(connection);
    this.#sensor = "poll";
    this.#see({ kind: "carried", at: Date.now(), ...whose, connection, bytes, isOver: how !== "lasts" });
  }

  /** What the kernel told of one file. Most of it has nothing to do with weights. */
  #hear(told: Kernel): void {
    const { kind, pid, who, file } = told;
    const key = who && keyOf(who.pid, who.startTicks);
    const holder = key === undefined ? undefined : this.#story.processOf(key);
    if (this.#isOurs(pid) || (kind === "written" ? who && !holder : !this.#story.isWatched(file.inode))) return;
    const at = Date.now();
    this.#sensor = "fanotify";
    // Whoever mounts a disk for himself alone has it in no table but his own.
    if (kind === "opened") this.#more?.followOwn(pid, this.#mounts.foreign(pid));
    // It may have become another program since it took weights.
    const process = holder && holder.facts.name === who?.name ? holder : this.#processOf(told);
    // Still open: then how it was opened is seen too. Else it was opened, and may have been read, for all we know.
    if (kind === "opened" && this.#isNews(pid, file) && this.#poll.inspect(pid, at, process).has(file.inode)) return;
    if (kind === "written") this.#see({ kind: "written", at, process, file });
    else this.#see({ kind: "open", at, process, file, reads: true, writes: false });
  }

  /** Who the helper saw, with what only we may see of one that still runs: the paths of programs. */
  #processOf({ pid, who }: Kernel): Process {
    const own = this.#poll.processOf(pid);
    if (!who) return own ?? unknownProcess(pid);
    const told = this.#proc.told(who);
    if (own?.key !== told.key || own.facts.name !== told.facts.name) return told;
    const { exe, parents, command } = own.facts;
    return {
      key: told.key,
      facts: {
        ...told.facts,
        ...(exe !== undefined && { exe }),
        command: told.facts.command.length > 0 ? told.facts.command : command,
        parents: parents.length < told.facts.parents.length ? told.facts.parents : parents,
      },
    };
  }

  /**
   * Whether the process did not open this file a moment ago. What a reader of weights opens and connects to next comes within moments,
   * and may be over before the next look: it is looked at again.
   */
  #isNews(pid: number, { inode }: SeenFile): boolean {
    const known = this.#again.get(pid);
    if (known) return known.size !== known.add(inode).size;
    if (this.#again.size >= maxAgain) return true;
    this.#again.set(pid, new Set([inode]));
    for (const [i, ms] of againMs.entries()) {
      const timer = setTimeout(() => {
        if (i === againMs.length - 1) this.#again.delete(pid);
        if (this.#timer) this.#poll.inspect(pid, Date.now());
      }, ms);
      timer.unref();
    }
    return true;
  }

  #see(sighting: Sighting): void {
    for (const it of this.#story.see(sighting)) {
      this.#options.tell({
        activity: 1,
        id: `${this.#options.host}:${this.#startedAt}:${++this.#count}`,
        host: this.#options.host,
        sensor: this.#sensor,
        ...it,
      });
    }
    if (sighting.kind === "written" && this.#story.isWatched(sighting.file.inode)) this.#ask(sighting.file.inode);
    if (sighting.kind === "open" && sighting.writes && this.#story.isWatched(sighting.file.inode))
      this.#ask(sighting.file.inode);
  }
}

/** A process that ended before it could be looked at: only its id is known. */
function unknownProcess(pid: number): Process {
  return { key: `${pid}:?`, facts: { pid, name: "ended before it was seen", command: [], parents: [] } };
}
