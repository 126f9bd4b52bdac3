import type { SourceHealth } from "@outweigh/schema";
import { plural } from "../../format/size.ts";
import { Section } from "../../ui/parts.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { Ago } from "../../ui/when.tsx";

/** How far a source's records can be believed: by each way on which they came, what was checked and what would raise it. */
export function Grades({ of: it }: { readonly of: SourceHealth }) {
  return (
    <Section title="Grade" aside={<Muted>{gradeText(it)}</Muted>}>
      {it.grades.length === 0 && (
        <Muted>
          {it.records === 0
            ? "Nothing has arrived yet: a grade is what was checked of a record when it came in."
            : "Its records came in before they were graded: who could have written them is not known."}
        </Muted>
      )}
      {it.grades.map(({ way, grade, basis, raise, records, lastAt }) => (
        <div key={way}>
          <p>
            <strong>{capital(grade)}</strong>: <Shown>{basis}</Shown>.{" "}
            <Muted>
              {plural(records, "record")}, the last <Ago at={lastAt} inWords />
            </Muted>
          </p>
          <p>
            {means[grade]} {raise && <Shown>{`To raise it: ${raise}.`}</Shown>}
          </p>
        </div>
      ))}
    </Section>
  );
}

/** The weakest of a source's grades: it is as good as the weakest way into it. */
export function gradeText({ grades }: SourceHealth): string {
  return grades[0]?.grade ?? "not graded";
}

const means = {
  signed: "Its maker's signature was checked.",
  authenticated: "Its sender proved who it is; whoever holds that channel can write anything.",
  plain: "Anybody who can reach it can write it: what rests on such records alone is told with that doubt.",
} as const;

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
