/**
 * What a page's URL holds: the whole state that somebody else should see when they open it. `filter` undefined means
 * the list's own default, empty means none; `sel` is the chosen row's id, `wide` whether its pane is the page.
 */
export interface Search {
  readonly filter?: string;
  readonly sort?: string;
  readonly sel?: string;
  readonly tab?: string;
  /** The field that events are counted by. */
  readonly by?: string;
  readonly wide?: true;
}

/** Longest value that is read from a URL, in UTF-16 units: a filter's 2,000 is the longest that means something. */
const maxValue = 4000;

/** Whatever stands in a URL becomes a state; what means nothing is left out. */
export function readSearch(raw: Record<string, unknown>): Search {
  const text = (name: string) => {
    const value = raw[name];
    return typeof value === "string" && value.length <= maxValue ? { [name]: value } : {};
  };
  return {
    ...text("filter"),
    ...text("sort"),
    ...text("sel"),
    ...text("tab"),
    ...text("by"),
    ...(raw["wide"] === "1" && { wide: true }),
  };
}

/** A query string that people can read: `?filter=status:open+model:acme-13b`. */
export function printSearch(search: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value === true) query.set(name, "1");
    else if (typeof value === "string") query.set(name, value);
  }
  // These need no escape in a query (RFC 3986 §3.4), and a filter is full of them.
  const text = String(query)
    .replaceAll("%3A", ":")
    .replaceAll("%2C", ",")
    .replaceAll("%2F", "/")
    .replaceAll("%40", "@");
  return text === "" ? "" : `?${text}`;
}

export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}
