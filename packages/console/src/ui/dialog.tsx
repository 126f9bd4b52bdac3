import { useEffect, useId, useLayoutEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { Button } from "./button.tsx";
import { useShortcuts } from "./shortcuts.ts";
import s from "./dialog.module.css";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly wide?: boolean;
  readonly children: ReactNode;
}

/**
 * A question that must be answered before anything else: the platform's own modal dialog, which keeps the focus, makes
 * the rest inert and closes on Escape. While it is open no shortcut of the page below is heard.
 */
export function Dialog({ title, onClose, wide = false, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Before anything in the dialog asks for the focus.
  const [before] = useState(() => document.activeElement);
  useShortcuts({}, "dialog");
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // What asks for the focus, else the dialog itself: not its first button.
    (element?.querySelector<HTMLElement>("[data-focus]") ?? element)?.focus();
    return () => {
      element?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, [before]);
  return (
    <dialog
      ref={dialog}
      className={`${s.dialog} ${wide ? s.wide : ""}`}
      aria-labelledby={titleId}
      tabIndex={-1}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div className={s.head}>
        <h1 id={titleId}>{title}</h1>
        <Button look="quiet" shortcut="back" label="Esc: close this dialog" onClick={onClose}>
          {""}
        </Button>
      </div>
      <div className={s.body}>{children}</div>
    </dialog>
  );
}

interface ReasonProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly focus?: boolean;
  readonly placeholder?: string;
  /** What Esc does in the field, instead of what it does around it. */
  readonly onLeave?: () => void;
}

/** Why: what the evidence will say beside the decision. */
export function Reason({ label, value, onChange, focus = false, placeholder, onLeave }: ReasonProps) {
  const id = useId();
  return (
    <div className={s.field}>
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        rows={2}
        maxLength={2000}
        required
        autoFocus={focus}
        {...(focus && { "data-focus": "" })}
        value={value}
        {...(placeholder && { placeholder })}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || !onLeave) return;
          event.preventDefault();
          onLeave();
        }}
      />
    </div>
  );
}

interface ChoicesProps<Id extends string> {
  readonly legend: string;
  readonly options: readonly { readonly id: Id; readonly label: ReactNode; readonly about?: ReactNode }[];
  readonly value: Id | undefined;
  readonly onChange: (id: Id) => void;
}

/** One of a few, all of them seen. */
export function Choices<Id extends string>({ legend, options, value, onChange }: ChoicesProps<Id>) {
  const name = useId();
  return (
    <fieldset className={s.choices} data-arrows>
      <legend>{legend}</legend>
      {options.map(({ id, label, about }) => (
        <label className={s.choice} key={id}>
          <input type="radio" name={name} checked={id === value} onChange={() => onChange(id)} />
          <span>{label}</span>
          {about && (
            <>
              <span />
              {about}
            </>
          )}
        </label>
      ))}
    </fieldset>
  );
}

/** A form that is sent by Ctrl or ⌘ with Enter too. */
export function Form({ onSubmit, children }: { readonly onSubmit: () => void; readonly children: ReactNode }) {
  const form = useRef<HTMLFormElement>(null);
  // What was done takes its form away: the focus stays around it, where the answer stands, and does not start over.
  useLayoutEffect(() => {
    const around = form.current?.parentElement?.closest<HTMLElement>("[tabindex]");
    const inside = form.current;
    return () => {
      const at = document.activeElement;
      if (at === document.body || inside?.contains(at)) around?.focus({ preventScroll: true });
    };
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <form
      ref={form}
      className={s.body}
      style={{ padding: 0 }}
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
      }}
    >
      {children}
    </form>
  );
}

export function Buttons({ children }: { readonly children: ReactNode }) {
  return <div className={s.buttons}>{children}</div>;
}
