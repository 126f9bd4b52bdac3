// Data as text. Nothing from outside reaches the page by another way, so nothing in it can hide or run.
import { createContext, useContext, useState, type MouseEvent, type ReactNode } from "react";
import { brief, middle } from "../format/middle.ts";
import { reveal, revealed } from "../format/reveal.ts";
import s from "./text.module.css";

/** Text from outside: hidden characters are shown by name, and its direction cannot reach its neighbours. */
export function Shown({ children, lines = false }: { readonly children: string; readonly lines?: boolean }) {
  return (
    <bdi className={s.shown}>
      {reveal(children, { lines }).map((it, i) =>
        it.hidden ? (
          <span className={s.hidden} key={i} title="a character that cannot be seen">
            {it.text}
          </span>
        ) : (
          it.text
        ),
      )}
    </bdi>
  );
}

/** The same in the face of what one might copy. */
export function Mono({ children }: { readonly children: string }) {
  return (
    <span className={s.mono}>
      <Shown>{children}</Shown>
    </span>
  );
}

export function Muted({ children }: { readonly children: ReactNode }) {
  return <span className={s.muted}>{children}</span>;
}

/** A path or digest, cut in the middle where it does not fit; whole under the pointer, on focus and when copied. */
export function Middle({ children, copy = false }: { readonly children: string; readonly copy?: boolean }) {
  const { head, tail } = middle(children);
  const text = (
    <span className={s.middle} title={revealed(children)} {...(copy && { tabIndex: 0 })}>
      {head !== "" && (
        <span className={s.head}>
          <Shown>{head}</Shown>
        </span>
      )}
      <span className={s.tail}>
        <Shown>{tail}</Shown>
      </span>
    </span>
  );
  if (!copy) return text;
  return (
    <span className={s.withCopy}>
      {text}
      <Copy text={children} />
    </span>
  );
}

/** Puts a text on the clipboard, and says so in its own place. */
export function Copy({ text }: { readonly text: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return (
    <button
      type="button"
      className={s.copy}
      onClick={(event) => {
        event.stopPropagation();
        void copy();
      }}
      aria-label={done ? "Copied" : `Copy ${revealed(text.length > 80 ? `${text.slice(0, 80)}…` : text)}`}
    >
      <svg width="12" height="12" viewBox="0 0 12 12" fill="none" stroke="currentColor" aria-hidden="true">
        {done ? <path d="m2 6.5 2.5 2.5L10 3.5" /> : <path d="M4.5 4.5h6v6h-6zM7.5 4.5v-3h-6v6h3" />}
      </svg>
    </button>
  );
}

/** Adds a value to the filter in force. */
export type AddValue = (field: string, value: string, excluded: boolean) => void;

const FilterContext = createContext<AddValue>(() => {});
export const FilterBy = FilterContext.Provider;

interface ValueProps {
  readonly field: string;
  readonly children: string;
  /** In a row the whole row has the focus: the value takes none. */
  readonly inRow?: boolean;
  /** A word of ours rather than something to copy: set in the text's own face. */
  readonly word?: boolean;
}

/** A value one can filter by: a click adds it, an alt-click excludes it. */
export function Value({ field, children, inRow = false, word = false }: ValueProps) {
  const add = useContext(FilterContext);
  const shown = inRow ? brief(children) : children;
  const click = (event: MouseEvent) => {
    event.stopPropagation();
    add(field, children, event.altKey);
  };
  return (
    <button
      type="button"
      className={`${s.value} ${word ? s.word : ""}`}
      title={`${revealed(children)}\nClick: filter by ${field} · Alt-click: exclude it`}
      onClick={click}
      {...(inRow && { tabIndex: -1, onMouseDown: (event: MouseEvent) => event.preventDefault() })}
    >
      {shown.length > longValue ? <Middle>{shown}</Middle> : <Shown>{shown}</Shown>}
    </button>
  );
}

/** A value longer than this is cut in the middle rather than at its end, which is what tells two of them apart. */
const longValue = 20;
