import type { Duplex } from "node:stream";
import { recordKind, type RecordHead, type RingWriter } from "../tap/ring.ts";
import { endFlags, type Tap } from "../tap/tap.ts";
import { readWire } from "../tap/wire.ts";

/** What records of another process become records of ours by. */
export interface IntakeOptions {
  readonly ring: RingWriter;
  readonly tap: Tap;
  /** Our slot of a principal; undefined when there is no room for more. */
  readonly slotOf: (principal: string, tenant: string | undefined) => number | undefined;
}

/** Tables of names that a process tells, each name before the record that first uses its number. */
export const nameTables = { principal: 1, model: 2, origin: 3 } as const;

/**
 * Takes the records of one process into the ring of the detectors: its numbers for principals, models, origins and exchanges become
 * ours, so that one principal is one stream however many processes carry it.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #numbers = new Map<number, Map<number, number>>();
  /** Exchanges that have not ended, by their number. */
  readonly #open = new Map<number, { readonly sequence: number; readonly slot: number }>();

  constructor(stream: Duplex, options: IntakeOptions) {
    this.#options = options;
    readWire(stream, (head, payload) => this.#take(head, payload));
  }

  #take(head: RecordHead, payload: Buffer): boolean {
    const { ring } = this.#options;
    if (head.kind === recordKind.name) {
      this.#name(head.a, head.b, payload.toString());
      return true;
    }
    if (!ring.hasRoom(payload.length)) return false;
    if (head.kind === recordKind.ask) {
      const ours = this.#translated(head);
      this.#open.set(head.sequence, { sequence: ours.sequence, slot: ours.a });
      ring.push(ours, payload, payload.length);
      return true;
    }
    const open = this.#open.get(head.sequence);
    if (!open) return true;
    if (head.kind === recordKind.end) this.#open.delete(head.sequence);
    ring.push({ ...head, sequence: open.sequence }, payload, payload.length);
    return true;
  }

  #translated(head: RecordHead): RecordHead {
    const number = (table: number, from: number) => this.#numbers.get(table)?.get(from) ?? 0;
    return {
      ...head,
      sequence: this.#options.tap.nextSequence(),
      a: number(nameTables.principal, head.a),
      b: (head.b & ~0xfff) | (number(nameTables.model, head.b & 0xfff) & 0xfff),
      c: number(nameTables.origin, head.c),
    };
  }

  #name(table: number, number: number, text: string): void {
    const ours = this.#ours(table, JSON.parse(text));
    if (ours === undefined) return;
    const known = this.#numbers.get(table) ?? new Map<number, number>();
    this.#numbers.set(table, known.set(number, ours));
  }

  #ours(table: number, [name = "", more]: readonly string[]): number | undefined {
    const { tap, slotOf } = this.#options;
    if (table === nameTables.principal) return slotOf(name, more);
    return table === nameTables.model ? tap.modelNumber(name) : tap.originNumber(name, more ?? "");
  }

  /** The process is gone: exchanges without an end are given up. @returns Whose they were, by slot. */
  end(now: number): number[] {
    const lost = [...this.#open.values()];
    for (const { sequence } of lost) {
      const head = { kind: recordKind.end, sequence, a: 0, b: -1, c: endFlags.broken, d: 0, time: now };
      this.#options.ring.push(head, undefined, 0);
    }
    this.#open.clear();
    return lost.map((it) => it.slot);
  }
}
