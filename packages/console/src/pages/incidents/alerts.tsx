import type { AlertRow } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { plural } from "../../format/size.ts";
import { Level } from "../../ui/level.tsx";
import { Dotted, Prose } from "../../ui/parts.tsx";
import { Mono, Muted, Shown } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import { Matched } from "../alerts/matched.tsx";
import s from "./incidents.module.css";

/** The alerts of an incident, each with why it matched. */
export function IncidentAlerts({ alerts }: { readonly alerts: readonly AlertRow[] }) {
  return alerts.map((it) => (
    <section className={s.alert} key={it.id}>
      <div className={s.alertHead}>
        <Level of={it.severity} />
        <Muted>
          <Dotted>
            {[<At at={it.firstAt} key="first" />, plural(it.count, "event"), <Mono key="rule">{it.rule}</Mono>]}
          </Dotted>
        </Muted>
      </div>
      <h3>
        <Link to="/alerts/$id" params={{ id: it.id }}>
          <Shown>{it.title}</Shown>
        </Link>
      </h3>
      <Prose>{it.summary}</Prose>
      <Matched of={it.matched} />
    </section>
  ));
}
