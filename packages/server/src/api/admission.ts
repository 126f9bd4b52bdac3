// How much of what is being sent may be held in memory, by whom and for how long: an idle or greedy sender must cost the
// others nothing.
import type { Readable } from "node:stream";
import { ServerError } from "../error.ts";
import {
  maxIngestBytes,
  maxIngestInFlight,
  maxPauseMs,
  maxUploads,
  maxUploadsPerToken,
  minBytesPerSecond,
  ownIngestBytes,
} from "../limits.ts";

/** One upload that was let in. */
export interface Upload {
  /** @throws {ServerError} BUSY when the memory for uploads is taken, TOO_LARGE. */
  take(bytes: number): void;
  /** What it held is free again. */
  leave(): void;
}

/** Counts bytes that are here, not bytes that were promised: an upload that sends nothing holds nothing. */
export class Admission {
  /** Bytes that all uploads hold together, beyond what each sender has for itself. */
  #shared = 0;
  #uploads = 0;
  readonly #senders = new Map<string, { uploads: number; bytes: number }>();

  /**
   * Lets one upload of a sender in, before a byte of it is read.
   *
   * @throws {ServerError} BUSY when that sender, or all of them, have too many under way.
   */
  enter(sender: string): Upload {
    const own = this.#senders.get(sender) ?? { uploads: 0, bytes: 0 };
    if (own.uploads >= maxUploadsPerToken) {
      throw new ServerError("BUSY", `${maxUploadsPerToken} uploads with this token are under way: wait for one to end`);
    }
    if (this.#uploads >= maxUploads) throw new ServerError("BUSY", "too many uploads are under way: try again later");
    this.#senders.set(sender, own);
    own.uploads++;
    this.#uploads++;
    let held = 0;
    let isIn = true;
    return {
      take: (bytes) => {
        if (held + bytes > maxIngestBytes) {
          throw new ServerError("TOO_LARGE", `longer than ${maxIngestBytes} bytes: send it in several requests`);
        }
        const more = sharedOf(own.bytes + bytes) - sharedOf(own.bytes);
        if (this.#shared + more > maxIngestInFlight) {
          throw new ServerError("BUSY", "too many records are being received at once: try again in a moment");
        }
        held += bytes;
        own.bytes += bytes;
        this.#shared += more;
      },
      leave: () => {
        if (!isIn) return;
        isIn = false;
        this.#shared -= sharedOf(own.bytes) - sharedOf(own.bytes - held);
        own.bytes -= held;
        own.uploads--;
        this.#uploads--;
        if (own.uploads === 0) this.#senders.delete(sender);
      },
    };
  }
}

/** Of what a sender holds, the part that others could have used: its first bytes are its own. */
function sharedOf(bytes: number): number {
  return Math.max(0, bytes - ownIngestBytes);
}

/** Pieces that are put together at once. A buffer costs some hundred bytes besides its own: who sends single bytes must not multiply them. */
const maxPieces = 1024;

/**
 * Reads a body to its end. Not by `for await`, which would end the connection with the body: the sender must hear why.
 *
 * @throws {ServerError} TOO_SLOW for one that stalls or trickles; what `upload.take` throws. The rest is not read then.
 */
export function readBody(body: Readable, upload: Upload): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let fresh: Buffer[] = [];
  const began = performance.now();
  let bytes = 0;
  let pause: NodeJS.Timeout | undefined;
  return new Promise<Buffer>((done, failed) => {
    const fail = (error: unknown) => {
      body.off("data", take).pause();
      failed(error);
    };
    const watch = () => {
      clearTimeout(pause);
      pause = setTimeout(() => fail(tooSlow()), maxPauseMs);
    };
    const take = (piece: Buffer) => {
      bytes += piece.length;
      const tookMs = performance.now() - began;
      if (tookMs > maxPauseMs && bytes < (tookMs / 1000) * minBytesPerSecond) return fail(tooSlow());
      try {
        upload.take(piece.length);
      } catch (error) {
        return fail(error);
      }
      fresh.push(piece);
      if (fresh.length >= maxPieces) {
        pieces.push(Buffer.concat(fresh));
        fresh = [];
      }
      watch();
    };
    watch();
    body.on("data", take);
    body.once("end", () => done(Buffer.concat([...pieces, ...fresh], bytes)));
    body.once("error", failed);
    body.once("close", () => failed(new ServerError("BAD_REQUEST", "the body ended before its end")));
  }).finally(() => clearTimeout(pause));
}

function tooSlow(): ServerError {
  const wanted = `at least ${minBytesPerSecond} bytes a second, and no pause of ${maxPauseMs} ms`;
  return new ServerError("TOO_SLOW", `the records came too slowly: send ${wanted}`);
}
