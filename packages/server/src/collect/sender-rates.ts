// How fast each sender may send: a loud one must not be able to drown the others.
import { isIPv6 } from "node:net";
import { burstMessages, maxSenders, messagesPerSecond, usualBytes } from "./limits.ts";

/**
 * Whose an address is, for limits: it itself, and of IPv6 its /64. Who has one address there has all of that network, and would be as
 * many senders as they like.
 */
export function ownerOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  // An address of IPv4 at the end stands for two groups.
  const groups = back.length + (back.at(-1)?.includes(".") === true ? 1 : 0);
  const zeros = tail === undefined ? 0 : 8 - front.length - groups;
  const all = [...front, ...Array<string>(Math.max(0, zeros)).fill("0"), ...back];
  return `${all
    .slice(0, 4)
    .map((it) => Number.parseInt(it, 16).toString(16))
    .join(":")}::/64`;
}

interface Purse {
  left: number;
  at: number;
}

/** One purse of messages for each sender, filled again with time. Times are ms of a clock that never goes back. */
export class SenderRates {
  readonly #purses = new Map<string, Purse>();
  /** For whoever comes when all are known: forged addresses must not cost memory. */
  readonly #others: Purse = { left: burstMessages, at: 0 };

  /** Whether one more message of so many bytes may come. One that may is paid for. */
  mayCome(sender: string, bytes: number, now: number): boolean {
    const purse = this.#purse(sender, now);
    if (purse.left < 1) return false;
    purse.left -= costOf(1, bytes);
    return true;
  }

  /** Pays for what is here already. Answers for how long, in ms, the sender is to be kept waiting. */
  pay(sender: string, { messages, bytes }: { readonly messages: number; readonly bytes: number }, now: number): number {
    const purse = this.#purse(sender, now);
    purse.left -= costOf(messages, bytes);
    return purse.left >= 0 ? 0 : Math.ceil((-purse.left / messagesPerSecond) * 1000);
  }

  #purse(sender: string, now: number): Purse {
    const known = this.#purses.get(sender);
    if (known) return filled(known, now);
    if (this.#purses.size >= maxSenders) this.#forgetFull(now);
    if (this.#purses.size >= maxSenders) return filled(this.#others, now);
    const purse = { left: burstMessages, at: now };
    this.#purses.set(sender, purse);
    return purse;
  }

  /** A purse that is full again says nothing of its sender. */
  #forgetFull(now: number): void {
    for (const [sender, it] of this.#purses) if (filled(it, now).left >= burstMessages) this.#purses.delete(sender);
  }
}

/** Long messages cost more than one. */
function costOf(messages: number, bytes: number): number {
  return Math.max(messages, Math.ceil(bytes / usualBytes));
}

function filled(purse: Purse, now: number): Purse {
  purse.left = Math.min(burstMessages, purse.left + ((now - purse.at) / 1000) * messagesPerSecond);
  purse.at = now;
  return purse;
}
