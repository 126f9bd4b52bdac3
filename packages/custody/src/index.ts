export type { AccountState } from "./account.ts";
export type { Entry } from "./entry.ts";
export { CustodyError, type CustodyErrorCode } from "./error.ts";
export type { LedgerModel } from "./files.ts";
export { Ledger, pooledPrincipal, type Balance, type Booking, type Reads } from "./ledger.ts";
export { defaultLimits, maxNameLength, type Limits } from "./limits.ts";
export type { LedgerState, ModelState } from "./state.ts";
