// Captures of a gateway are sealed to a key of their own. The private half lies here, and is given out only while an action to open the
// capture holds, to which two people agreed.
import { generateKeyPairSync } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ActionRow } from "@outweigh/schema";
import type { FastifyBaseLogger } from "fastify";
import { z } from "zod";
import { ServerError } from "../error.ts";
import { self, type EvidenceLog } from "../evidence/log.ts";
import { actionById, openOf } from "../store/actions.ts";
import type { Db } from "../store/state/state.ts";
import { done, notDone, type Act } from "./action.ts";

/** How long a capture may be opened once two people agreed, in ms: long enough to copy the files and look. */
const openMs = 3_600_000;

/** How long a key stays after its capture's end, in ms: the gateway removes the sealed files after 30 days; a copy of them is worth nothing then. */
const keepMs = 31 * 86_400_000;
/** How often is looked which keys are over, in ms. */
const lookMs = 3_600_000;

/** The private keys of captures, a file for each in the data folder, readable by its owner alone. */
export class CaptureKeys {
  readonly #folder: string;

  constructor(dataDir: string) {
    this.#folder = join(dataDir, "captures");
  }

  /** Makes the pair of a capture. @returns The public half: X25519, SubjectPublicKeyInfo, base64. */
  async make(action: string): Promise<string> {
    const { publicKey, privateKey } = generateKeyPairSync("x25519");
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const pem = privateKey.export({ type: "pkcs8", format: "pem" });
    await writeFile(this.#path(action), pem, { flag: "wx", mode: 0o600 });
    return publicKey.export({ type: "spki", format: "der" }).toString("base64");
  }

  /** The private half in PEM; undefined where there is none. */
  async pem(action: string): Promise<string | undefined> {
    return readFile(this.#path(action), "utf8").catch(() => undefined);
  }

  /** Removes the keys of captures that ended long ago, now and then every hour until `stop` is called. */
  watch(options: KeysEnd & { readonly log: Pick<FastifyBaseLogger, "error"> }): { readonly stop: () => Promise<void> } {
    let looking: Promise<void> = Promise.resolve();
    const look = () => {
      looking = this.removeDue(options).catch((err: unknown) =>
        options.log.error({ err }, "keys of captures could not be looked after"),
      );
    };
    look();
    const timer = setInterval(look, lookMs);
    timer.unref();
    return {
      stop: () => {
        clearInterval(timer);
        return looking;
      },
    };
  }

  /** What `watch` does each time. A key of which no action is known stays: its capture may be in a backup that is restored later. */
  async removeDue({ db, evidence, now }: KeysEnd): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names) {
      const [, id] = /^(action-[0-9a-f-]{36})\.pem$/.exec(name) ?? [];
      const found = id === undefined ? undefined : await actionById(db, id);
      if (id === undefined || !found || endOf(found.row) + keepMs > now() || (await openOf(db, id, now()))) continue;
      const text = `removed the key of ${found.row.title}: nobody can open it any more`;
      const subject = found.row.incident ?? id;
      const decision = { kind: "capture-key-removed", by: self, subject, text, fields: { capture: id } };
      // The record first: that a key is gone must never be unknown.
      await db.transaction().execute((tx) => evidence.append(tx, [decision], now()));
      await rm(this.#path(id), { force: true });
    }
  }

  #path(action: string): string {
    // Ids of actions are ours; no other name reaches the disk.
    if (!/^action-[0-9a-f-]{36}$/.test(action)) throw new ServerError("NOT_FOUND", "there is no such capture");
    return join(this.#folder, `${action}.pem`);
  }
}

interface KeysEnd {
  readonly db: Db;
  readonly evidence: EvidenceLog;
  now(): number;
}

/** When a capture ended; one that never came about, when it was proposed. */
function endOf({ state, at, undoneAt }: ActionRow): number {
  return state === "running" || state === "verified" ? Infinity : (undoneAt ?? at);
}

const record = z.object({ gateway: z.string(), principal: z.string(), order: z.string() });
const plan = z.object({ capture: z.string(), order: z.string() });

/** Opens a capture: from then on, for an hour, its key is given to a lead who asks. Each time stands in the evidence. */
export function openCapture({ db, keys }: { readonly db: Db; readonly keys: CaptureKeys }): Act {
  return {
    verb: "open-capture",

    async preview(target) {
      const found = await actionById(db, target);
      const read = record.safeParse(found?.record);
      const title = `Open the capture ${read.data?.order ?? target}`;
      if (found?.row.verb !== "capture" || !read.success)
        return { ok: false, title, refused: "there is no such capture" };
      if ((await keys.pem(target)) === undefined)
        return { ok: false, title, refused: "its key is gone: nobody can open it any more" };
      const { order, principal } = read.data;
      return {
        ok: true,
        plan: {
          title: `Open the capture ${order}: what ${principal} asked and was answered`,
          effects: [
            "For an hour a lead gets its key, by outweigh capture open or the API. Each time stands in the evidence",
            `Nothing is sent anywhere: the sealed files lie in the gateway's data folder, captures/${order}`,
            "What was read cannot be unread",
          ],
          undoable: true,
          lasts: openMs,
          plan: { capture: target, order },
        },
      };
    },

    async apply(agreed) {
      return plan.parse(agreed);
    },

    async verify(it) {
      const { capture } = plan.parse(it);
      return (await keys.pem(capture)) === undefined ? notDone("its key is gone") : done("its key can be asked for");
    },

    // While it is undone its key is not given out: that is all there is to it.
    async undo() {},
  };
}
