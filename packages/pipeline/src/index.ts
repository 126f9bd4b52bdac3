export { Backtest, type BacktestOptions } from "./backtest.ts";
export {
  checkControls,
  type ControlFacts,
  type ControlResult,
  type ControlState,
  type ScanFacts,
} from "./controls/check.ts";
export {
  coverage,
  readLogSources,
  techniqueCoverage,
  type LogSources,
  type TechniqueCoverage,
} from "./controls/coverage.ts";
export { readCatalogueNames } from "./controls/catalogue.ts";
export { readVectors, vectorCoverage, type Vectors } from "./controls/vectors.ts";
export { readControl, stages, type Control, type Stage } from "./controls/control.ts";
export { maxAlerts, regrouping, regroupingOf, type CorrelateOptions, type Regrouping } from "./correlate/incidents.ts";
export type { AnyDetector, Context, Detector, Finding } from "./detect/detector.ts";
export { detectors } from "./detect/detectors.ts";
export { shortPrincipal } from "./detect/events.ts";
export { type RuleInfo } from "./detect/rule-info.ts";
export { type Refused } from "./detect/rules.ts";
export { draftRule } from "./draft-rule.ts";
export { PipelineError, type PipelineErrorCode } from "./error.ts";
export {
  checkDigest,
  checkDigests,
  digestWords,
  looksLikeDigest,
  maxDigestBytes,
  maxDigests,
  namedIn,
  readDigest,
  readDigestKeys,
  type DigestCheck,
  type DigestFile,
  type DigestKeys,
  type DigestProblem,
  type DigestProblemCode,
  type LogAtHand,
} from "./digest-chain.ts";
export { gradeOf, type GradeOf } from "./grade.ts";
export { csvOfControls } from "./export/controls-csv.ts";
export { csvOf } from "./export/csv.ts";
export { ocsfOf } from "./export/ocsf.ts";
export { sarifOfControls, sarifOfScan, type SarifLog } from "./export/sarif.ts";
export { stixOf, type StixObject } from "./export/stix.ts";
export { type Story } from "./export/story.ts";
export { otlpBodies, otlpRecords, otlpSignOfLife, type OtlpItem } from "./ingest/otlp-records.ts";
export {
  type Ingested,
  type Manifest,
  type Origin,
  type Raw,
  type Source,
  type SourceKind,
  type Surroundings,
} from "./ingest/source.ts";
export { detectKind, sourceOf, sources } from "./ingest/sources.ts";
export { Line, type From, type LineOptions, type Losses, type Outcome } from "./line.ts";
export { draftException, draftProof, ExceptionTrial, readOwnRule, type OwnText } from "./own-rule.ts";
export { playbookHeadings, readPlaybook } from "./playbook.ts";
export { maxRecordBytes, RecordSplitter, type Cut, type SplitterState } from "./records.ts";
export { prove, type Proven } from "./proof.ts";
export { importedRules, type ImportedRules } from "./rule-import.ts";
export { makeRegister, type Located, type Register, type RegisterOptions } from "./register.ts";
export {
  demandOf,
  readPolicy,
  unknownTeller,
  recommend,
  toldOfIncident,
  toldOfSilence,
  type Demand,
  type Policy,
  type Recommendation,
} from "./respond/policy.ts";
export { type SourceAccount } from "./source-book.ts";
export { surroundingsOf, Watching } from "./surroundings.ts";
export {
  maxWatched,
  spanOf,
  subjectKey,
  watchStep,
  type Subject,
  type Theft,
  type WatchList,
  type WatchStep,
} from "./watch-list.ts";
export { tuning, type TunedCount, type Tuning } from "./tuning.ts";
export { bytesText, countText, percentText, spanText } from "./amounts.ts";
