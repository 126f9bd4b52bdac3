// The chain of everything that was decided: appended in the transaction that stores what it is about, or not at all.
import { createPrivateKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { join } from "node:path";
import {
  append,
  checkpoint,
  genesis,
  revealed,
  signerOf,
  verifyChain,
  verifyCheckpoint,
  type Checkpoint,
  type Entry,
  type Head,
  type JsonObject,
  type Signer,
} from "@outweigh/evidence";
import type { ActivityEntry, EvidencePage } from "@outweigh/schema";
import { secretIn } from "../auth/tokens.ts";
import {
  addCheckpoint,
  addEntries,
  beginLog,
  checkpoints,
  entriesFrom,
  loadHead,
  lockHead,
  storeHead,
  type FiledEntry,
} from "../store/evidence.ts";
import type { Db, Tx } from "../store/state/state.ts";
import { storable, storableJson } from "../store/text.ts";
import { Turns } from "../turns.ts";

/** Entries between two signed checkpoints: few enough that little is unsigned, many enough that signing costs nothing. */
const checkpointEvery = 100;
/** Entries that are checked at a time before others get their turn. */
const pageEntries = 1000;
/** How long an answer about the whole chain is given again, in ms: checking reads all of it. */
const checkedMs = 10_000;
/** And for so many times what checking took: a long log must not be checked all day. */
const checkedShare = 20;
/** Random bytes of the key that salts fields. */
const saltKeyBytes = 32;

/** One decision or observation, in words and with what it put on record. */
export interface Decision {
  /** What kind of thing: `incident-assigned`, `action-undone`. */
  readonly kind: string;
  /** Who: a person's name, or `outweigh`. */
  readonly by: string;
  /** The id of the incident, action, source or copy it is about. */
  readonly subject?: string | undefined;
  /** As people read it: "assigned to ana". */
  readonly text: string;
  /** More that must not be changed later. */
  readonly fields?: JsonObject | undefined;
}

/** Who decides when no person does. */
export const self = "outweigh";

type ChainState = EvidencePage["chain"];

export class EvidenceLog {
  readonly signer: Signer;
  readonly saltKey: Buffer;
  #checked: ChainState | undefined;
  /** How long the last check took, in ms. */
  #tookMs = 0;
  #checking: Promise<ChainState> | undefined;

  constructor(signer: Signer, saltKey: Buffer) {
    this.signer = signer;
    this.saltKey = saltKey;
  }

  /** Opens the log; its keys lie in `folder`, readable for their owner alone, and are made at the first start. */
  static async open(db: Db, folder: string): Promise<EvidenceLog> {
    const pem = await secretIn(join(folder, "evidence.key"), () =>
      generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    );
    const salt = await secretIn(join(folder, "evidence.salt"), () => randomBytes(saltKeyBytes).toString("hex"));
    const log = new EvidenceLog(signerOf(createPrivateKey(pem)), Buffer.from(salt, "hex"));
    await beginLog(db);
    return log;
  }

  /** Where the log stands now, signed. Packs of later show that the log grew from there: whoever keeps it can prove that it did not. */
  async stands(db: Db, now: number): Promise<Checkpoint> {
    return db.transaction().execute(async (tx) => {
      const head = await requireHead(tx);
      const last = (await checkpoints(tx)).at(-1);
      if (last?.size === head.size) return last;
      const it = checkpoint(head, now, this.signer);
      await addCheckpoint(tx, it);
      return it;
    });
  }

  /** Appends within a transaction: the entries are there exactly if what they are about is. */
  async append(tx: Tx, decisions: readonly Decision[], now: number): Promise<void> {
    if (decisions.length === 0) return;
    let head = await requireHead(tx);
    const filed: FiledEntry[] = [];
    const signed: Head[] = [];
    const turns = new Turns();
    for (const it of decisions) {
      await turns.give();
      const text = storable(it.text);
      const by = storable(it.by);
      const subject = it.subject === undefined ? undefined : storable(it.subject);
      const body = { time: now, kind: it.kind, by, subject, fields: { text, ...storableFields(it.fields) } };
      const next = append(head, body, this.saltKey);
      filed.push({ entry: next.entry, by, subject, text });
      head = next.head;
      if (head.size % checkpointEvery === 0) signed.push(head);
    }
    await addEntries(tx, filed);
    await storeHead(tx, head);
    for (const it of signed) await addCheckpoint(tx, checkpoint(it, now, this.signer));
  }

  /** Signs where the log stands now. */
  async checkpoint(tx: Tx, now: number): Promise<void> {
    await addCheckpoint(tx, checkpoint(await requireHead(tx), now, this.signer));
  }

  /** Whether the whole chain holds: every entry, every checkpoint's signature and root, and the end. */
  async check(db: Db, now: number): Promise<ChainState> {
    const goodMs = Math.max(checkedMs, checkedShare * this.#tookMs);
    if (this.#checked && now - this.#checked.checkedAt < goodMs) return this.#checked;
    this.#checking ??= this.#checkNow(db, now).finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  async #checkNow(db: Db, now: number): Promise<ChainState> {
    const began = performance.now();
    this.#checked = await checkChain(db, now);
    this.#tookMs = performance.now() - began;
    return this.#checked;
  }
}

async function requireHead(tx: Tx): Promise<Head> {
  const head = await lockHead(tx);
  if (!head) throw new Error("the evidence log has no beginning");
  return head;
}

async function checkChain(db: Db, now: number): Promise<ChainState> {
  // In this order: what is signed by now must be in the log that ends later.
  const signed = await checkpoints(db);
  const end = await loadHead(db);
  if (!end) return { ok: false, entries: 0, checkedAt: now, problem: "the log's end is missing" };
  let head = genesis(end.origin);
  const bad = (problem: string): ChainState => ({ ok: false, entries: head.size, checkedAt: now, problem });
  const turns = new Turns();
  let next = 0;
  while (head.size < end.size) {
    const entries = await entriesFrom(db, head.size, Math.min(pageEntries, end.size - head.size));
    if (entries.length === 0) return bad(`entry ${head.size} is missing; the log ends at ${end.size}`);
    for (const entry of entries) {
      await turns.give();
      const step = verifyChain([entry], head);
      if (step.problem !== undefined) return bad(step.problem);
      head = step.head;
      for (; signed[next]?.size === head.size; next++) {
        const problem = problemOfCheckpoint(signed[next], head);
        if (problem !== undefined) return bad(problem);
      }
    }
  }
  if (head.last !== end.last) return bad("the last entry is not the one that the log ends with");
  const beyond = signed.slice(next).find((it) => it.size > head.size);
  if (beyond) return bad(`a checkpoint of ${beyond.size} entries was signed, but only ${head.size} are there`);
  return { ok: true, entries: head.size, checkedAt: now };
}

function problemOfCheckpoint(it: Awaited<ReturnType<typeof checkpoints>>[number] | undefined, head: Head) {
  if (!it || !verifyCheckpoint(it)) return `the checkpoint of ${head.size} entries is not signed by its key`;
  const here = checkpointRoot(head);
  return it.root === here ? undefined : `the first ${head.size} entries are not those that a checkpoint signed`;
}

/** The root that a checkpoint of this head would have: signed with nothing, for comparing alone. */
function checkpointRoot(head: Head): string {
  return checkpoint(head, 0, { publicKey: "", sign: () => "" }).root;
}

/** An entry as people read it. */
export function toActivity(entry: Entry): ActivityEntry & { subject?: string } {
  const { by, subject, fields } = revealed(entry);
  const text = fields["text"];
  return {
    seq: entry.seq,
    at: entry.time,
    by: by ?? "",
    kind: entry.kind,
    text: typeof text === "string" ? text : "",
    hash: entry.hash,
    ...(subject !== undefined && { subject }),
  };
}

/** Fields as the database gives them back: what is hashed must be what is stored. */
function storableFields(fields: JsonObject | undefined): JsonObject {
  return fields === undefined ? {} : JSON.parse(storableJson(fields));
}
