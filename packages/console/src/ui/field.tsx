import { useId } from "react";
import s from "./dialog.module.css";

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly type?: "text" | "password";
  readonly focus?: boolean;
  /** What the browser may fill in: see the HTML standard's autofill names. */
  readonly fill?: "username" | "current-password" | "new-password" | "one-time-code" | "off";
  readonly least?: number;
  readonly most?: number;
  readonly placeholder?: string;
  readonly optional?: boolean;
  /** All of the line, where fields stand side by side. */
  readonly wide?: boolean;
}

/** One line of text with its name above it. */
export function Field({ label, value, onChange, type = "text", focus, fill = "off", ...rest }: FieldProps) {
  const id = useId();
  return (
    <div className={`${s.field} ${rest.wide === true ? s.whole : ""}`}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type={type}
        value={value}
        required={rest.optional !== true}
        autoFocus={focus === true}
        autoComplete={fill}
        spellCheck={false}
        autoCapitalize="none"
        minLength={rest.least}
        maxLength={rest.most}
        placeholder={rest.placeholder}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  );
}

interface SelectProps<Id extends string> {
  readonly label: string;
  readonly options: readonly { readonly id: Id; readonly label: string }[];
  readonly value: Id;
  readonly onChange: (id: Id) => void;
}

/** One of several, by the browser's own list. */
export function Select<Id extends string>({ label, options, value, onChange }: SelectProps<Id>) {
  const id = useId();
  return (
    <div className={s.field}>
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={value}
        onChange={(event) => {
          const found = options.find((it) => it.id === event.target.value);
          if (found) onChange(found.id);
        }}
      >
        {options.map((it) => (
          <option value={it.id} key={it.id}>
            {it.label}
          </option>
        ))}
      </select>
    </div>
  );
}

interface AmountProps {
  readonly label: string;
  readonly value: number;
  readonly onChange: (value: number) => void;
  readonly least: number;
  readonly most: number;
}

/** A whole number within its bounds. */
export function Amount({ label, value, onChange, least, most }: AmountProps) {
  const id = useId();
  return (
    <div className={s.field}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="number"
        min={least}
        max={most}
        value={value}
        onChange={(event) => {
          const typed = Math.round(event.target.valueAsNumber);
          if (Number.isFinite(typed)) onChange(Math.min(most, Math.max(least, typed)));
        }}
      />
    </div>
  );
}
