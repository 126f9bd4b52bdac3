import { RE2JS } from "re2js";
import { refuse, type Path } from "./error.ts";
import { maxRegexLength, maxRegexProgram, maxRegexSteps } from "./limits.ts";

/** `|re|i`: case does not count; `|re|m`: `^` and `$` also at lines; `|re|s`: `.` also takes line ends. */
export type RegexFlag = "i" | "m" | "s";

/** A regular expression that is found anywhere in a value, in time linear in the value. */
export interface Regex {
  readonly source: string;
  /** How many characters of a value are read. */
  readonly reach: number;
  /** Instructions of its automaton. */
  readonly size: number;
  test(value: string): boolean;
}

const flagBits: Record<RegexFlag, number> = {
  i: RE2JS.CASE_INSENSITIVE,
  m: RE2JS.MULTILINE,
  s: RE2JS.DOTALL,
};

/** What PCRE has and no linear-time engine can do, or RE2 leaves out: look-around, references, atomic and recursive groups … */
const beyond =
  /\(\?(?:[=!>|#&(RC+\-\d]|<[=!]|P[=>]|[imsU]*x)|\\(?:[1-9gkGKZhHvVRNXeuco]|\d{2})|(?:[*+?]|\{\d+(?:,\d*)?\})\+|\(\*/;

/**
 * @throws {SigmaError} UNSUPPORTED_REGEX for what the engine (RE2) can't do: look-around, back references, possessive
 * quantifiers, more than 1,000 repeats; BAD_REGEX for what no engine reads; TOO_LONG.
 */
export function compileRegex(source: string, flags: readonly RegexFlag[], path: Path): Regex {
  if (source.length > maxRegexLength) {
    refuse(
      "TOO_LONG",
      path,
      `the regular expression has ${source.length} characters, at most ${maxRegexLength} are read`,
    );
  }
  if (source === "") refuse("BAD_REGEX", path, "an empty regular expression would match everything");
  let regex: RE2JS;
  try {
    regex = RE2JS.compile(
      source,
      flags.reduce((bits, it) => bits | flagBits[it], 0),
    );
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const unsupported = beyond.test(source) || reason.includes("repeat count") || reason.includes("too large");
    refuse(unsupported ? "UNSUPPORTED_REGEX" : "BAD_REGEX", path, `can't run the regular expression: ${reason}`, cause);
  }
  const size = regex.programSize();
  if (size > maxRegexProgram) {
    refuse(
      "UNSUPPORTED_REGEX",
      path,
      `the regular expression has ${size} instructions, at most ${maxRegexProgram} are run`,
    );
  }
  const reach = Math.floor(maxRegexSteps / size);
  return { source, reach, size, test: (value) => regex.test(value.length > reach ? value.slice(0, reach) : value) };
}

/** The regular expression that finds `text` and nothing else. */
export function quoteRegex(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&");
}
