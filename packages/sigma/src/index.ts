export { levels, statuses, type Level, type Status } from "./attributes.ts";
export {
  compileRules,
  type CompileOptions,
  type CorrelationDocument,
  type Detection,
  type FieldView,
  type FilterDocument,
  type RuleDocument,
  type SigmaDocument,
} from "./document.ts";
export { SigmaError, type SigmaErrorCode } from "./error.ts";
export { fits, type Logsource } from "./logsource.ts";
export { escapeValue } from "./pattern.ts";
export { type Placeholders } from "./placeholder.ts";
export { SigmaEngine, type Counters, type EngineOptions, type Hidden } from "./engine.ts";
export { type SigmaMatch } from "./match.ts";
export { type Fields, type SigmaEvent } from "./field.ts";
export { type MatchedField } from "./reason.ts";
export { type EngineState } from "./state.ts";
export { compileFilter } from "./filter.ts";
export { explain, type ExplainedItem, type ExplainedSelection, type Explanation } from "./explain.ts";
export { importRules, type ImportReport, type RuleText, type Unsupported } from "./import.ts";
