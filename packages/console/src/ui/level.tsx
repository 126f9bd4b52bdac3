// The one place where colour is used: how bad. Bars that count, a filled square for the worst; the word is always beside it.
import { severities, type Severity } from "@outweigh/schema";
import s from "./level.module.css";

/** The glyph with its word. */
export function Level({ of }: { readonly of: Severity }) {
  return (
    <span className={s.level}>
      <Glyph of={of} />
      {wordOf(of)}
    </span>
  );
}

export function wordOf(level: Severity): string {
  return level.charAt(0).toUpperCase() + level.slice(1);
}

/** The glyph alone, where its word stands in the same line. The shape gives the order without any colour. */
export function Glyph({ of }: { readonly of: Severity }) {
  const filled = severities.indexOf(of);
  return (
    <svg className={`${s.glyph} ${s[of]}`} viewBox="0 0 14 14" aria-hidden="true">
      {of === "critical" ? (
        <>
          <rect width="14" height="14" rx="3" fill="currentColor" />
          <path className={s.ink} d="M6 3h2v5H6zM6 9.5h2v2H6z" />
        </>
      ) : (
        [0, 1, 2].map((i) => (
          <rect
            key={i}
            x={1 + i * 4.5}
            y={9 - i * 3}
            width="3"
            height={4 + i * 3}
            rx="0.8"
            {...(i < filled ? { fill: "currentColor" } : { className: s.empty })}
          />
        ))
      )}
    </svg>
  );
}
