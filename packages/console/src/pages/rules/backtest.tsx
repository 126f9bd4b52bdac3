import {
  backtestReport,
  maxBacktestText,
  printFilter,
  type BacktestedRule,
  type BacktestExample,
} from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useId, useState } from "react";
import { addresses } from "../../api/address.ts";
import { send } from "../../api/client.ts";
import { count, plural } from "../../format/size.ts";
import { Button } from "../../ui/button.tsx";
import { Actions, Section } from "../../ui/parts.tsx";
import { Problem, Waiting } from "../../ui/states.tsx";
import { Mono, Muted, Shown } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import s from "./rules.module.css";

/** How far back one may look, in days. */
const spans = [1, 7, 30] as const;
const dayMs = 86_400_000;
/** Examples that are shown; the command line has more. */
const maxExamples = 3;

interface BacktestProps {
  /** The id of a rule in use. */
  readonly rule?: string;
  /** A text that is tried beside it, or by itself: a draft. */
  readonly text?: string;
}

/** What a rule in use, or a draft, would have said of the events that are stored. Nothing is changed by asking. */
export function Backtest({ rule, text }: BacktestProps) {
  const [exception, setException] = useState("");
  const field = useId();
  const tried = useMutation({
    mutationFn: (days: number) => {
      const to = Date.now();
      const texts = [...(text === undefined ? [] : [text]), ...(exception.trim() === "" ? [] : [exception])];
      const of = rule === undefined ? {} : { rule };
      return send(backtestReport, addresses.backtest, { ...of, texts, from: to - days * dayMs, to });
    },
  });
  return (
    <Section title="Backtest">
      {text === undefined && (
        <details className={s.exception}>
          <summary>With an exception</summary>
          <label htmlFor={field}>A Sigma filter: what it hides is shown apart</label>
          <textarea
            id={field}
            rows={8}
            maxLength={maxBacktestText}
            spellCheck={false}
            value={exception}
            onChange={(event) => setException(event.target.value)}
          />
        </details>
      )}
      <Actions>
        {spans.map((days) => (
          <Button key={days} disabled={tried.isPending} onClick={() => tried.mutate(days)}>
            {days === 1 ? "Try on a day" : `Try on ${days} days`}
          </Button>
        ))}
      </Actions>
      {tried.isPending && <Waiting lines={3} />}
      {tried.error && <Problem error={tried.error} />}
      {tried.data && (
        <div role="status">
          {[...tried.data.refused.map((it) => it.reason), ...tried.data.warnings].map((it) => (
            <p key={it}>
              <Shown>{it}</Shown>
            </p>
          ))}
          {tried.data.events === 0 ? (
            <Muted>No events are stored of that time: choose a longer one.</Muted>
          ) : (
            tried.data.rules.map((it) => <Tried key={it.rule} of={it} events={tried.data.events} />)
          )}
          {tried.data.blind > 0 && (
            <p>
              <Muted>
                {plural(tried.data.blind, "event")} without the source's own record: rules on its field names cannot
                match these
              </Muted>
            </p>
          )}
          {tried.data.cut !== undefined && (
            <p>
              Not all was tried: <Shown>{tried.data.cut}</Shown>
            </p>
          )}
        </div>
      )}
    </Section>
  );
}

function Tried({ of: it, events }: { readonly of: BacktestedRule; readonly events: number }) {
  const most = Math.max(1, ...it.days.map((day) => day.hits));
  return (
    <>
      <p>
        {plural(it.hits, "hit")} in {plural(events, "event")}
        {it.hits > 0 && `, by ${it.more === true ? "at least " : ""}${plural(it.principals, "principal")}`}
        {it.hidden > 0 && `; the exception hides ${count(it.hidden)} more`}
      </p>
      {it.days.length > 0 && (
        <table className={s.days}>
          <tbody>
            {it.days.map(({ day, hits }) => (
              <tr key={day}>
                <th scope="row">{day}</th>
                <td className={s.number}>{count(hits)}</td>
                <td aria-hidden="true">
                  <span className={s.bar} style={{ width: `${(100 * hits) / most}%` }} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {it.examples.slice(0, maxExamples).map((example) => (
        <Example key={example.event} of={example} />
      ))}
      {it.hiddenExamples.length > 0 && <p>Hidden by the exception:</p>}
      {it.hiddenExamples.slice(0, maxExamples).map((example) => (
        <Example key={example.event} of={example} />
      ))}
    </>
  );
}

function Example({ of: it }: { readonly of: BacktestExample }) {
  const filter = printFilter([{ field: "id", op: "=", values: [it.event], excluded: false }]);
  return (
    <div className={s.example}>
      <Link to="/events" search={{ filter }}>
        <At at={it.at} />
      </Link>{" "}
      <Mono>{it.principal}</Mono>
      {it.because.map(({ selection, field, modifiers, value }, i) => (
        <div key={i}>
          <Muted>
            {selection !== undefined && <Shown>{`${selection}: `}</Shown>}
            <Shown>{[field, ...modifiers].join("|")}</Shown>
          </Muted>{" "}
          <Mono>{value}</Mono>
        </div>
      ))}
    </div>
  );
}
