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
