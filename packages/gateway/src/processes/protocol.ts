/** What the process with the detectors and the processes that carry requests say to each other, beside the pipe of records. */
import type { GatewayLimits, GatewaySection } from "@outweigh/schema";
import type { Amounts, Lent } from "../admission/lender.ts";
import type { DenialNote } from "../front/surroundings.ts";

/** To a process that carries requests. */
export type ToProcess =
  | {
      readonly tell: "start";
      readonly section: GatewaySection;
      readonly epoch: number;
      readonly dataDir: string;
      readonly isBlind: boolean;
      /** 0 for any that is free: then the first process settles it. */
      readonly port: number;
      /** Which one of how many it is, from 0. */
      readonly number: number;
      readonly processes: number;
    }
  | { readonly tell: "policy"; readonly section: GatewaySection; readonly epoch: number }
  /** The file of keys, or of orders, changed. */
  | { readonly tell: "keys" }
  | { readonly tell: "orders" }
  /** Asks whether all that was told before is in force. */
  | { readonly tell: "heed"; readonly id: number }
  | { readonly tell: "lent"; readonly id: number; readonly answer: Lent }
  | { readonly tell: "recall"; readonly id: number; readonly name: string; readonly limits: GatewayLimits }
  | { readonly tell: "blind"; readonly isBlind: boolean }
  | { readonly tell: "drain" };

/** What was counted of one principal since the last time. */
export interface ClientCount {
  readonly principal: string;
  readonly tenant: string | undefined;
  readonly plan: string;
  readonly requests: number;
  readonly denied: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly informationBits: number;
  readonly lastAt: number;
}

/** From it. */
export type FromProcess =
  | { readonly say: "listening"; readonly host: string; readonly port: number }
  | { readonly say: "failed"; readonly why: string }
  | {
      readonly say: "borrow";
      readonly id: number;
      readonly name: string;
      readonly limits: GatewayLimits;
      readonly needs: Amounts;
    }
  | { readonly say: "gave"; readonly name: string; readonly limits: GatewayLimits; readonly amounts: Amounts }
  /** `kept`: what stayed as it was, for it could not be read. */
  | { readonly say: "heeded"; readonly id: number; readonly kept: readonly string[] }
  | { readonly say: "recalled"; readonly id: number; readonly amounts: Amounts }
  | { readonly say: "denied"; readonly note: DenialNote }
  | {
      readonly say: "counts";
      readonly running: number;
      readonly clients: readonly ClientCount[];
      /** Principals whose records found no room, and how many. */
      readonly dropped: readonly (readonly [principal: string, count: number])[];
      /** Requests that went on to model servers whose own counts are compared. */
      readonly sent: readonly (readonly [upstream: string, count: number])[];
    }
  | { readonly say: "line"; readonly line: string };
