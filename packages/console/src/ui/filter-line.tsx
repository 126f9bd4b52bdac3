import { Combobox, useCombobox } from "@mantine/core";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { completions, problemOf, type Completion, type FilterField } from "../filter-edit.ts";
import { Keys } from "./button.tsx";
import { useShortcuts } from "./shortcuts.ts";
import { Mono, Shown } from "./text.tsx";
import float from "./float.module.css";
import s from "./filter-line.module.css";

export interface FilterLineProps {
  readonly value: string;
  readonly fields: readonly FilterField[];
  readonly placeholder: string;
  readonly onChange: (filter: string) => void;
}

/** The one line that a list is filtered by: typed, completed, and taken over on Enter; Escape takes back what was typed. */
export function FilterLine({ value, fields, placeholder, onChange }: FilterLineProps) {
  const [text, setText] = useState(value);
  const [caret, setCaret] = useState(0);
  const [focused, setFocused] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const combobox = useCombobox();
  useEffect(() => setText(value), [value]);
  useShortcuts({ filter: () => input.current?.select() });

  const offered = focused ? completions(text, caret, fields) : [];
  const problem = focused ? undefined : problemOf(text);

  const take = (it: Completion) => {
    setText(it.text);
    setCaret(it.caret);
    combobox.resetSelectedOption();
    // The caret can be set once the new text stands in the input.
    requestAnimationFrame(() => input.current?.setSelectionRange(it.caret, it.caret));
  };
  const keyDown = (event: KeyboardEvent) => {
    const chosen = combobox.getSelectedOptionIndex();
    if (event.key === "Tab" && !event.shiftKey && offered[0] && text !== value) {
      event.preventDefault();
      take(offered[Math.max(0, chosen)] ?? offered[0]);
    } else if (event.key === "Enter" && chosen < 0) {
      event.preventDefault();
      onChange(text.trim());
      input.current?.blur();
    } else if (event.key === "Escape") {
      event.preventDefault();
      setText(value);
      requestAnimationFrame(() => input.current?.blur());
    }
  };

  return (
    <div className={s.line} data-arrows>
      <Combobox
        store={combobox}
        position="bottom-start"
        offset={4}
        width={420}
        onOptionSubmit={(label) => {
          const it = offered.find((one) => one.label === label);
          if (it) take(it);
        }}
      >
        <Combobox.EventsTarget>
          <input
            ref={input}
            className={s.input}
            value={text}
            placeholder={placeholder}
            aria-label="Filter"
            spellCheck={false}
            autoComplete="off"
            maxLength={2000}
            onChange={(event) => {
              setText(event.target.value);
              setCaret(event.target.selectionStart ?? event.target.value.length);
              combobox.openDropdown();
              combobox.resetSelectedOption();
            }}
            onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
            onFocus={() => {
              setFocused(true);
              combobox.openDropdown();
            }}
            onBlur={() => {
              setFocused(false);
              combobox.closeDropdown();
              if (text.trim() !== value) onChange(text.trim());
            }}
            onKeyDown={keyDown}
          />
        </Combobox.EventsTarget>
        <Combobox.DropdownTarget>
          <Keys of="filter" />
        </Combobox.DropdownTarget>
        <Combobox.Dropdown className={float.float} hidden={offered.length === 0}>
          <Combobox.Options className={float.options ?? ""} aria-label="Completions">
            {offered.map((it) => (
              <Combobox.Option className={float.option ?? ""} value={it.label} key={it.label}>
                <Mono>{it.label}</Mono>
                {it.about !== "" && <span>{it.about}</span>}
              </Combobox.Option>
            ))}
          </Combobox.Options>
        </Combobox.Dropdown>
      </Combobox>
      {problem && (
        <p className={s.problem} role="alert">
          <Shown>{problem.message}</Shown>
        </p>
      )}
    </div>
  );
}
