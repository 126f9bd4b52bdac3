import { adapters } from "../adapters/adapters.ts";
import { ringBytes as usualRingBytes } from "../limits.ts";
import type { GatewayOptions } from "../options.ts";
import type { Policy } from "../policy/policy.ts";
import type { Journal } from "../record/journal.ts";
import { Readings } from "../tap/readings.ts";
import { ringMemory, RingWriter } from "../tap/ring.ts";
import { Tap } from "../tap/tap.ts";
import type { Found, FromWorker, WorkerStart } from "./protocol.ts";
import { Supervisor } from "./supervisor.ts";

const usualLinkMs = 60_000;

/** What the detectors' thread works with, and who hears of it. */
export interface DetectionOptions extends Pick<GatewayOptions, "say" | "linkMs" | "ringBytes"> {
  readonly dataDir: string;
  readonly secret: Buffer;
  readonly journal: Journal;
  readonly policy: () => Policy;
  readonly found: (it: Found) => void;
  /** It ended; requests go on unseen until it is `back`. */
  readonly gone: () => void;
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
  #groups = new Map<number, readonly number[]>();
  #problems: readonly string[] = [];
  #unread = 0;

  constructor(options: DetectionOptions) {
    this.#options = options;
    this.#memory = ringMemory(options.ringBytes ?? usualRingBytes);
    this.ring = new RingWriter(this.#memory);
    this.tap = new Tap(this.ring, (it) => this.#supervisor.tell(it));
    this.#supervisor = new Supervisor(
      () => this.#workerStart(),
      { heard: (it) => this.#heard(it), gone: (why) => this.#gone(why), back: options.back },
      () => this.tap.tellAll(),
    );
  }

  /** Linked clients, by each one's slot. */
  get groups(): ReadonlyMap<number, readonly number[]> {
    return this.#groups;
  }

  /** What detectors cannot do, in sentences. */
  get problems(): readonly string[] {
    return this.#problems;
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

  /** Ends the thread as a crash would; it is started again. */
  kill(): void {
    this.#supervisor.kill();
  }

  /** @param ms How long it may take to read what is in the ring. */
  stop(ms: number): Promise<void> {
    return this.#supervisor.stop(this.ring, ms);
  }

  #workerStart(): WorkerStart {
    const { dataDir, secret, linkMs = usualLinkMs } = this.#options;
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
    };
  }

  #heard(it: FromWorker): void {
    if (it.say === "ready") {
      this.#problems = it.problems;
      for (const problem of it.problems) this.#options.say(`detectors: ${problem}`);
    } else if (it.say === "unread") this.#unread += it.count;
    else if (it.say === "groups")
      this.#groups = new Map(it.groups.flatMap((group) => group.map((slot) => [slot, group] as const)));
    else if (it.say === "drifted") this.#heardDrift(it.problem);
    else this.#options.found(it.found);
  }

  /** A calibration that holds no more is a matter of record: its alarms rest until there is another. */
  #heardDrift(problem: string): void {
    this.#problems = [...this.#problems, problem];
    this.#options.say(`detectors: ${problem}`);
    this.#options.journal.add({ kind: "calibration-drifted", by: "gateway", text: problem }, Date.now());
  }

  #gone(why: string): void {
    this.#options.say(`the detector ended (${why}); requests go on, unseen, until it is back`);
    this.#options.gone();
  }
}

/** Routes as the worker finds them: by protocol and place in its adapter's list. */
function routesOf({ routes }: Policy): WorkerStart["routes"] {
  return routes.all.map(({ upstream: { adapter }, route }) => ({
    protocol: adapter.protocol,
    route: adapters[adapter.protocol].routes.indexOf(route),
  }));
}
