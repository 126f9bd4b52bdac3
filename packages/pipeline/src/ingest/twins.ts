import type { OcsfEvent } from "@outweigh/schema";
import { addressOf, field } from "../detect/events.ts";
import { Remembered, type RememberedState } from "../remembered.ts";

/** How far apart the two records of one request may be, in ms: the registry writes them one after the other, whole seconds in one. */
const apartMs = 5000;
/** Most requests whose second record is still awaited. */
const maxAwaited = 4096;

/**
 * Recognises the second of two records about one request. An OCI registry writes each request to the same stream twice, as an
 * access line and as the end of its own JSON account; read twice it would be two reads. Only records that name nobody
 * pair off, so that no record with a name is ever lost to one without.
 */
export class Twins {
  readonly #awaited = new Remembered<{ form: string; count: number }>(maxAwaited, apartMs);

  /** Whether this event is the other record of one that was taken already. */
  isSecond(event: OcsfEvent): boolean {
    const form = field(event.unmapped, "form");
    if (field(event.unmapped, "dialect") !== "oci" || event.vouched !== false || typeof form !== "string") return false;
    const key = JSON.stringify([
      event.source,
      addressOf(event),
      field(event.http_request, "http_method"),
      field(field(event.http_request, "url"), "url_string"),
      event.status_code,
      field(event.http_response, "body_length"),
    ]);
    const waiting = this.#awaited.recall(key, event.time);
    if (waiting && waiting.form !== form) {
      if (waiting.count > 1) this.#awaited.keep(key, { form: waiting.form, count: waiting.count - 1 }, event.time);
      else this.#awaited.forget(key);
      return true;
    }
    this.#awaited.keep(key, { form, count: (waiting?.count ?? 0) + 1 }, event.time);
    return false;
  }

  snapshot(): RememberedState {
    return this.#awaited.snapshot();
  }

  restore(state: unknown): void {
    this.#awaited.restore(state);
  }
}
