/**
 * The one table of shortcuts: handlers, the letters on buttons and the guide are all made from it.
 * A key is a character as typed (`?`, not Shift+/), a name of `KeyboardEvent.key`, or two keys after one another (`g i`).
 */
export const shortcuts = [
  { id: "next", keys: "j", also: "ArrowDown", group: "Lists", does: "Next row" },
  { id: "previous", keys: "k", also: "ArrowUp", group: "Lists", does: "Previous row" },
  { id: "open", keys: "Enter", group: "Lists", does: "Make the pane the page" },
  { id: "back", keys: "Escape", group: "Lists", does: "Back, or let go" },
  { id: "select", keys: "x", group: "Lists", does: "Select the row, for all at once" },
  { id: "filter", keys: "/", group: "Lists", does: "Filter" },
  { id: "show-new", keys: ".", group: "Lists", does: "Show what is new" },

  { id: "assign", keys: "a", group: "Incident", does: "Assign to me" },
  { id: "close", keys: "e", group: "Incident", does: "Close, with a reason" },
  { id: "respond", keys: "r", group: "Incident", does: "Respond" },
  { id: "comment", keys: "c", group: "Incident", does: "Comment" },
  { id: "merge", keys: "m", group: "Incident", does: "Merge the selected ones" },
  { id: "split", keys: "s", group: "Incident", does: "Split: choose alerts to take out" },

  { id: "go-incidents", keys: "g i", group: "Go", does: "Incidents", to: "/incidents" },
  { id: "go-alerts", keys: "g a", group: "Go", does: "Alerts", to: "/alerts" },
  { id: "go-events", keys: "g e", group: "Go", does: "Events", to: "/events" },
  { id: "go-watched", keys: "g d", group: "Go", does: "Watched", to: "/watched" },
  { id: "go-models", keys: "g m", group: "Go", does: "Models", to: "/models" },
  { id: "go-posture", keys: "g p", group: "Go", does: "Posture", to: "/posture" },
  { id: "go-hosts", keys: "g h", group: "Go", does: "Hosts", to: "/hosts" },
  { id: "go-clients", keys: "g c", group: "Go", does: "Clients", to: "/clients" },
  { id: "go-client-keys", keys: "g k", group: "Go", does: "Keys of clients", to: "/client-keys" },
  { id: "go-captures", keys: "g u", group: "Go", does: "Captures of clients", to: "/captures" },
  { id: "go-sources", keys: "g s", group: "Go", does: "Sources", to: "/sources" },
  { id: "go-rules", keys: "g r", group: "Go", does: "Rules", to: "/rules" },
  { id: "go-own-rules", keys: "g w", group: "Go", does: "Exceptions and own rules", to: "/own-rules" },
  { id: "go-actions", keys: "g t", group: "Go", does: "Actions", to: "/actions" },
  { id: "go-evidence", keys: "g v", group: "Go", does: "Evidence", to: "/evidence" },
  { id: "go-report", keys: "g o", group: "Go", does: "Report", to: "/report" },
  { id: "go-settings", keys: "g ,", group: "Go", does: "Settings", to: "/settings" },

  { id: "palette", keys: "mod+k", group: "Anywhere", does: "Find or do anything" },
  { id: "guide", keys: "?", group: "Anywhere", does: "This guide" },
  { id: "theme", keys: "g l", group: "Anywhere", does: "Light, dark, or as the system" },
] as const satisfies readonly Shortcut[];

interface Shortcut {
  readonly id: string;
  readonly keys: string;
  /** A second key that does the same and is not shown on buttons. */
  readonly also?: string;
  readonly group: string;
  readonly does: string;
  /** The page that a "Go" shortcut leads to. */
  readonly to?: string;
}

export type ShortcutId = (typeof shortcuts)[number]["id"];

/** How long the second key of a pair may take, in ms: longer, and it is a key of its own. */
export const pairMs = 1000;

/** What a key press is, without the browser's event: so that it can be tested. */
export interface Press {
  readonly key: string;
  readonly mod: boolean;
  readonly alt: boolean;
  /** When, in ms. */
  readonly at: number;
  /** Whether the focus is where one types: there, only chords and Escape are shortcuts. */
  readonly typing: boolean;
}

/** The first key of a pair that waits for its second. */
export interface Waiting {
  readonly key: string;
  readonly at: number;
}

/** What a press means: the shortcuts it completes (several share a key on different pages), or a wait for a second key. */
export function press(it: Press, waiting?: Waiting): { ids: ShortcutId[]; waiting?: Waiting } {
  if (it.alt) return { ids: [] };
  const key = it.mod ? `mod+${it.key.toLowerCase()}` : it.key;
  if (it.typing && !it.mod && it.key !== "Escape") return { ids: [] };
  if (waiting && it.at - waiting.at <= pairMs) {
    const pair = matching(`${waiting.key} ${key}`);
    if (pair.length > 0) return { ids: pair };
  }
  const ids = matching(key);
  if (ids.length > 0) return { ids };
  return shortcuts.some((s) => s.keys.startsWith(`${key} `)) ? { ids: [], waiting: { key, at: it.at } } : { ids: [] };
}

function matching(keys: string): ShortcutId[] {
  return shortcuts.filter((it) => it.keys === keys || ("also" in it && it.also === keys)).map((it) => it.id);
}

const signs: Readonly<Record<string, string>> = { Enter: "↵", Escape: "Esc", ArrowUp: "↑", ArrowDown: "↓" };

/** The keys as a person reads them, one entry for each to press: ["G", "I"], ["⌘K"]. */
export function keysShown(id: ShortcutId, apple: boolean): string[] {
  const keys = shortcuts.find((it) => it.id === id)?.keys ?? "";
  return keys.split(" ").map((key) => {
    const [first, second] = key.split("+");
    if (second) return apple ? `⌘${second.toUpperCase()}` : `Ctrl ${second.toUpperCase()}`;
    return signs[first ?? ""] ?? key.toUpperCase();
  });
}
