// What bounds the questions to clouds, each with the reason for the number.

/** Longest one answer may take, in ms: somebody waits for the scan. */
export const answerMs = 15_000;

/** Longest one cloud may take, in ms: a large cluster has some dozens of pages. */
export const cloudMs = 120_000;

/** Longest answer that is read, in bytes: five hundred pods with all that stands in them. */
export const maxAnswerBytes = 16 * 1024 * 1024;

/** Items of one page, and pages of one list: twenty thousand pods. */
export const pageItems = 500;
export const maxPages = 40;

/** Most buckets or repositories that one cloud asks of. */
export const maxPlaces = 100;

/** Most roles and users of one account that are asked for their last use: three requests each, and AWS slows down who asks more. */
export const maxPrincipals = 100;

/** How long AWS is given between two looks at whether a report is ready, in ms; and most looks at one report. */
export const reportPauseMs = 1000;
export const maxReportLooks = 20;

/** Deepest element of an answer in XML, and most elements: an account of ten thousand roles with ten policies each. */
export const maxXmlDepth = 32;
export const maxXmlElements = 1_000_000;
