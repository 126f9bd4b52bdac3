import type { Gap, SourceHealth } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { count, plural, share } from "../../format/size.ts";
import { span } from "../../format/time.ts";
import { Block, Bullets, Dotted, Facts, Section, Title } from "../../ui/parts.tsx";
import { Mono, Muted, Shown } from "../../ui/text.tsx";
import { Ago, At, useNow } from "../../ui/when.tsx";
import { Collector } from "./collector.tsx";
import { Grades } from "./grades.tsx";
import { Tokens } from "./tokens.tsx";
import { alarmingRejects, stateText } from "./words.ts";

/** Kinds whose programs sign what they send: no token is made for them. */
const signsItself: ReadonlySet<string> = new Set(["agent", "gateway"]);

/** One source: health first, then what it refused, then what it cannot show however well it works. */
export function SourcePane({ of: it }: { readonly of: SourceHealth }) {
  return (
    <>
      <Muted>{stateText(it)}</Muted>
      <Title
        meta={<Dotted>{[<Mono key="kind">{kindsOf(it)}</Mono>, `${plural(it.events24h, "event")} in 24 h`]}</Dotted>}
      >
        {it.name}
      </Title>
      <Section title="Health">
        <p>{healthOf(it)}</p>
        {it.problem && (
          <p>
            <Shown>{it.problem}</Shown>
          </p>
        )}
        <Facts
          rows={[
            ["Last seen", it.lastSeenAt === undefined ? "never" : <Ago at={it.lastSeenAt} key="seen" />],
            ["Late by", it.lagMs === undefined ? undefined : span(it.lagMs)],
            ["Newest event", it.lastEventAt === undefined ? "none" : <At at={it.lastEventAt} key="event" />],
            ["Records", count(it.records)],
            [
              "Events",
              <Link to="/events" search={{ filter: `source:${it.name}` }} key="events">
                {count(it.events)}
              </Link>,
            ],
          ]}
        />
      </Section>
      <Grades of={it} />
      {it.collector && <Collector of={it.collector} />}
      <Gaps of={it.gaps} />
      {!signsItself.has(it.kind) && <Tokens source={it.name} />}
      <Section title="What it cannot see">
        {it.cannotSee.length > 0 ? <Bullets items={it.cannotSee} /> : <Muted>Nothing is declared.</Muted>}
      </Section>
      {it.requires.length > 0 && (
        <Section title="What it needs">
          <Bullets items={it.requires} />
        </Section>
      )}
      <Section title="Rejects" aside={<Muted>{count(it.rejects)}</Muted>}>
        {it.samples.length === 0 && <Muted>Every record could be read.</Muted>}
        {it.samples.map((sample) => (
          <div key={`${sample.offset} ${sample.at}`}>
            <p>
              <Shown>{sample.reason}</Shown>
            </p>
            <Muted>
              at byte {count(sample.offset)} · <At at={sample.at} />
            </Muted>
            <Block label="The record">{sample.record}</Block>
          </div>
        ))}
      </Section>
    </>
  );
}

function kindsOf({ kind, kinds }: SourceHealth): string {
  return kinds.length > 1 ? `${kind}: ${kinds.join(", ")}` : kind;
}

function healthOf(it: SourceHealth): string {
  const rejects = alarmingRejects(it);
  switch (it.state) {
    case "sending":
      if (rejects === undefined) return "Records arrive as they should.";
      return `Records arrive, but ${share(rejects)} of them could not be read: what they tell is not seen. The newest are below, with the reason.`;
    case "waiting":
      return "Nothing has arrived yet: it is connected, and was not seen to send.";
    case "silent":
      return "Quiet for longer than it said it would be. What happens now is not seen.";
    case "failing":
      return "It cannot be read. What happens now is not seen.";
  }
}

function Gaps({ of }: { readonly of: readonly Gap[] }) {
  const now = useNow();
  if (of.length === 0) return null;
  return (
    <Section title="Gaps" aside={<Muted>{count(of.length)}</Muted>}>
      {[...of].reverse().map((it) => (
        <p key={it.from}>
          {span((it.to ?? now) - it.from)} from <At at={it.from} />
          {it.to === undefined ? ", still" : ""}{" "}
          {it.reason && (
            <Muted>
              · <Shown>{it.reason}</Shown>
            </Muted>
          )}
        </p>
      ))}
    </Section>
  );
}
