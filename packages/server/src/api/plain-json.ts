/** What a terminal obeys without showing it, beyond what JSON escapes anyway: the C1 controls, and marks of direction. */
const hidden = /[\u007f-\u009f\u2028\u2029\p{Bidi_Control}]/gu;

/** The same JSON with such characters escaped: exports are printed, and hold what suspects wrote. */
export function plainJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    hidden,
    (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
