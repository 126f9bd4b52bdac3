import type { WatchedModel } from "@outweigh/schema";
import { adapters } from "../adapters/adapters.ts";
import { ringBytes as usualRingBytes } from "../limits.ts";
import type { GatewayOptions } from "../options.ts";
import type { Policy } from "../policy/policy.ts";
import type { Journal } from "../record/journal.ts";
import { Readings } from "../tap/readings.ts";
import { ringMemory, RingWriter } from "../tap/ring.ts";
import { Tap } from "../tap/tap.ts";
import type { Client } from "../front/clients.ts";
import type { Refused, Runs } from "../kept/detectors-file.ts";
import type { Found, FromWorker, TestedSlots, WorkerStart } from "./protocol.ts";
import { EncoderRest } from "./encoder-rest.ts";
import { Pulse, type Work } from "./pulse.ts";
import { Supervisor } from "./supervisor.ts";

const usualLinkMs = 60_000;
/** How often what detectors remember is written: what a crash makes them forget, in ms. */
const usualKeepMs = 10_000;
/** How long they may give no sign of life, in ms: the longest steps take a second or two of a core that others use too. */
const usualHangMs = 30_000;
/** The same while they start: an encoder of half a gigabyte is read and tried once. */
const usualStartMs = 120_000;
/** Problems of what was kept that are told. */
const maxForgot = 50;

/** What the detectors' thread works with, and who hears of it. */
interface DetectionOptions extends Pick<
  GatewayOptions,
  "say" | "linkMs" | "ringBytes" | "keepMs" | "hangMs" | "startMs"
> {
  readonly dataDir: string;
  readonly secret: Buffer;
  readonly journal: Journal;
  readonly policy: () => Policy;
  /** With the group it was found of, where it was one. */
  readonly found: (it: Found, group: TestedSlots | undefined) => void;
  readonly runs: Runs;
  /** By which an encoder's rests are counted; ms since 1970. */
  readonly clock?: (() => number) | undefined;
  /** Models that are watched now. */
  readonly watched: () => readonly WatchedModel[];
  /** Everybody who has a slot. */
  readonly clients: () => readonly Client[];
  /** The slot of a principal that is remembered; undefined for whoever has no key here any more. */
  readonly slotOf: (principal: string) => number | undefined;
  /** What was remembered could not be taken, and was good until then. */
  readonly refused: (it: Refused) => void;
  /** It ended; requests go on unseen until it is `back`, and of those since `from` nothing is remembered. */
  readonly gone: (from: number) => void;
  readonly back: () => void;
}

/** The detectors' thread as the rest of the gateway has it: the tap that feeds it, and what it last said. */
export class Detection {
  readonly ring: RingWriter;
  readonly tap: Tap;
  readonly readings = new Readings();
  readonly #options: DetectionOptions;
  readonly #memory: SharedArrayBuffer;
  readonly #supervisor: Supervisor;
  #groups = new Map<number, TestedSlots>();
  #problems: readonly string[] = [];
  #forgot: readonly string[] = [];
  #withoutStricter: readonly string[] = [];
  #unread = 0;
  readonly #pulse = new Pulse();
  #keptAt = Date.now();
  #remembersFrom: number | undefined;
  readonly #encoderRest: EncoderRest;

  constructor(options: DetectionOptions) {
    this.#options = options;
    this.#encoderRest = new EncoderRest(options.clock ?? Date.now);
    this.#memory = ringMemory(options.ringBytes ?? usualRingBytes);
    this.ring = new RingWriter(this.#memory);
    this.tap = new Tap(this.ring, (it) => this.#supervisor.tell(it));
    this.#supervisor = new Supervisor(
      () => this.#workerStart(),
      {
        heard: (it) => this.#heard(it),
        gone: (why) => this.#gone(why),
        back: options.back,
        hung: (work) => this.#hung(work),
      },
      () => this.#retell(),
      this.#pulse,
      { hangMs: options.hangMs ?? usualHangMs, startMs: options.startMs ?? usualStartMs },
    );
  }

  /** All names again. Configured models first of all: what is remembered is of them. */
  #retell(): void {
    for (const { name } of this.#options.policy().section.models) this.tap.modelNumber(name);
    this.tap.tellAll();
    for (const it of this.#options.clients()) this.name(it);
  }

  /** Tells whose slot it is, before anything of it is seen. */
  name({ slot, principal, tenant }: Client): void {
    this.#supervisor.tell({ tell: "principal", slot, principal, tenant });
  }

  /** Linked clients, by each one's slot. */
  get groups(): ReadonlyMap<number, TestedSlots> {
    return this.#groups;
  }

  /** What detectors cannot do, in sentences. */
  get problems(): readonly string[] {
    return [...this.#problems, ...this.#watchedInVain(), ...this.#forgot];
  }

  #watchedInVain(): string[] {
    const watched = new Set(this.#options.watched().map((it) => it.model));
    return this.#options
      .policy()
      .section.models.filter((it) => watched.has(it.register ?? it.name) && this.#withoutStricter.includes(it.name))
      .map((it) => `${it.name} is watched after a theft, and has no stricter levels: calibrate it anew`);
  }

  /** Until when what an earlier run saw is remembered; undefined where nothing is. */
  get remembersFrom(): number | undefined {
    return this.#remembersFrom;
  }

  /** Until when what was seen would survive the thread. */
  get keptAt(): number {
    return this.#keptAt;
  }

  /** Exchanges that came and could not be read. */
  get unread(): number {
    return this.#unread;
  }

  start(): Promise<void> {
    return this.#supervisor.start();
  }

  /** Other routes or models: told to the thread as it runs. */
  reroute(policy: Policy): void {
    this.#supervisor.tell({ tell: "routes", routes: routesOf(policy), models: policy.section.models });
  }

  /** Other models are watched: told to the thread as it runs. */
  rewatch(): void {
    this.#supervisor.tell({ tell: "watched", models: this.#options.watched() });
  }

  /** Has the thread write what it remembers and end; it is started again, with what the policy says now. */
  renew(): void {
    this.#supervisor.tell({ tell: "end" });
  }

  /** Ends the thread as a crash would; it is started again. */
  kill(): void {
    this.#supervisor.kill();
  }

  /** @param ms How long it may take to read what is in the ring and to write what it remembers. @returns Whether it did. */
  stop(ms: number): Promise<boolean> {
    return this.#supervisor.stop(this.ring, ms);
  }

  #workerStart(): WorkerStart {
    const { dataDir, secret, linkMs = usualLinkMs, keepMs = usualKeepMs, runs } = this.#options;
    const policy = this.#options.policy();
    return {
      ring: this.#memory,
      readings: this.readings.memory,
      dataDir,
      routes: routesOf(policy),
      models: policy.section.models,
      encoder: policy.section.encoder,
      secret,
      linkMs,
      keepMs,
      runs,
      watched: this.#options.watched(),
      pulse: this.#pulse.memory,
      withoutEncoder: this.#encoderRest.without(this.#encoderName),
    };
  }

  #heard(it: FromWorker): void {
    if (it.say === "ready") {
      this.#problems = it.problems;
      this.#withoutStricter = it.withoutStricter;
      for (const problem of it.problems) this.#options.say(`detectors: ${problem}`);
    } else if (it.say === "unread") this.#unread += it.count;
    else if (it.say === "groups")
      this.#groups = new Map(it.groups.flatMap((group) => group.members.map((slot) => [slot, group] as const)));
    else if (it.say === "drifted") this.#heardDrift(it.problem);
    else if (it.say === "remembers") this.#tellSlots(it.principals);
    else if (it.say === "kept") this.#heardKept(it.at);
    else if (it.say === "refused") this.#heardRefused(it.refused);
    else if (it.say === "forgot") this.forgot(it.problem);
    else this.#options.found(it.found, this.#groupOf(it.found));
  }

  /** The group that was tested; undefined where it stands no more: what linked it is then not known. */
  #groupOf({ group }: Found): TestedSlots | undefined {
    const now = group && this.#groups.get(group[0] ?? -1);
    return now?.members.join() === group?.join() ? now : undefined;
  }

  /** A calibration that holds no more is a matter of record: its alarms rest until there is another. */
  #heardDrift(problem: string): void {
    this.#problems = [...this.#problems, problem];
    this.#options.say(`detectors: ${problem}`);
    this.#options.journal.add({ kind: "calibration-drifted", by: "gateway", text: problem }, Date.now());
  }

  #tellSlots(principals: readonly string[]): void {
    this.#supervisor.tell({ tell: "slots", slots: principals.map((it) => this.#options.slotOf(it)) });
  }

  #heardKept(at: number): void {
    this.#keptAt = at;
    this.#remembersFrom ??= at;
  }

  #heardRefused(refused: Refused): void {
    this.forgot(`what detectors had learnt is not taken: ${refused.why}: they begin anew`);
    this.#options.refused(refused);
  }

  /** Something that was remembered is lost: a matter of record, and a problem until the next start. */
  forgot(problem: string): void {
    if (this.#forgot.includes(problem) || this.#forgot.length >= maxForgot) return;
    this.#forgot = [...this.#forgot, problem];
    this.#options.say(problem);
    this.#options.journal.add({ kind: "state-forgotten", by: "gateway", text: problem }, Date.now());
  }

  get #encoderName(): string {
    return JSON.stringify(this.#options.policy().section.encoder) ?? "";
  }

  #hung(work: Work): void {
    if (this.#encoderName !== "") this.#encoderRest.hung(this.#encoderName, work);
  }

  /** Called now and then: takes an encoder back that was left out for long enough. */
  settle(): void {
    if (!this.#encoderRest.isOver(this.#encoderName)) return;
    this.#options.say("the encoder that was left out is tried again: detectors are started with it");
    this.renew();
  }

  #gone(why: string): void {
    this.#options.say(`the detector ended (${why}); requests go on, unseen, until it is back`);
    this.#options.gone(this.#keptAt);
  }
}

/** Routes as the worker finds them: by protocol and place in its adapter's list. */
function routesOf({ routes }: Policy): WorkerStart["routes"] {
  return routes.all.map(({ upstream: { adapter }, route }) => ({
    protocol: adapter.protocol,
    route: adapters[adapter.protocol].routes.indexOf(route),
  }));
}
