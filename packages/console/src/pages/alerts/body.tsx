import { doubtText, restsText, type AlertDetail } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { plural } from "../../format/size.ts";
import { Block, Bullets, Dotted, Facts, Prose, Section, Tags } from "../../ui/parts.tsx";
import { Mono, Muted, Shown, Value } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import { InDoubt } from "../evidence/doubt.tsx";
import { EventTable } from "../events/table.tsx";

/** The line under an alert's title. */
export function AlertMeta({ of: { alert, rests } }: { readonly of: AlertDetail }) {
  const doubt = rests && doubtText(rests);
  return (
    <Dotted>
      {[
        doubt !== undefined && <InDoubt of={doubt} key="doubt" />,
        alert.incident !== undefined && (
          <Link to="/incidents/$id" params={{ id: alert.incident }} key="incident">
            INC-{alert.incidentNumber}
          </Link>
        ),
        plural(alert.count, "event"),
        alert.again !== undefined && (
          <span key="again">
            seen again {plural(alert.again, "time")}, last at <At at={alert.lastAt} />
          </span>
        ),
        <Mono key="rule">{alert.rule}</Mono>,
      ]}
    </Dotted>
  );
}

/** What an alert claims, and why: the same in its pane and on its page. */
export function Claim({ of: { alert } }: { readonly of: AlertDetail }) {
  return (
    <Section title="What was seen">
      <Prose>{alert.summary}</Prose>
    </Section>
  );
}

export function Particulars({ of: { alert } }: { readonly of: AlertDetail }) {
  return (
    <Section title="Particulars">
      <Facts
        rows={[
          ["Principal", alert.principal && <Value field="principal">{alert.principal}</Value>],
          ["Model", alert.model && <Value field="model">{alert.model}</Value>],
          ["First", <At at={alert.firstAt} key="first" />],
          ["Last", <At at={alert.lastAt} key="last" />],
          ["Theft", [alert.act, alert.method].filter((it) => it !== undefined).join(" · ")],
          [
            "Techniques",
            alert.techniques.length > 0 && (
              <Tags>
                {alert.techniques.map((it) => (
                  <Mono key={it}>{it}</Mono>
                ))}
              </Tags>
            ),
          ],
        ]}
      />
    </Section>
  );
}

/** The rule as it stands, and what it cannot see: known gaps are better than unknown ones. */
export function RuleText({ of: { rule } }: { readonly of: AlertDetail }) {
  return (
    <>
      <Section title="What it does not see">
        {rule.blindspots.length > 0 ? (
          <Bullets items={rule.blindspots} />
        ) : (
          <Muted>The rule declares no blind spot. That does not mean it has none.</Muted>
        )}
      </Section>
      <Section
        title={rule.kind === "sigma" ? "The rule" : "The detector"}
        aside={
          <Link to="/rules" search={{ sel: rule.id }}>
            <Shown>{rule.id}</Shown>
          </Link>
        }
      >
        {rule.text !== undefined ? (
          <Block label="Text of the rule">{rule.text}</Block>
        ) : (
          <Muted>A detector in code: it has no text to show. Its limits stand above.</Muted>
        )}
      </Section>
    </>
  );
}

export function ProvingEvents({ of: { alert, events, rests } }: { readonly of: AlertDetail }) {
  const told =
    events.length < alert.count
      ? `the first ${events.length} of ${plural(alert.count, "event")}`
      : plural(events.length, "event");
  const doubt = rests && doubtText(rests);
  return (
    <Section
      title="Events it rests on"
      aside={<Muted>{rests && events.length > 0 ? `${told}: ${restsText(rests)}` : told}</Muted>}
    >
      {doubt !== undefined && <p>{doubt}.</p>}
      {events.length === 0 ? (
        <Muted>The events are no longer kept; the alert holds what it was made from.</Muted>
      ) : (
        <EventTable events={events} />
      )}
    </Section>
  );
}
