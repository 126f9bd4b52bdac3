import { doubtOf, type AlertRow } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { plural } from "../../format/size.ts";
import { Level } from "../../ui/level.tsx";
import { Button } from "../../ui/button.tsx";
import { Actions, Dotted, Prose } from "../../ui/parts.tsx";
import { useShortcuts } from "../../ui/shortcuts.ts";
import { Mono, Muted, Shown } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import { Matched } from "../alerts/matched.tsx";
import { InDoubt } from "../evidence/doubt.tsx";
import { Split } from "./split.tsx";
import s from "./incidents.module.css";

interface IncidentAlertsProps {
  readonly incident: string;
  readonly alerts: readonly AlertRow[];
}

/** The alerts of an incident, each with why it matched. */
export function IncidentAlerts({ incident, alerts }: IncidentAlertsProps) {
  const [isSplitting, setSplitting] = useState(false);
  const canSplit = alerts.length > 1;
  useShortcuts(canSplit ? { split: () => setSplitting(true) } : {});
  return (
    <>
      {canSplit && (
        <Actions>
          <Button shortcut="split" onClick={() => setSplitting(true)}>
            Split
          </Button>
        </Actions>
      )}
      {isSplitting && <Split incident={incident} alerts={alerts} onClose={() => setSplitting(false)} />}
      {alerts.map((it) => (
        <section className={s.alert} key={it.id}>
          <div className={s.alertHead}>
            <Level of={it.severity} />
            <Muted>
              <Dotted>
                {[
                  <At at={it.firstAt} key="first" />,
                  plural(it.count, "event"),
                  it.again !== undefined && (
                    <span key="again">
                      seen again {plural(it.again, "time")}, last at <At at={it.lastAt} />
                    </span>
                  ),
                  <Mono key="rule">{it.rule}</Mono>,
                ]}
              </Dotted>
            </Muted>
          </div>
          <h3>
            <InDoubt of={doubtOf([it.rests])} />
            <Link to="/alerts/$id" params={{ id: it.id }}>
              <Shown>{it.title}</Shown>
            </Link>
          </h3>
          <Prose>{it.summary}</Prose>
          <Matched of={it.matched} />
        </section>
      ))}
    </>
  );
}
