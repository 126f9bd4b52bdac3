import s from "./bar.module.css";

interface BarProps {
  /** 0 to 1. */
  readonly fraction: number;
  /** An upper bound is hatched. */
  readonly bound: "exact" | "<=";
  /** Ink for what nobody accounts for, grey for the rest. */
  readonly accounted: boolean;
  /** The same in words. */
  readonly label: string;
}

/** How much of a whole, drawn. Its numbers always stand beside it. */
export function Bar({ fraction, bound, accounted, label }: BarProps) {
  return (
    <span className={s.bar} role="img" aria-label={label}>
      <span
        className={`${s.fill} ${accounted ? s.accounted : ""} ${bound === "<=" ? s.bound : ""}`}
        style={{ width: `${Math.min(1, Math.max(0, fraction)) * 100}%` }}
      />
    </span>
  );
}
