import {
  filledHunt,
  includesRole,
  splitHunts,
  type HuntFacts,
  type PlaybookHunt,
  type PlaybookText,
} from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { sessionQuery } from "../../api/queries.ts";
import { revealed } from "../../format/reveal.ts";
import { Markdown } from "../../ui/markdown.tsx";
import { Section } from "../../ui/parts.tsx";
import { Shown } from "../../ui/text.tsx";
import s from "./playbook.module.css";

/** The heading of a playbook that says what a person does. */
const doing = /^what to do$/i;

interface DoNextProps {
  readonly playbooks: readonly PlaybookText[];
  /** What the hunts of a playbook are filled in with. */
  readonly facts: HuntFacts;
}

/** What to do next, from the playbooks of what was seen; their hunts one click away. */
export function DoNext({ playbooks, facts }: DoNextProps) {
  const steps = playbooks.flatMap(({ id, title, sections }) =>
    sections.filter((it) => doing.test(it.heading)).map(({ text }) => ({ id, title, ...splitHunts(text) })),
  );
  if (steps.length === 0) return null;
  return (
    <Section title="Do next">
      {steps.map(({ id, title, text, hunts }) => (
        <div className={s.steps} key={id}>
          {steps.length > 1 && (
            <h3>
              <Shown>{title}</Shown>
            </h3>
          )}
          <Markdown>{text}</Markdown>
          <Hunts of={hunts} facts={facts} />
        </div>
      ))}
    </Section>
  );
}

/** For those who may hunt; a hunt whose facts are not known is left out. */
function Hunts({ of, facts }: { readonly of: readonly PlaybookHunt[]; readonly facts: HuntFacts }) {
  const { data } = useQuery(sessionQuery);
  if (!data?.user.grants.some((it) => includesRole(it.role, "analyst"))) return null;
  const filled = of.flatMap((it) => {
    const filter = filledHunt(it, facts);
    return filter === undefined ? [] : [{ title: it.title, filter }];
  });
  if (filled.length === 0) return null;
  return (
    <ul className={s.hunts} aria-label="Hunts">
      {filled.map(({ title, filter }) => (
        <li key={title}>
          <Link to="/events" search={{ filter }} title={revealed(filter)}>
            <Shown>{title}</Shown>
          </Link>
        </li>
      ))}
    </ul>
  );
}

/** The rest of the playbooks: what it means, whether it is work, what it does not see. Closed until asked for. */
export function Background({ playbooks }: { readonly playbooks: readonly PlaybookText[] }) {
  return playbooks.map(({ id, title, sections }) => (
    <Section title={playbooks.length > 1 ? `Playbook: ${title}` : "Playbook"} key={id}>
      {sections
        .filter((it) => !doing.test(it.heading))
        .map(({ heading, text }) => (
          <details className={s.more} key={heading}>
            <summary>
              <Shown>{heading}</Shown>
            </summary>
            <Markdown>{text}</Markdown>
          </details>
        ))}
    </Section>
  ));
}
