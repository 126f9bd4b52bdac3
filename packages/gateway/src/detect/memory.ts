import { DetectorsFile, maxKeptPrincipals, type OpenedFile } from "../kept/detectors-file.ts";
import { GatewayError } from "../error.ts";
import type { Detectors } from "./detectors.ts";
import type { KeptRow, SlotNames } from "./kept.ts";
import type { FromWorker, WorkerStart } from "./protocol.ts";
import type { Pulse } from "./pulse.ts";

/** What the detectors' thread remembers beyond its own end: read once, then written whenever something changed. */
export class Memory {
  /** Undefined where the disk does not let us: then what is learnt is lost with the thread. */
  readonly #opened: OpenedFile | undefined;
  readonly #say: (it: FromWorker) => void;
  readonly #pulse: Pulse;
  readonly #names = new Map<number, string>();
  readonly #slots = new Map<string, number>();
  readonly #warned = new Set<string>();

  constructor(start: WorkerStart, pulse: Pulse, say: (it: FromWorker) => void) {
    this.#say = say;
    this.#pulse = pulse;
    this.#opened = this.#open(start);
    if (this.#opened?.refused) say({ say: "refused", refused: this.#opened.refused });
  }

  #open({ dataDir, secret, runs }: WorkerStart): OpenedFile | undefined {
    try {
      return DetectorsFile.open(dataDir, secret, runs);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      this.#warn(`what detectors learnt can neither be read nor kept: ${error.message}`);
      return undefined;
    }
  }

  readonly names: SlotNames = {
    nameOf: (slot) => this.#names.get(slot),
    slotOf: (name) => this.#slots.get(name),
  };

  /** Notes whose slot it is. */
  name(slot: number, principal: string): void {
    this.#names.set(slot, principal);
    this.#slots.set(principal, slot);
  }

  /** Whom it remembers. */
  principals(): string[] {
    return this.#opened?.file.principals() ?? [];
  }

  /** Gives detectors back what they knew. Whoever has no slot here any more is forgotten. */
  restore(detectors: Detectors, modelNumber: (name: string) => number): void {
    const nobodys: KeptRow[] = [];
    const useless = new Map<string, number>();
    for (const row of this.#opened?.file.rows() ?? []) {
      this.#pulse.beat();
      if (row.who.some((it) => !this.#slots.has(it))) nobodys.push({ ...row, body: "" });
      else if (!detectors.restore(row, this.names, modelNumber) && row.kind !== "watch")
        useless.set(row.model, (useless.get(row.model) ?? 0) + 1);
    }
    this.#opened?.file.forget(nobodys);
    for (const [model, count] of useless) {
      const what = model === "" ? "links between accounts" : model.slice(2);
      const problem = `${what}: ${count} of what was learnt belong to another calibration, encoder or setting: they begin anew`;
      this.#say({ say: "forgot", problem });
    }
    this.#say({ say: "kept", at: this.#opened?.at ?? Date.now() });
  }

  /** Writes what changed. A disk that fails costs what would have been remembered, and is said once. */
  keep(detectors: Detectors): void {
    if (!this.#opened) return;
    const now = Date.now();
    this.#pulse.beat("writes what it remembers");
    try {
      const tooLarge = this.#opened.file.write(detectors.keep(this.names), now, {
        configured: detectors.configured,
        beat: () => this.#pulse.beat(),
      });
      this.#say({ say: "kept", at: now });
      if (tooLarge > 0) this.#warn(`what was learnt of ${tooLarge} principals or groups is too large to be kept`);
      if (this.#names.size > maxKeptPrincipals)
        this.#warn(
          `of more than ${maxKeptPrincipals} principals, those that asked longest ago begin anew at a restart`,
        );
    } catch (error) {
      detectors.keepAll();
      this.#warn(`what is learnt cannot be kept: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#pulse.beat("reads");
  }

  #warn(problem: string): void {
    if (this.#warned.has(problem)) return;
    this.#warned.add(problem);
    this.#say({ say: "forgot", problem });
  }

  close(): void {
    this.#opened?.file.close();
  }
}
