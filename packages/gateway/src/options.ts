import type { GatewaySection } from "@outweigh/schema";
import type { LinkOptions } from "./link/link.ts";

/** What a gateway is started with. */
export interface GatewayOptions {
  /** Read anew at each reload: throws for a bad one, and the old policy holds. */
  readonly section: () => GatewaySection;
  /** The file that `section` comes from; watched for changes. */
  readonly file?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where messages for people go. */
  readonly say: (line: string) => void;
  /** From whoever starts it beside a server: where that is, and a token to enrol with. */
  readonly server?: LinkOptions["server"];
  /** Length of one interval of activity for linking accounts, in ms; default a minute. */
  readonly linkMs?: number;
  /** How often what detectors remember and what budgets took is written, in ms; default 10 s. */
  readonly keepMs?: number;
  /** How long detectors may give no sign of life before they are started again, in ms; default 30 s. */
  readonly hangMs?: number;
  /** The same while they start; default two minutes. */
  readonly startMs?: number;
  /** By which an encoder that hung is left out and tried again, in ms since 1970; default the machine's. */
  readonly clock?: () => number;
  /** Size of the ring between the two threads, in bytes, a power of two; default 32 MiB. */
  readonly ringBytes?: number;
}

/** A gateway that serves. */
export interface RunningGateway {
  /** Where clients ask. */
  readonly url: string;
  readonly adminUrl: string;
  readonly adminToken: string;
  readonly dataDir: string;
  reload(): void;
  /** Ends the detector's thread as a crash would: what follows is what follows a crash. */
  killDetector(): void;
  /** The processes that carry requests, where there are several. */
  readonly pids: readonly number[];
  /** Stops: no new connections, running exchanges get 30 s, then the tap, the spool and the evidence are written. */
  close(): Promise<void>;
}
