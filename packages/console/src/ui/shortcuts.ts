import { useEffect, useRef } from "react";
import { press, type Press, type ShortcutId, type Waiting } from "../keys.ts";

export type Handlers = Partial<Record<ShortcutId, () => void>>;

interface Layer {
  readonly handlers: { readonly current: Handlers };
  readonly rank: number;
}

const layers: Layer[] = [];
let waiting: Waiting | undefined;

/** Whose keys come first: a dialog's, below which nothing hears a key; then those for all selected rows; then a page's. */
const ranks = { page: 0, selection: 1, dialog: 2 } as const;

/** Answers shortcuts of `keys.ts` while the component is mounted. Of two of one rank, the later one answers. */
export function useShortcuts(handlers: Handlers, of: keyof typeof ranks = "page"): void {
  const current = useRef(handlers);
  useEffect(() => {
    current.current = handlers;
  });
  useEffect(() => {
    const layer = { handlers: current, rank: ranks[of] };
    layers.push(layer);
    layers.sort((a, b) => a.rank - b.rank);
    return () => void layers.splice(layers.indexOf(layer), 1);
  }, [of]);
}

/** Whether one page is giving way to another, and how to learn that the other stands. */
export interface Leaving {
  readonly now: () => boolean;
  readonly arrived: (then: () => void) => void;
}

/**
 * Starts to hear keys. Whoever has handled a key by itself, such as a menu, has prevented its default. Keys pressed while
 * a page gives way to another are meant for the other: they are kept until it stands.
 */
export function hearKeys(leaving: Leaving): () => void {
  const early: Press[] = [];
  leaving.arrived(() => {
    for (const it of early.splice(0)) answer(it);
  });
  const hear = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing || !(event.target instanceof Element)) return;
    if (ownedByFocus(event.key, event.target)) return;
    const it = {
      key: event.key,
      mod: event.metaKey || event.ctrlKey,
      alt: event.altKey,
      at: event.timeStamp,
      typing: typing(event.target),
    };
    if (leaving.now() && !it.mod && !it.typing) early.push(it);
    else if (answer(it)) event.preventDefault();
  };
  addEventListener("keydown", hear);
  return () => removeEventListener("keydown", hear);
}

/** True when somebody answered. */
function answer(it: Press): boolean {
  const found = press(it, waiting);
  waiting = found.waiting;
  const handler = handlerOf(found.ids);
  handler?.();
  return handler !== undefined;
}

function handlerOf(ids: readonly ShortcutId[]): (() => void) | undefined {
  for (const { handlers, rank } of layers.toReversed()) {
    for (const id of ids) {
      const handler = handlers.current[id];
      if (handler) return handler;
    }
    if (rank === ranks.dialog) return undefined;
  }
  return undefined;
}

function typing(target: Element): boolean {
  return target.matches("input, textarea, select, [contenteditable]");
}

/** Keys that mean something to what has the focus: Enter presses a button, arrows scroll a pane or walk tabs. */
function ownedByFocus(key: string, target: Element): boolean {
  if (key === "Enter" || key === " ") return target.matches("button, a, summary, [role=option], [role=menuitem]");
  return key.startsWith("Arrow") && target.closest("[data-arrows]") !== null;
}
