// Empty, waiting, broken: what a page says when it has nothing to show.
import { useEffect, useState, type ReactNode } from "react";
import { ApiError } from "../api/client.ts";
import { Button } from "./button.tsx";
import { Mono, Muted, Shown } from "./text.tsx";
import { At } from "./when.tsx";
import s from "./states.module.css";

/** Why there is nothing, and what to do about it. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className={s.empty}>
      <h1>{title}</h1>
      {children}
    </div>
  );
}

/** An answer that takes longer than this gets a placeholder, in ms; a shorter wait would only flicker. */
const lateMs = 300;

/** True once something has been waited for long enough to say so. */
function useLate(waiting: boolean): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!waiting) return setLate(false);
    const timer = setTimeout(() => setLate(true), lateMs);
    return () => clearTimeout(timer);
  }, [waiting]);
  return waiting && late;
}

const widths = ["82%", "64%", "74%", "48%", "70%", "58%"];

/** Grey lines where rows or text will be. */
export function Waiting({ lines = 6 }: { readonly lines?: number }) {
  const late = useLate(true);
  if (!late) return null;
  return (
    <div role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, i) => (
        <div className={s.line} key={i} style={{ width: widths[i % widths.length] }} />
      ))}
    </div>
  );
}

interface FailedProps {
  readonly what: string;
  readonly error: Error;
  /** Since when, in ms. */
  readonly since?: number;
  /** What the reader can still rely on. */
  readonly stillWorks?: string;
  readonly again?: () => void;
}

/** What failed, since when, what still works, and the code to search for. */
export function Failed({ what, error, since, stillWorks, again }: FailedProps) {
  // The first failure, not the last try.
  const [first] = useState(since);
  return (
    <div className={s.failed} role="alert">
      <h1>{what}</h1>
      <Problem error={error} />
      {first !== undefined && first > 0 && (
        <Muted>
          Since <At at={first} />
        </Muted>
      )}
      {stillWorks && <p>{stillWorks}</p>}
      {again && <Button onClick={again}>Try again</Button>}
    </div>
  );
}

/** What is shown is not all there is: servers that hold some of the events are away. */
export function Partial({ of }: { readonly of: { readonly partial?: true | undefined } }) {
  if (of.partial !== true) return null;
  return (
    <p className={s.partial} role="status">
      Not all events: servers that hold some of them are away. What is here is true; there may be more.
    </p>
  );
}

/** An error in its own place: its code and what it says. */
export function Problem({ error }: { readonly error: Error }) {
  const code = error instanceof ApiError ? error.code : "PAGE_FAILED";
  return (
    <p className={s.problem}>
      <Mono>{code}</Mono> · <Shown>{error.message}</Shown>
    </p>
  );
}
