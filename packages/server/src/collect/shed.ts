// What was sent and not taken, by its reason. The reasons are ours: no sender can make their list long.

type ShedReason =
  | "from an address that is not allowed"
  | "too many connections"
  | "sent too fast"
  | "too long"
  | "while too much waited to be read"
  | "no TLS handshake"
  | "the connection stopped inside a message";

export class Shed {
  readonly #counts = new Map<ShedReason, number>();

  count(reason: ShedReason): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
  }

  list(): { reason: string; count: number }[] {
    return [...this.#counts].map(([reason, count]) => ({ reason, count }));
  }
}
