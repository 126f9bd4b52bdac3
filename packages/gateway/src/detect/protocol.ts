/** What the two threads say to each other beside the ring. */
import type { GatewayEncoder, GatewayModel, GatewayProtocol } from "@outweigh/schema";
import type { Told } from "../tap/tap.ts";

/** What the worker is started with. */
export interface WorkerStart {
  readonly ring: SharedArrayBuffer;
  readonly readings: SharedArrayBuffer;
  readonly dataDir: string;
  /** By index: which protocol's how-manieth route. */
  readonly routes: readonly { readonly protocol: GatewayProtocol; readonly route: number }[];
  readonly models: readonly GatewayModel[];
  readonly encoder: GatewayEncoder | undefined;
  /** Keys the hashes of texts. */
  readonly secret: Uint8Array;
  /** How long one interval of activity is for linking, in ms. */
  readonly linkMs: number;
}

/** To the worker. */
export type ToWorker =
  | Told
  | { readonly tell: "routes"; readonly routes: WorkerStart["routes"]; readonly models: readonly GatewayModel[] }
  | { readonly tell: "die" };

/** What a detector found. The main thread adds names and the policy's epoch. */
export interface Found {
  readonly finding: string;
  readonly slot: number;
  readonly model: string;
  readonly queries: number;
  readonly since: number;
  readonly time: number;
  readonly value: number;
  readonly level?: number | undefined;
  readonly alpha?: number | undefined;
  readonly fidelity?: number | undefined;
  /** Slots tested together. */
  readonly group?: readonly number[] | undefined;
  readonly origin: number;
}

/** From the worker. */
export type FromWorker =
  | { readonly say: "ready"; readonly problems: readonly string[] }
  | { readonly say: "found"; readonly found: Found }
  /** A calibration has drifted: said once for each. */
  | { readonly say: "drifted"; readonly problem: string }
  | { readonly say: "groups"; readonly groups: readonly (readonly number[])[] }
  | { readonly say: "unread"; readonly count: number };
