// What fetches or receives the records of one source by itself.
import type { CollectorHealth, WayIn } from "@outweigh/schema";
import type { UnreadableRecord } from "../worker/record.ts";

/** Where a collector puts what it has: the same way in that HTTP push has. */
export interface Intake {
  /**
   * Takes records, one a line, with what was checked of them. They are on disk when it resolves. Under a key, the same records sent again
   * count once.
   *
   * @throws {ServerError} BUSY, CLOSED
   */
  deliver(body: Buffer, way: WayIn, key?: string): Promise<void>;
  /** Puts something about the source on record. */
  told(kind: string, text: string): Promise<void>;
  /** Counts something that is no record among the source's rejects, with the reason. */
  refuse(reject: UnreadableRecord): void;
  /** Whether so much waits on disk already that no more should be fetched. */
  isFull(): boolean;
  /** Says that the health changed, for pages that show it. */
  changed(): void;
  /** For the server's own log. */
  warn(problem: object, message: string): void;
  /** Ms since 1970. */
  now(): number;
}

/** One way of collecting, for one source. Whatever comes from outside is counted, never thrown. */
export interface Collector {
  readonly source: string;
  /** @throws {ServerError} SOURCE_REFUSED when it cannot begin as configured. */
  start(intake: Intake): Promise<void>;
  /** Delivers what it holds, as far as that is possible, and ends. */
  stop(): Promise<void>;
  health(): CollectorHealth;
  /** Why nothing comes, if that is so. */
  problem(): string | undefined;
}
