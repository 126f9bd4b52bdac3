import { hash } from "node:crypto";
import type { GatewayRecord } from "@outweigh/schema";
import type { DenialNote } from "../front/surroundings.ts";

/** Kinds of denials that are counted at once; beyond, they share one line. */
const maxKinds = 1_000;

/** Counts telling denials, so that a flood of them is one record every ten seconds for each kind. */
export class Denials {
  readonly #counts = new Map<string, { readonly note: DenialNote; readonly first: number; count: number }>();

  add(note: DenialNote, now: number): void {
    const key = JSON.stringify([note.principal, note.code, note.route, note.model]);
    const known = this.#counts.get(key);
    if (known) known.count++;
    else if (this.#counts.size < maxKinds) this.#counts.set(key, { note, first: now, count: 1 });
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
    return out;
  }
}
