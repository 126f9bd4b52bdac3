import type { Metered } from "../admission/meters.ts";
import type { Captures } from "../capture/captures.ts";
import type { Challenges } from "../orders/challenge.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import type { Marks } from "../marks/marks.ts";
import type { OrderBook } from "../orders/order-book.ts";
import type { Policy } from "../policy/policy.ts";
import type { Tap } from "../tap/tap.ts";
import type { Pools } from "../upstream/pools.ts";
import type { Clients } from "./clients.ts";
import type { Strangers } from "./strangers.ts";

/** A refusal that the owner should hear of. */
export interface DenialNote {
  readonly principal: string;
  readonly credential: string | undefined;
  readonly model: string | undefined;
  readonly address: string;
  readonly agent: string | undefined;
  readonly code: string;
  readonly route: string;
}

/** All that an exchange needs. Policy, keys and orders are replaced whole while exchanges run: each reads them once. */
export interface Surroundings {
  policy: Policy;
  keys: KeyRing;
  orders: OrderBook;
  readonly challenges: Challenges;
  readonly marks: Marks;
  readonly captures: Captures;
  readonly clients: Clients;
  readonly strangers: Strangers;
  readonly pools: Pools;
  readonly tap: Tap;
  /** Whether detectors see everything at this moment. */
  readonly isBlind: () => boolean;
  readonly denied: (note: DenialNote) => void;
  /** So many requests went on to a model server whose own count is compared. */
  readonly sent: (upstream: string, count: number) => void;
  /** Where there are several processes: what a proof of work has to give in all of them together. */
  readonly once?: (proof: string) => Metered;
  /** Called when the ring had no room. */
  readonly dropped: (principal: string) => void;
  /** Most bytes of request bodies that are held at once in this process. */
  readonly maxBytesInFlight: number;
  /** Bytes of request bodies that are held now. */
  bytesInFlight: number;
  /** Exchanges that run now. */
  running: number;
  /** Set when the gateway stops: connections are closed after their answer. */
  draining: boolean;
}
