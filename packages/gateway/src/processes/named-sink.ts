import { recordKind, type RecordHead, type RecordSink } from "../tap/ring.ts";
import type { Told } from "../tap/tap.ts";
import { nameTables } from "./intake.ts";

interface Name {
  readonly table: number;
  readonly number: number;
  readonly text: string;
}

/** Longest name that is told, in bytes: an address and what a client calls itself. */
const maxNameBytes = 4096;

/** A sink to which names go as records too: each before the record that first uses its number, or that one is dropped. */
export class NamedSink implements RecordSink {
  readonly #sink: RecordSink;
  #untold: Name[] = [];
  #drops = 0;

  constructor(sink: RecordSink) {
    this.#sink = sink;
  }

  tell(it: Told): void {
    if (it.tell === "principal") this.#add(nameTables.principal, it.slot, [it.principal, it.tenant]);
    else if (it.tell === "model") this.#add(nameTables.model, it.number, [it.name]);
    else this.#add(nameTables.origin, it.number, [it.address, it.agent.slice(0, 512)]);
  }

  #add(table: number, number: number, names: readonly (string | undefined)[]): void {
    this.#untold.push({ table, number, text: JSON.stringify(names) });
  }

  push(head: RecordHead, payload: Uint8Array | undefined, limit: number): boolean {
    if (this.#untold.length > 0 && !this.#tellAll(head.time)) {
      this.#drops++;
      return false;
    }
    return this.#sink.push(head, payload, limit);
  }

  #tellAll(time: number): boolean {
    for (const [i, { table, number, text }] of this.#untold.entries()) {
      const head = { kind: recordKind.name, sequence: 0, a: table, b: number, c: 0, d: 0, time };
      if (this.#sink.push(head, Buffer.from(text), maxNameBytes)) continue;
      this.#untold = this.#untold.slice(i);
      return false;
    }
    this.#untold = [];
    return true;
  }

  get drops(): number {
    return this.#drops + this.#sink.drops;
  }
}
