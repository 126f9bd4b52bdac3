import { maxTappedBytes } from "../limits.ts";
import { endFlags } from "../tap/tap.ts";
import type { Entered } from "./door.ts";
import type { Surroundings } from "./surroundings.ts";

/** One exchange as the detectors get it: its request, what of its answer they may see, its end. It never waits for them. */
export class Watched {
  readonly #entered: Entered;
  readonly #around: Surroundings;
  #sequence: number | undefined;
  #tapped = 0;
  #flags = 0;

  constructor(entered: Entered, around: Surroundings) {
    this.#entered = entered;
    this.#around = around;
  }

  /** Says something of the answer: see `endFlags`. */
  mark(flags: number): void {
    this.#flags |= flags;
  }

  /** Copies the request. False when this model, or this principal, must not be answered unwatched. */
  request(model: string, body: Buffer, now: number): boolean {
    const { served, who } = this.#entered;
    const { client, address, head } = who;
    const { tap, policy, orders } = this.#around;
    if (served.route.operation === "look") return true;
    const failClosed = policy.models.get(model)?.failClosed === true;
    if (failClosed && this.#around.isBlind()) return false;
    this.#sequence = tap.ask(
      {
        slot: client.slot,
        route: served.index,
        model: tap.modelNumber(model),
        origin: (who.origin ??= tap.originNumber(address, head.agent ?? "")),
        jsonLength: head.jsonLength === undefined ? undefined : Number(head.jsonLength),
        time: now,
      },
      body,
    );
    if (this.#sequence !== undefined) return true;
    this.#around.dropped(client.principal);
    // Who is under an order is answered only while somebody watches.
    return !failClosed && orders.restriction(client.principal, client.tenant, undefined, now) === undefined;
  }

  /** Copies a part of the answer, as long as they fit. */
  part(bytes: Buffer): void {
    if (this.#sequence === undefined || (this.#flags & endFlags.broken) !== 0) return;
    this.#tapped += bytes.length;
    const fits = this.#tapped <= maxTappedBytes && this.#around.tap.part(this.#sequence, bytes, 0);
    if (fits) return;
    this.#flags |= endFlags.broken;
    this.#around.dropped(this.#entered.who.client.principal);
  }

  end(complete: boolean, status: number, answerJson: number | undefined, now: number): void {
    if (this.#sequence === undefined) return;
    const flags = this.#flags | (complete ? 0 : endFlags.broken);
    if (this.#around.tap.end(this.#sequence, status, answerJson, flags, now)) return;
    this.#around.dropped(this.#entered.who.client.principal);
  }
}
