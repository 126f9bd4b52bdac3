import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { completions, problemOf, type Completion, type FilterField } from "../filter-edit.ts";
import { Keys } from "./button.tsx";
import { Options, useChoice } from "./options.tsx";
import { useShortcuts } from "./shortcuts.ts";
import { Shown } from "./text.tsx";
import float from "./float.module.css";
import s from "./filter-line.module.css";

interface FilterLineProps {
  readonly value: string;
  readonly fields: readonly FilterField[];
  readonly placeholder: string;
  readonly onChange: (filter: string) => void;
}

/** The one line that a list is filtered by: typed, completed, and taken over on Enter; Escape takes back what was typed. */
export function FilterLine({ value, fields, placeholder, onChange }: FilterLineProps) {
  const line = useLine(value, fields, onChange);
  const { choice } = line;
  // Once it is taken over, the list says what is wrong; while one types, the line does, unless it can still complete.
  const problem = line.focused && line.offered.length === 0 ? problemOf(line.text) : undefined;
  return (
    <div className={s.line} data-arrows>
      <input
        ref={line.input}
        className={s.input}
        value={line.text}
        placeholder={placeholder}
        aria-label="Filter"
        spellCheck={false}
        autoComplete="off"
        maxLength={2000}
        {...choice.input}
        {...line.events}
      />
      <Keys of="filter" />
      {line.offered.length > 0 && (
        <div className={`${float.float} ${s.offered}`}>
          <Options
            id={choice.id}
            label="Completions"
            options={line.offered}
            chosen={choice.chosen}
            mono
            onPoint={choice.point}
            onTake={line.take}
          />
        </div>
      )}
      {problem && (
        <p className={s.problem} role="alert">
          <Shown>{problem.message}</Shown>
        </p>
      )}
    </div>
  );
}

/** What is typed, before it is the list's filter. */
function useLine(value: string, fields: readonly FilterField[], onChange: (filter: string) => void) {
  const [text, setText] = useState(value);
  const [caret, setCaret] = useState(0);
  const [focused, setFocused] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => setText(value), [value]);
  useShortcuts({ filter: () => input.current?.select() });

  const offered = focused ? completions(text, caret, fields).map((it) => ({ ...it, key: it.label })) : [];
  const choice = useChoice(offered, false);
  const take = (it: Completion) => {
    setText(it.text);
    setCaret(it.caret);
    choice.reset();
    // The caret can be set once the new text stands in the input.
    requestAnimationFrame(() => input.current?.setSelectionRange(it.caret, it.caret));
  };
  const leave = (filter: string) => {
    setText(filter);
    if (filter !== value) onChange(filter);
    requestAnimationFrame(() => input.current?.blur());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (choice.walk(event)) return;
    const next = choice.chosen ?? (event.key === "Tab" && text !== value ? offered[0] : undefined);
    if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && next) take(next);
    else if (event.key === "Enter") leave(text.trim());
    else if (event.key === "Escape") leave(value);
    else return;
    event.preventDefault();
  };
  const place = (element: HTMLInputElement) => setCaret(element.selectionStart ?? element.value.length);
  const events = {
    onKeyDown,
    onChange: ({ currentTarget }: { currentTarget: HTMLInputElement }) => {
      setText(currentTarget.value);
      place(currentTarget);
      choice.reset();
    },
    onSelect: ({ currentTarget }: { currentTarget: HTMLInputElement }) => place(currentTarget),
    onFocus: () => setFocused(true),
    onBlur: () => {
      setFocused(false);
      if (text.trim() !== value) onChange(text.trim());
    },
  };
  return { input, text, focused, offered, choice, take, events };
}
