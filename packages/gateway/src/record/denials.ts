import { hash } from "node:crypto";
import type { GatewayRecord } from "@outweigh/schema";
import type { DenialNote } from "../front/surroundings.ts";

/** Kinds of denials of one principal that are counted apart; beyond, they share one line for each code, on no route and model. */
const maxKindsEach = 50;
/** Lines that are counted at once, over all principals; beyond, what comes new is not told. */
const maxLines = 10_000;

/** Counts telling denials, so that a flood of them is one record every ten seconds for each kind. */
export class Denials {
  readonly #counts = new Map<string, { readonly note: DenialNote; readonly first: number; count: number }>();
  readonly #kinds = new Map<string, number>();

  add(note: DenialNote, now: number): void {
    const { principal } = note;
    if (this.#count(note)) return;
    const kinds = this.#kinds.get(principal) ?? 0;
    const isNew = kinds < maxKindsEach;
    const told = isNew ? note : { ...note, model: undefined, route: "several" };
    if (!isNew && this.#count(told)) return;
    if (this.#counts.size >= maxLines) return;
    this.#kinds.set(principal, kinds + 1);
    this.#counts.set(keyOf(told), { note: told, first: now, count: 1 });
  }

  /** Whether it is one of a kind that is counted already. */
  #count(note: DenialNote): boolean {
    const known = this.#counts.get(keyOf(note));
    if (known) known.count++;
    return known !== undefined;
  }

  /** What was counted, as records; counting begins anew. */
  take(gateway: string): GatewayRecord[] {
    const out = [...this.#counts.values()].map(({ note, first, count }): GatewayRecord => {
      const { principal, credential, model, address, agent, code, route } = note;
      return {
        kind: "denied",
        id: hash("sha256", JSON.stringify([gateway, first, principal, code, route, model]), "hex").slice(0, 32),
        time: first,
        gateway,
        principal,
        ...(credential !== undefined && { credential }),
        ...(model !== undefined && { model: model.slice(0, 128) }),
        address: address.slice(0, 64),
        ...(agent !== undefined && { userAgent: agent.slice(0, 256) }),
        code,
        route,
        count,
      };
    });
    this.#counts.clear();
    this.#kinds.clear();
    return out;
  }
}

function keyOf({ principal, code, route, model }: DenialNote): string {
  return JSON.stringify([principal, code, route, model]);
}
