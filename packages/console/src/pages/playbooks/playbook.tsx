import type { PlaybookText } from "@outweigh/schema";
import { Markdown } from "../../ui/markdown.tsx";
import { Section } from "../../ui/parts.tsx";
import { Shown } from "../../ui/text.tsx";
import s from "./playbook.module.css";

/** The heading of a playbook that says what a person does. */
const doing = /^what to do$/i;

/** What to do next, from the playbooks of what was seen. */
export function DoNext({ playbooks }: { readonly playbooks: readonly PlaybookText[] }) {
  const steps = playbooks.flatMap(({ id, title, sections }) =>
    sections.filter((it) => doing.test(it.heading)).map(({ text }) => ({ id, title, text })),
  );
  if (steps.length === 0) return null;
  return (
    <Section title="Do next">
      {steps.map(({ id, title, text }) => (
        <div className={s.steps} key={id}>
          {steps.length > 1 && (
            <h3>
              <Shown>{title}</Shown>
            </h3>
          )}
          <Markdown>{text}</Markdown>
        </div>
      ))}
    </Section>
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
