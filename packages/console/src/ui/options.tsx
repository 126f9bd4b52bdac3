// What an input offers while one types: a list under it, walked with the arrow keys while the focus stays in the input.
import { useId, useState, type KeyboardEvent } from "react";
import { Mono, Shown } from "./text.tsx";
import s from "./float.module.css";

export interface Option {
  readonly key: string;
  readonly label: string;
  readonly about: string;
}

/** Which option is chosen, and the roles that tie the input to its list. `first`: one is chosen before any key. */
export function useChoice<Offered extends Option>(options: readonly Offered[], first: boolean) {
  const id = useId();
  const [at, setAt] = useState(first ? 0 : -1);
  const chosen = Math.min(at, options.length - 1);
  return {
    id,
    chosen: options[chosen],
    reset: () => setAt(first ? 0 : -1),
    point: setAt,
    /** True when the key was one that walks. */
    walk: (event: KeyboardEvent): boolean => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step === undefined || options.length === 0) return false;
      event.preventDefault();
      setAt(Math.min(options.length - 1, Math.max(0, chosen + step)));
      return true;
    },
    input: {
      role: "combobox",
      "aria-expanded": options.length > 0,
      "aria-controls": id,
      "aria-autocomplete": "list",
      ...(chosen >= 0 && { "aria-activedescendant": `${id}-${chosen}` }),
    } as const,
  };
}

interface OptionsProps<Offered extends Option> {
  readonly id: string;
  readonly label: string;
  readonly options: readonly Offered[];
  readonly chosen: Offered | undefined;
  readonly mono?: boolean;
  readonly onPoint: (at: number) => void;
  readonly onTake: (it: Offered) => void;
}

export function Options<Offered extends Option>(props: OptionsProps<Offered>) {
  const { id, label, options, chosen, mono = false, onPoint, onTake } = props;
  return (
    <div className={s.options} role="listbox" id={id} aria-label={label}>
      {options.map((it, i) => (
        <div
          className={s.option}
          role="option"
          id={`${id}-${i}`}
          aria-selected={it === chosen}
          key={it.key}
          onPointerMove={() => onPoint(i)}
          // The focus stays in the input.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onTake(it)}
        >
          {mono ? <Mono>{it.label}</Mono> : <Shown>{it.label}</Shown>}
          <span>{it.about}</span>
        </div>
      ))}
    </div>
  );
}
