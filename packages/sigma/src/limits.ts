/**
 * The largest things we read, compile and remember. Rules may come from strangers and events from thieves, so whatever
 * either can make large has its maximum here, with the reason for the number.
 */

/** Longest text, in UTF-16 units. The longest rule of SigmaHQ's corpus has 295 thousand; the parser takes seconds a million. */
export const maxTextLength = 512 * 1024;
/** Most documents in one text: a correlation with its rules needs ten. */
export const maxDocuments = 1000;
/** Deepest nesting in YAML. A list of maps of lists below `detection` needs five. */
export const maxYamlDepth = 24;
/** Most keys, list members and values of one document, aliases followed: what an alias bomb would multiply. */
export const maxYamlNodes = 100_000;
/** Most search identifiers of one rule. The widest known rule has under 60. */
export const maxSelections = 256;
/** Most values of one rule. Lists of driver digests have about 2,000. */
export const maxValues = 20_000;
/** Longest single value, in UTF-16 units. The longest known one has 1,500; matching costs value times pattern at worst. */
export const maxValueLength = 8192;
/** Longest condition, in UTF-16 units. The longest known one has 400. */
export const maxConditionLength = 4096;
/** Deepest nesting of parentheses and `not` in a condition. */
export const maxConditionDepth = 64;
/** Longest regular expression, in UTF-16 units: its automaton grows with it. */
export const maxRegexLength = 4096;
/** Largest regular expression once compiled, in instructions; counted repeats multiply. `(.){200,}` has 603. */
export const maxRegexProgram = 5000;
/** Most instructions of all regular expressions of one document: compiling takes 5 us for each, and none is known with half as many. */
export const maxRegexPrograms = 50_000;
/**
 * Most steps that one search with a regular expression may take: instructions times characters, 0.2 s at worst. What a
 * value has beyond is not read, and is counted. For an expression of 100 instructions that is after 100,000 characters.
 */
export const maxRegexSteps = 10_000_000;
/** Most values that one written value may become, by placeholders and their combinations. */
export const maxAlternatives = 20_000;

/** Most rules that one correlation joins. */
export const maxCorrelatedRules = 64;
/** Most fields in `group-by`, and in the tuple of `value_count`. */
export const maxGroupFields = 16;
/** Longest time span, in ms: a year and a day. A longer one is a mistake, or state kept for ever. */
export const maxTimespanMs = 366 * 24 * 3600 * 1000;
/** Largest threshold of `value_count`: that many distinct values are kept for one group. */
export const maxDistinct = 10_000;
/** Deepest chain of correlations upon correlations. */
export const maxChain = 8;

/** Most values that keywords are looked for in, for one event. The rest is not read, and is counted. */
export const maxLeaves = 20_000;
/** Most characters of a value that an answer repeats. */
export const maxShownLength = 1000;
/** Most fields that one match lists as its reason. */
export const maxMatchedFields = 64;
/** Most event ids that one match lists; it counts the rest. */
export const maxEventsPerMatch = 200;
/** Most groups that one event may belong to, when its group-by fields hold lists. */
export const maxGroupsPerEvent = 16;
/** Most sets of logsources whose rules are kept ready. A source has a handful; a caller that makes them up per event is slow. */
export const maxPlans = 1000;
