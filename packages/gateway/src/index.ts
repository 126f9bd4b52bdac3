export { GatewayError, type GatewayErrorCode } from "./error.ts";
export { startGateway, type GatewayOptions, type RunningGateway } from "./gateway.ts";
export { createKey, readKeys, revokeKey, rotateKey, type KeyEntry, type NewKey } from "./keys/key-file.ts";
export { captureKeyFrom, openSealed, type Opened } from "./capture/sealed.ts";
export { calibrateFrom, type Calibrated, type CalibrateOptions } from "./detect/calibrate-from.ts";
export { calibratePrompts, type CalibratedPrompts } from "./detect/calibrate-prompts.ts";
export {
  writeCalibration,
  writePromptCalibration,
  type GroupLevels,
  type NumericCalibration,
  type PromptCalibration,
} from "./detect/calibration-file.ts";
export { loadEncoder, type Encoder } from "./detect/encoder.ts";
export { enrolGateway } from "./link/link.ts";
export { LinkError } from "./link/requests.ts";
export { answersIn, askSuspect, readQueries, type Answers, type OwnQuery } from "./marks/answers.ts";
export { knownMarks } from "./marks/marks.ts";
export {
  claimAlpha,
  ownership,
  supposedMemory,
  type Carried,
  type Looking,
  type Ownership,
} from "./marks/ownership.ts";
export { gatewayKey } from "./record/journal.ts";
export { contentsOf, type Contents } from "./logs/contents.ts";
export { LogWatch, type LogFinding, type LoggedCall, type LogPrincipal, type Reach } from "./logs/log-watch.ts";
