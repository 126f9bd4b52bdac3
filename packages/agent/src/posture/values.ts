// Values of files that others wrote: looked at, never trusted to have a shape.

export type Values = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function recordOf(value: unknown): Values {
  return isRecord(value) ? value : {};
}

/** A list as it is; a single value as a list of one, as AWS's policies write it; nothing as an empty one. */
export function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The texts of a list; what is none is left out. */
export function textsOf(value: unknown): string[] {
  return listOf(value).filter((it) => typeof it === "string");
}

/** Without its percent signs, where all of them stand for something. */
export function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
