import type { ControlRow } from "@outweigh/schema";
import { span } from "../../format/time.ts";
import { Muted } from "../../ui/text.tsx";
import { At, useNow } from "../../ui/when.tsx";
import { stateParts } from "./state-parts.ts";
import { stateWords } from "./words.ts";
import s from "./posture.module.css";

/** Days that the bar goes back. */
const days = 90;

/** A control's states as a bar over ninety days, then as words: what was not looked at is left blank. */
export function History({ of: history }: { readonly of: ControlRow["history"] }) {
  const now = useNow();
  const parts = stateParts(history, now, days);
  return (
    <>
      <div className={s.bar} role="img" aria-label={`Its states over ${days} days, told below`}>
        {parts.map((it) => (
          <span
            className={s[it.state]}
            style={{ left: `${it.left * 100}%`, width: `${it.width * 100}%` }}
            title={stateWords[it.state]}
            key={it.left}
          />
        ))}
      </div>
      <Muted>the last {days} days · solid: held · empty: failed · hatched: could not be told</Muted>
      {history.map(({ at, state }, i) => (
        <p key={at}>
          <At at={at} /> {stateWords[state]} <Muted>for {span((history[i - 1]?.at ?? now) - at)}</Muted>
        </p>
      ))}
    </>
  );
}
