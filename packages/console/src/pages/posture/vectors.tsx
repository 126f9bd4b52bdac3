import type { Posture, VectorGroup } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { plural } from "../../format/size.ts";
import { Section } from "../../ui/parts.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import s from "./posture.module.css";

type Measure = VectorGroup["measures"][number];

const stateWords = { covered: "in part", uncovered: "not covered", unknown: "could not tell" } as const;
const measureWords = { holds: "✓", fails: "✗", unknown: "?", none: "–" } as const;
const measureMeans = {
  control: { holds: "passes", fails: "failed", unknown: "could not be told", none: "concerns nothing here" },
  rule: { holds: "sees", fails: "sees nothing: off, or nothing that it reads sends", unknown: "", none: "" },
} as const;

/** Ways to take weights as a report groups them: what stands against each group now. */
export function Vectors({ of: it }: { readonly of: NonNullable<Posture["vectors"]> }) {
  const ways = it.groups.reduce((sum, one) => sum + one.ways, 0);
  return (
    <Section title={`Ways to take weights, ${it.source}`} aside={<Muted>{plural(ways, "way")}</Muted>}>
      <div className={s.scrolled} tabIndex={0} role="region" aria-label="Ways to take weights" data-arrows>
        <table className={s.table}>
          <thead>
            <tr>
              <th scope="col">Group</th>
              <th scope="col">Ways</th>
              <th scope="col">Covered</th>
              <th scope="col" className={s.words}>
                By
              </th>
            </tr>
          </thead>
          <tbody>
            {it.groups.map((one) => (
              <tr key={one.name}>
                <th scope="row" className={s.words}>
                  <Shown>{one.title}</Shown>
                </th>
                <td className={s.top}>{one.ways}</td>
                <td className={s.top}>{stateWords[one.state]}</td>
                <td className={s.words}>
                  {one.measures.map((measure) => (
                    <By of={measure} key={measure.name} />
                  ))}
                  <div>
                    <Muted>
                      Beyond us: <Shown>{one.beyond}</Shown>
                    </Muted>
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Muted>
        ✓ a control that passes, or a rule that sees what is sent. ✗ a control that failed, or a rule that sees nothing.
        ? could not be told. – concerns nothing here. Groups in our words, their sizes as remembered: compare them with
        the report before you quote them. A group is covered in part as soon as one measure holds, and never whole. No
        security level is given.
      </Muted>
    </Section>
  );
}

/** A measure leads to its proof: the control with its evidence, or the rule. */
function By({ of: { kind, name, title, state } }: { readonly of: Measure }) {
  const means = measureMeans[kind][state];
  return (
    <div>
      <span aria-label={means} title={means}>
        {measureWords[state]}
      </span>{" "}
      {kind === "control" ? (
        <Link to="/posture" search={{ tab: "controls", sel: name }}>
          <Shown>{title}</Shown>
        </Link>
      ) : (
        <Link to="/rules" search={{ sel: name }}>
          <Shown>{title}</Shown>
        </Link>
      )}
    </div>
  );
}
