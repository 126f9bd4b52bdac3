export {
  checkpoint,
  checkpointNote,
  isSignedBy,
  keyId,
  signedNote,
  signerOf,
  verifyCheckpoint,
  type Checkpoint,
  type Signer,
} from "./checkpoint.ts";
export { isKeyedId, keyedId, sha256, type Field } from "./digest.ts";
export { documentDigest, documentKinds, documentOf, type Document, type DocumentKind } from "./document.ts";
export { EvidenceError, type EvidenceErrorCode } from "./error.ts";
export { canonical, type Json, type JsonObject } from "./json.ts";
export { maxEntryBytes, maxPackBytes } from "./limits.ts";
export {
  append,
  changedField,
  genesis,
  lateField,
  recordsField,
  revealed,
  verifyChain,
  type Entry,
  type EntryBody,
  type Head,
} from "./log.ts";
export { emptyRoot, rootOf, Tree, verifyConsistency, verifyInclusion, type Frontier } from "./merkle.ts";
export { packOf, packVersion, type PackInput } from "./pack.ts";
export type { ProblemCode } from "./problems.ts";
export {
  isSignedScan,
  keyNames,
  looksSigned,
  maxSignedScanBytes,
  readSignedScan,
  signedScanLine,
  signScan,
  type SignedScan,
} from "./signed-scan.ts";
export { verifyPack, type GradeCounts, type PackReport, type VerifyOptions } from "./verify.ts";
