export { openCopy, type OpenCopy } from "./open-copy.ts";
export type { ScanProgress } from "./scan/collect.ts";
export { ScanError, type ScanErrorCode } from "./scan/error.ts";
export type { HashMode } from "./scan/hash-plan.ts";
export type { KnownFingerprint } from "./scan/match.ts";
export { scan, type ScanOptions } from "./scan/scan.ts";
export { endpoint } from "./scan/theft-paths.ts";
