import { maxTappedBytes } from "../limits.ts";
import { recordKind, type RecordSink } from "./ring.ts";

/** Interned things that records name by number, told to the worker before the record that first uses them. */
export type Told =
  | {
      readonly tell: "principal";
      readonly slot: number;
      readonly principal: string;
      readonly tenant: string | undefined;
    }
  | { readonly tell: "model"; readonly number: number; readonly name: string }
  | {
      readonly tell: "origin";
      readonly number: number;
      readonly address: string;
      readonly agent: string;
      readonly tokens: readonly string[];
    };

/** Most models and origins that are told apart; later ones share the number 0, "others". */
const maxModels = 4096;
const maxOrigins = 65_536;
/** Longest agent by which origins are told apart, in characters: clients call themselves what they like, up to 16 KiB, each time anew. */
const maxAgentLength = 512;

/** Numbers for names, in the order they come. 0 stands for all that found no room. */
class Names {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [""];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** @param tell Called with a new name's number. */
  of(name: string, tell: (number: number) => void): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    if (this.#names.length >= this.#most) return 0;
    const number = this.#names.push(name) - 1;
    this.#numbers.set(name, number);
    tell(number);
    return number;
  }

  name(number: number): string | undefined {
    return number === 0 ? undefined : this.#names[number];
  }

  each(tell: (name: string, number: number) => void): void {
    for (const [name, number] of this.#numbers) tell(name, number);
  }
}

/** What identifies an exchange to the detectors. */
export interface Asked {
  readonly slot: number;
  readonly route: number;
  readonly model: number;
  readonly origin: number;
  readonly jsonLength: number | undefined;
  readonly time: number;
}

/** The tap on the data path: copies bytes into the ring and never waits. */
export class Tap {
  readonly #ring: RecordSink;
  readonly #tell: (it: Told) => void;
  readonly #models = new Names(maxModels);
  readonly #origins = new Names(maxOrigins);
  #sequence = 0;

  constructor(ring: RecordSink, tell: (it: Told) => void) {
    this.#ring = ring;
    this.#tell = tell;
  }

  modelNumber(name: string): number {
    return this.#models.of(name, (number) => this.#tell({ tell: "model", number, name }));
  }

  modelName(number: number): string | undefined {
    return this.#models.name(number);
  }

  originNumber(address: string, agent: string): number {
    const own = agent.length > maxAgentLength ? cutCopy(agent) : agent;
    return this.#origins.of(`${address}\n${own}`, (number) => this.#tell(originOf(number, address, own)));
  }

  /** Where a number's exchanges came from. */
  origin(number: number): { readonly address: string; readonly agent: string } | undefined {
    const key = this.#origins.name(number);
    if (key === undefined) return undefined;
    const [address = "", agent = ""] = key.split("\n");
    return { address, agent };
  }

  /** Tells a new worker everything that the one before knew. */
  tellAll(): void {
    this.#models.each((name, number) => this.#tell({ tell: "model", number, name }));
    this.#origins.each((key, number) => {
      const [address = "", agent = ""] = key.split("\n");
      this.#tell(originOf(number, address, agent));
    });
  }

  /** A number for an exchange. */
  nextSequence(): number {
    return (this.#sequence = (this.#sequence + 1) | 0);
  }

  /** @returns The exchange's number, or undefined when the ring was full: then its answer is not copied either. */
  ask({ slot, route, model, origin, jsonLength, time }: Asked, body: Buffer): number | undefined {
    const sequence = this.nextSequence();
    const head = {
      kind: recordKind.ask,
      sequence,
      a: slot,
      b: (route << 12) | (model & 0xfff),
      c: origin,
      d: jsonLength ?? -1,
      time,
    };
    return this.#ring.push(head, body, maxTappedBytes) ? sequence : undefined;
  }

  part(sequence: number, bytes: Buffer, time: number): boolean {
    return this.#ring.push({ kind: recordKind.part, sequence, a: 0, b: 0, c: 0, d: 0, time }, bytes, maxTappedBytes);
  }

  /** @param flags See `endFlags`. */
  end(sequence: number, status: number, answerJson: number | undefined, flags: number, time: number): boolean {
    return this.#ring.push(
      { kind: recordKind.end, sequence, a: status, b: answerJson ?? -1, c: flags, d: 0, time },
      undefined,
      0,
    );
  }

  get drops(): number {
    return this.#ring.drops;
  }
}

/** What an exchange's end says beside its status. */
export const endFlags = { sse: 1, ndjson: 2, broken: 4, labelOnly: 8, encoded: 16 } as const;

/** A part of a text keeps the whole of it in memory: this is a copy. */
function cutCopy(agent: string): string {
  return Buffer.from(agent.slice(0, maxAgentLength), "latin1").toString("latin1");
}

function originOf(number: number, address: string, agent: string): Told {
  return {
    tell: "origin",
    number,
    address,
    agent,
    tokens: [`address:${address}`, `agent:${agent}`],
  };
}
