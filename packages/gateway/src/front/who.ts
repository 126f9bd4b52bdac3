import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Holder } from "../keys/key-ring.ts";
import { refuse, type Refusal } from "../refusal.ts";
import type { Client } from "./clients.ts";
import { credentialFields, readHead, type Head } from "./head.ts";
import type { Surroundings } from "./surroundings.ts";

/** Who asks. */
export interface Who {
  readonly head: Head;
  readonly holder: Holder;
  readonly client: Client;
  readonly address: string;
  /** The tap's number for address and agent, once it was needed. */
  origin: number | undefined;
}

type Asking = Pick<IncomingMessage, "socket" | "rawHeaders">;
/** Where it is looked up who that is. */
type Directory = Pick<Surroundings, "policy" | "keys" | "clients" | "strangers">;

/** What the last request on a connection said in its header fields, and what that meant. */
interface Remembered {
  readonly fields: readonly string[];
  /** Where among them the credential stands. */
  readonly at: number;
  /** Names the keys that it was found among: others are looked up anew. Not the keys: each connection could keep those of another reload. */
  readonly keys: symbol;
  readonly who: Who;
}

/**
 * One for each connection, and no longer than that lasts: a client repeats its header fields word for word, and reading them costs as much as
 * all that is decided on them. Where a proxy in front carries several clients on one connection, each is read anew when they change.
 */
const remembered = new WeakMap<Socket, Remembered>();
/** Longest header fields that are remembered, in characters: official clients send about 700. */
const maxRemembered = 2048;

/** The same for every key that is none: what it was is nobody's business. */
const unknownKey = refuse(401, "UNKNOWN_KEY", "no valid key was sent", { shouldRetry: false });
const tooManyGuesses = refuse(429, "TOO_MANY_GUESSES", "too many invalid keys from this address", {
  retryAfter: 60,
  shouldRetry: false,
});

/** Reads who asks from a request's header fields: from its key, at this moment. */
export function whoAsks({ socket, rawHeaders }: Asking, around: Directory, now: number): Who | Refusal {
  const before = remembered.get(socket);
  // A key that was revoked or replaced is in another ring, one that expired says so.
  const known =
    before?.keys === around.keys.name && now < before.who.holder.expiresAt && isCredentialOf(before, rawHeaders)
      ? before
      : undefined;
  if (known && areFieldsOf(known, rawHeaders)) return known.who;
  const head = readHead(rawHeaders);
  if ("status" in head) return head;
  const who = known ? { ...known.who, head, origin: undefined } : newcomer(head, socket, around, now);
  if (!("status" in who)) remember(socket, rawHeaders, around.keys.name, who);
  return who;
}

function newcomer(head: Head, socket: Socket, around: Directory, now: number): Who | Refusal {
  const { policy, keys, clients, strangers } = around;
  const address = socket.remoteAddress ?? "";
  const holder = head.secret === undefined ? undefined : keys.find(head.secret, now);
  if (!holder) return strangers.mayGuess(address, now) ? unknownKey : tooManyGuesses;
  const { principal, tenant, plan } = holder;
  const client = clients.of(principal, tenant, plan, policy.plan(plan).limits, policy.section.tenantLimits);
  if (!client) return refuse(503, "TOO_MANY_PRINCIPALS", "no more principals can be metered", { retryAfter: 60 });
  return { head, holder, client, address, origin: undefined };
}

/** Asked first, and in the same time wherever two of one length differ: who does not have the key learns nothing of who does. */
function isCredentialOf({ fields, at }: Remembered, given: readonly string[]): boolean {
  const [mine, theirs] = [fields[at + 1] ?? "", given[at + 1] ?? ""];
  if (given[at] !== fields[at] || theirs.length !== mine.length) return false;
  let difference = 0;
  for (let i = 0; i < mine.length; i++) difference |= mine.charCodeAt(i) ^ theirs.charCodeAt(i);
  return difference === 0;
}

/** Whether all other fields are the same too, but for the body's length, which says nothing of who asks. */
function areFieldsOf({ fields, at }: Remembered, given: readonly string[]): boolean {
  if (given.length !== fields.length) return false;
  for (let i = 0; i < given.length; i += 2) {
    const name = given[i];
    if (name !== fields[i]) return false;
    if (i !== at && given[i + 1] !== fields[i + 1] && name !== "content-length" && name !== "Content-Length")
      return false;
  }
  return true;
}

function remember(socket: Socket, fields: readonly string[], keys: symbol, who: Who): void {
  const at = fields.findIndex((it, i) => i % 2 === 0 && credentialFields.includes(it.toLowerCase()));
  const length = fields.reduce((sum, it) => sum + it.length, 0);
  if (length <= maxRemembered) remembered.set(socket, { fields, at, keys, who });
  else remembered.delete(socket);
}
