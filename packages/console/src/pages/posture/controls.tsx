import type { ControlRow } from "@outweigh/schema";
import { useState } from "react";
import { count } from "../../format/size.ts";
import { Button } from "../../ui/button.tsx";
import { Bullets, Section } from "../../ui/parts.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import { stealText } from "../models/paths.tsx";
import { Fix } from "./fix.tsx";
import { History } from "./history.tsx";
import s from "./posture.module.css";
import { stateWords } from "./words.ts";

/** Controls: failed ones first, by time to steal. What passes or concerns nothing is folded. */
export function Controls({ of }: { readonly of: readonly ControlRow[] }) {
  const [all, setAll] = useState(false);
  if (of.length === 0) return null;
  const urgent = of.filter((it) => it.state === "fail" || it.state === "unknown");
  const shown = all ? of : urgent;
  return (
    <Section title="Controls" aside={<Muted>{count(of.length)}</Muted>}>
      {urgent.length === 0 && <Muted>✓ All hold that could be tested.</Muted>}
      {shown.map((it) => (
        <Row of={it} key={it.name} />
      ))}
      {!all && of.length > shown.length && <Button onClick={() => setAll(true)}>Show all {count(of.length)}</Button>}
    </Section>
  );
}

function Row({ of: it }: { readonly of: ControlRow }) {
  const [open, setOpen] = useState(false);
  const [since] = it.history;
  return (
    <div className={s.control}>
      <div className={s.head}>
        <span className={s.state}>{stateWords[it.state]}</span>
        <strong>
          <Shown>{it.title}</Shown>
        </strong>
        <Muted>
          {it.stage}
          {it.minutes !== undefined && ` · ${stealText(it.minutes)} to steal`}
        </Muted>
      </div>
      <p>
        <Shown>{it.why}</Shown>
        {since && (
          <Muted>
            {" "}
            · since <At at={since.at} />
          </Muted>
        )}
      </p>
      {it.fix !== undefined && it.state === "fail" && <Fix fix={it.fix} fixIs={it.fixIs ?? "words"} />}
      <Button look="quiet" onClick={() => setOpen(!open)}>
        {open ? "Less" : "Evidence and history"}
      </Button>
      {open && <More of={it} />}
    </div>
  );
}

function More({ of: it }: { readonly of: ControlRow }) {
  return (
    <div className={s.more}>
      <p>
        <Shown>{it.about}</Shown>
      </p>
      {it.evidence.length > 0 ? (
        <Bullets items={it.evidence} />
      ) : (
        <Muted>There is no evidence beyond that sentence.</Muted>
      )}
      <Muted>What it does not see:</Muted>
      <Bullets items={it.blindspots} />
      {it.mitigations.length > 0 && <Muted>In part: {it.mitigations.join(", ")}</Muted>}
      {it.history.length > 0 && <History of={it.history} />}
    </div>
  );
}
