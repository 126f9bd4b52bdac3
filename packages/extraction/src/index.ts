export {
  calibrate,
  learnJudge,
  levelsAtTimes,
  peakOf,
  setLevels,
  type Calibration,
  type CalibrationData,
  type CalibrationOptions,
  type Peak,
  type Stream,
} from "./calibration.ts";
export { ExtractionError, type ExtractionCode } from "./error.ts";
export { Meter, type Metered } from "./meter.ts";
export { Path, type Judge, type PathState, type Reading } from "./path.ts";
export { alarmLevel, certifiable, foundAmong, sharesOf, type AlarmLevel, type Rate, type Shares } from "./path-cal.ts";
export { maxExamClasses, minExamInputs, setExam, type Answered, type Exam, type Progress } from "./progress.ts";
export { topGap, type Query } from "./query.ts";
export { signals, type Signal } from "./scores.ts";
export { learnSpace, type Space } from "./space.ts";
export { directionTail, overlapPower, overlapTail, type Overlap } from "./marks.ts";
export { clopperPearson, realisedRate } from "./statistics.ts";
export { LogitLedger, type LogitOptions, type LogitReading, type LogitState, type Revealed } from "./logit-ledger.ts";
export type { OwnBaselineState } from "./own-baseline.ts";
export { Counts } from "./counts.ts";
export { embedText } from "./embed.ts";
export { minHash, similarity, textKey, TextReader, type TextKey } from "./text.ts";
export {
  nullRates,
  PromptPath,
  promptSignals,
  type Prompt,
  type PromptNull,
  type PromptSignal,
  type PromptState,
} from "./prompts.ts";
export {
  linkAccounts,
  linkInTurns,
  mergeStreams,
  type Account,
  type Group,
  type Link,
  type LinkFeature,
  type LinkOptions,
} from "./links.ts";
export { turnsP } from "./clocks.ts";
export { calibrateGroups, partitionP, retestGroup, type Retest, type TimedQuery } from "./groups.ts";
export { digestOf, freeze, signSnapshot, thaw, type Signer } from "./snapshot.ts";
export { DriftWatch, type DriftState } from "./drift.ts";
export { overBudget, standing, type Ceilings, type Standing } from "./life-cycle.ts";
