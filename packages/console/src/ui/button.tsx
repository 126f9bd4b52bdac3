import type { ReactNode } from "react";
import { keysShown, type ShortcutId } from "../keys.ts";
import s from "./button.module.css";

const apple = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** The keys of a shortcut, as they stand on buttons and in the guide. */
export function Keys({ of }: { readonly of: ShortcutId }) {
  return (
    <span className={s.keys} aria-hidden="true">
      {keysShown(of, apple).map((it) => (
        <kbd className={s.kbd} key={it}>
          {it}
        </kbd>
      ))}
    </span>
  );
}

interface ButtonProps {
  readonly children: ReactNode;
  readonly onClick?: () => void;
  /** `main` is ink and stands once on a page; `quiet` has no border. */
  readonly look?: "main" | "quiet";
  /** The shortcut that does the same. */
  readonly shortcut?: ShortcutId;
  readonly disabled?: boolean;
  readonly submits?: boolean;
  readonly label?: string;
}

/** A button that says what happens to what. */
export function Button({ children, onClick, look, shortcut, disabled, submits = false, label }: ButtonProps) {
  return (
    <button
      type={submits ? "submit" : "button"}
      className={`${s.button} ${look ? s[look] : ""}`}
      {...(onClick && { onClick })}
      {...(disabled && { disabled })}
      {...(label && { "aria-label": label })}
    >
      {children}
      {shortcut && <Keys of={shortcut} />}
    </button>
  );
}
