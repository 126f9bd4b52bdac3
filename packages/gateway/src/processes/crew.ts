import { fork, type ChildProcess } from "node:child_process";
import { Duplex } from "node:stream";
import type { GatewayLimits } from "@outweigh/schema";
import type { Amounts, Lender } from "../admission/lender.ts";
import type { DenialNote } from "../front/surroundings.ts";
import { GatewayError } from "../error.ts";
import { drainMs } from "../limits.ts";
import { Intake, type IntakeOptions } from "./intake.ts";
import type { ClientCount, FromProcess, ToProcess } from "./protocol.ts";

/** Waits before a dead process is started again, in ms: the first at once, then longer. */
const restartMs = [50, 500, 2_000, 5_000];
/** How long a process must live to count as well again, in ms. */
const wellMs = 60_000;
/** How long a process may take to listen, in ms; then it is ended, and started again or given up. */
export const usualBeginMs = 60_000;
/** How much of what a process says last is told of its end, in characters: an error and the first lines of where it came from. */
const maxLastWords = 1_000;
/** How long after its end they are waited for, in ms. */
const lastWordsMs = 1_000;
/** How long a process may take to heed what it was told, in ms: shorter than the server waits, which must hear that one does not. */
const heedMs = 20_000;

/** What the crew is told and tells. */
interface CrewOptions {
  readonly processes: number;
  /** How long a process may take to listen, in ms. */
  readonly beginMs?: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly intake: IntakeOptions;
  /** What a process is started with, but for its port. */
  readonly makeStart: () => Omit<Extract<ToProcess, { tell: "start" }>, "port" | "number" | "processes" | "tell">;
  readonly lender: () => Lender;
  readonly denied: (note: DenialNote) => void;
  readonly counted: (counts: readonly ClientCount[]) => void;
  readonly dropped: (principal: string, count: number) => void;
  readonly sent: (upstream: string, count: number) => void;
  /** A process is gone, and with it exchanges of these slots that the detectors never saw whole. */
  readonly gone: (why: string, slots: readonly number[]) => void;
  /** All processes carry requests again. */
  readonly back: () => void;
  readonly say: (line: string) => void;
}

interface Member {
  readonly child: ChildProcess;
  readonly intake: Intake;
  readonly bornAt: number;
  /** What it wrote last to its standard error. */
  lastWords: string;
  listens: boolean;
  running: number;
}

/** Keeps so many processes running that carry requests. All listen on one port; the kernel deals connections out. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #members: (Member | undefined)[];
  readonly #deaths: number[];
  readonly #recalls = new Map<number, (amounts: Amounts) => void>();
  readonly #heeding = new Map<number, (kept: readonly string[]) => void>();
  #recalled = 0;
  #asked = 0;
  #at: { readonly host: string; readonly port: number } | undefined;
  #stopping = false;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#members = Array.from({ length: options.processes }, () => undefined);
    this.#deaths = this.#members.map(() => 0);
  }

  /**
   * Starts all; the first settles the port. Settles within twice `usualBeginMs`.
   *
   * @throws {GatewayError} BAD_CONFIG if one cannot listen, BAD_STATE if one ends before it listens or does not listen in time: then none runs.
   */
  async start(port: number): Promise<{ readonly host: string; readonly port: number }> {
    try {
      const at = await this.#begin(0, port);
      await Promise.all(this.#members.slice(1).map((_, i) => this.#begin(i + 1, at.port)));
      return at;
    } catch (error) {
      this.#stopping = true;
      await Promise.all(this.#members.map((it) => it && killed(it.child)));
      this.#members.fill(undefined);
      throw error;
    }
  }

  /** Settles by what comes first: it listens, says why it cannot, ends, or time is over. */
  #begin(number: number, port: number): Promise<{ readonly host: string; readonly port: number }> {
    const { beginMs = usualBeginMs } = this.#options;
    const member = this.#bear(number, port);
    const { child } = member;
    return new Promise((done, failed) => {
      const late = setTimeout(() => {
        failed(new GatewayError("BAD_STATE", `a process does not listen after ${beginMs / 1000} s${said(member)}`));
        child.kill("SIGKILL");
      }, beginMs);
      child.on("message", (it: FromProcess) => {
        if (it.say === "listening") {
          clearTimeout(late);
          this.#at = { host: it.host, port: it.port };
          member.listens = true;
          done(this.#at);
          if (this.#members.every((one) => one?.listens)) this.#options.back();
        } else if (it.say === "failed") failed(new GatewayError("BAD_CONFIG", it.why));
        else this.#heard(number, member, it);
      });
      const ended = (why: string) => {
        clearTimeout(late);
        failed(new GatewayError("BAD_STATE", `a process ended before it listened (${why})${said(member)}`));
        this.#gone(number, member, why);
      };
      child.on("error", (error) => (child.pid === undefined ? ended(error.message) : this.#options.say(error.message)));
      child.on("exit", (code, signal) => {
        const why = signal ?? `code ${code}`;
        if (member.listens) return ended(why);
        // What it wrote last may still be in its pipe.
        const words = setTimeout(() => ended(why), lastWordsMs);
        child.once("close", () => {
          clearTimeout(words);
          ended(why);
        });
      });
    });
  }

  /** Starts a process and says what it is. */
  #bear(number: number, port: number): Member {
    const { environment, intake, makeStart, processes } = this.#options;
    const child = fork(new URL("./process.ts", import.meta.url), {
      stdio: ["ignore", "inherit", "pipe", "ipc", "pipe"],
      env: { ...environment },
      execArgv: [],
    });
    const wire = child.stdio[4];
    if (!(wire instanceof Duplex)) throw new Error("expected a pipe for records");
    const member: Member = {
      child,
      intake: new Intake(wire, intake),
      bornAt: Date.now(),
      lastWords: "",
      listens: false,
      running: 0,
    };
    child.stderr?.on("data", (it: Buffer) => {
      process.stderr.write(it);
      member.lastWords = (member.lastWords + it.toString()).slice(-maxLastWords);
    });
    this.#members[number] = member;
    child.send({ ...makeStart(), tell: "start", port, number, processes } satisfies ToProcess, () => undefined);
    return member;
  }

  #heard(number: number, member: Member, it: FromProcess): void {
    const { lender, counted, dropped, sent, denied, say } = this.#options;
    if (it.say === "borrow") {
      const { id } = it;
      void lender()
        .borrow(number, it.name, it.limits, it.needs)
        .then((answer) => tell(member, { tell: "lent", id, answer }));
    } else if (it.say === "gave") lender().giveBack(number, it.name, it.limits, it.amounts);
    else if (it.say === "recalled") {
      this.#recalls.get(it.id)?.(it.amounts);
      this.#recalls.delete(it.id);
    } else if (it.say === "heeded") this.#heeding.get(it.id)?.(it.kept);
    else if (it.say === "denied") denied(it.note);
    else if (it.say === "counts") {
      member.running = it.running;
      counted(it.clients);
      for (const [principal, count] of it.dropped) dropped(principal, count);
      for (const [upstream, count] of it.sent) sent(upstream, count);
    } else if (it.say === "line") say(it.line);
  }

  #gone(number: number, member: Member, why: string): void {
    if (this.#members[number] !== member) return;
    this.#members[number] = undefined;
    this.#options.lender().forget(number);
    const slots = member.intake.end(Date.now());
    if (this.#stopping) return;
    if (!this.#at || !member.listens) return this.#again(number, member);
    this.#options.gone(why, slots);
    this.#again(number, member);
  }

  #again(number: number, { bornAt }: Member): void {
    const at = this.#at;
    if (!at) return;
    if (Date.now() - bornAt > wellMs) this.#deaths[number] = 0;
    const deaths = this.#deaths[number] ?? 0;
    this.#deaths[number] = deaths + 1;
    setTimeout(
      () => {
        if (!this.#stopping) this.#begin(number, at.port).catch((error: unknown) => this.#options.say(String(error)));
      },
      restartMs[Math.min(deaths, restartMs.length - 1)],
    ).unref();
  }

  /** Everything that a process holds unused of an account. */
  recall(process: number, name: string, limits: GatewayLimits): Promise<Amounts> {
    const member = this.#members[process];
    if (!member) return Promise.resolve([]);
    const id = ++this.#recalled;
    return new Promise((done) => {
      this.#recalls.set(id, done);
      tell(member, { tell: "recall", id, name, limits });
    });
  }

  tell(it: ToProcess): void {
    for (const member of this.#members) if (member) tell(member, it);
  }

  /**
   * Resolves once what was told before holds in every process.
   *
   * @throws {GatewayError} BAD_STATE when one kept what it had, or does not answer: it may hold in the others alone.
   */
  async heeded(): Promise<void> {
    await Promise.all(this.#members.map((it) => it && this.#heeds(it)));
  }

  #heeds(member: Member): Promise<void> {
    const id = ++this.#asked;
    return new Promise((done, failed) => {
      const settle = (why?: string) => {
        clearTimeout(late);
        member.child.off("exit", ended);
        this.#heeding.delete(id);
        if (why === undefined) done();
        else failed(new GatewayError("BAD_STATE", `a process ${why}: it may not hold there`));
      };
      const late = setTimeout(() => settle("does not answer"), heedMs);
      // It carries nothing any more; the next one reads everything at its start.
      const ended = () => settle();
      member.child.once("exit", ended);
      this.#heeding.set(id, (kept) => settle(kept.length > 0 ? `kept its old ${kept.join(" and ")}` : undefined));
      tell(member, { tell: "heed", id });
    });
  }

  get pids(): number[] {
    return this.#members.flatMap((it) => (it?.child.pid === undefined ? [] : [it.child.pid]));
  }

  /** Exchanges that run now, as of the last count. */
  get running(): number {
    return this.#members.reduce((sum, it) => sum + (it?.running ?? 0), 0);
  }

  /** Lets running exchanges end, then the processes. */
  async close(): Promise<void> {
    this.#stopping = true;
    const all = this.#members.flatMap((it) => (it ? [it.child] : []));
    const ended = all.map((it) => new Promise<void>((done) => it.once("exit", () => done())));
    this.tell({ tell: "drain" });
    const timer = setTimeout(() => all.forEach((it) => it.kill("SIGKILL")), drainMs + 5_000);
    await Promise.all(ended);
    clearTimeout(timer);
  }
}

function tell({ child }: Member, it: ToProcess): void {
  if (child.connected) child.send(it, () => undefined);
}

function killed(child: ChildProcess): Promise<unknown> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  const ended = new Promise((done) => child.once("exit", done));
  child.kill("SIGKILL");
  return ended;
}

/** What a process wrote last, in one line. */
function said({ lastWords }: Member): string {
  const line = lastWords.replace(/[\s\p{Cc}]+/gu, " ").trim();
  return line === "" ? "; it said nothing" : `; it said last: ${line}`;
}
