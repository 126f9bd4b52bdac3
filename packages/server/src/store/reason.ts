/**
 * What went wrong, in one line for people. A connection to a name with several addresses fails with one error for each.
 * Says nothing of where it was tried: addresses of databases hold passwords.
 */
export function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join("; ");
  if (!(cause instanceof Error)) return String(cause);
  const code =
    "code" in cause && typeof cause.code === "string" && !cause.message.includes(cause.code) ? cause.code : "";
  return [code, cause.message.trim().split("\n")[0] ?? ""].filter((it) => it !== "").join(" ");
}
