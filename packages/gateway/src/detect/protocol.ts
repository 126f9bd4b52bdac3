/** What the two threads say to each other beside the ring. */
import type {
  AccountLinks,
  GatewayEncoder,
  GatewayModel,
  GatewayProtocol,
  LinkFeature,
  Retest,
  WatchedModel,
} from "@outweigh/schema";
import type { Refused, Runs } from "../kept/detectors-file.ts";
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
  /** How often what detectors remember is written, in ms. */
  readonly keepMs: number;
  readonly pulse: SharedArrayBuffer;
  readonly runs: Runs;
  readonly watched: readonly WatchedModel[];
  /** Why the encoder is left out; undefined: it is not. */
  readonly withoutEncoder: string | undefined;
}

/** To the worker. */
export type ToWorker =
  | Told
  | { readonly tell: "routes"; readonly routes: WorkerStart["routes"]; readonly models: readonly GatewayModel[] }
  /** Answers `remembers`: the slot of each, undefined for whoever has no key here any more. */
  | { readonly tell: "slots"; readonly slots: readonly (number | undefined)[] }
  /** The models that are watched, all of them. */
  | { readonly tell: "watched"; readonly models: readonly WatchedModel[] }
  /** Write what is remembered, and end: another thread is started. */
  | { readonly tell: "end" }
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
  /** Only the stricter level of a watched model was passed. */
  readonly watched?: boolean | undefined;
  readonly fidelity?: number | undefined;
  /** Slots tested together. */
  readonly group?: readonly number[] | undefined;
  readonly origin: number;
}

/** A group of linked accounts, by their slots: `AccountLinks` before slots have names. */
export interface LinkedSlots extends Pick<AccountLinks, "falseLinks" | "accounts" | "capped"> {
  /** Rising. */
  readonly members: readonly number[];
  readonly links: readonly {
    readonly a: number;
    readonly b: number;
    readonly p?: number;
    readonly because: readonly { readonly feature: LinkFeature; readonly p?: number }[];
  }[];
}

/** The same with what testing them as one gave, as of the last linking. */
export interface TestedSlots extends LinkedSlots {
  readonly retests: readonly Retest[];
}

/** From the worker. */
export type FromWorker =
  | {
      readonly say: "ready";
      readonly problems: readonly string[];
      /** Models for which nothing is stricter while they are watched. */
      readonly withoutStricter: readonly string[];
    }
  /** Whom the file is about: their slots are needed before anything else. */
  | { readonly say: "remembers"; readonly principals: readonly string[] }
  /** What was asked until then would survive the thread. */
  | { readonly say: "kept"; readonly at: number }
  | { readonly say: "refused"; readonly refused: Refused }
  /** Something of what was remembered could not be used, or could not be kept. */
  | { readonly say: "forgot"; readonly problem: string }
  | { readonly say: "found"; readonly found: Found }
  /** A calibration has drifted: said once for each. */
  | { readonly say: "drifted"; readonly problem: string }
  | { readonly say: "groups"; readonly groups: readonly TestedSlots[] }
  | { readonly say: "unread"; readonly count: number };
