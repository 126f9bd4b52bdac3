import type { CoverageRow, Posture } from "@outweigh/schema";
import { Section } from "../../ui/parts.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import s from "./posture.module.css";

/** Methods of theft against kinds of sources that send: how many rules in use look where. */
export function Coverage({ of }: { readonly of: readonly CoverageRow[] }) {
  const kinds = of[0]?.sees.map((it) => it.kind) ?? [];
  return (
    <Section title="Who looks where">
      {kinds.length === 0 && (
        <p>No source sent anything within a day, so no rule sees anything. A source's page says how to switch it on.</p>
      )}
      <div className={s.scrolled} tabIndex={0} role="region" aria-label="Rules by method and source" data-arrows>
        <table className={s.table}>
          <thead>
            <tr>
              <th scope="col">Method of theft</th>
              <th scope="col">Rules in use</th>
              {kinds.map((it) => (
                <th scope="col" key={it}>
                  <Shown>{it}</Shown>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {of.map(({ method, rules, sees }) => (
              <tr key={method}>
                <th scope="row">{method}</th>
                <td>{rules}</td>
                {sees.map((it) => (
                  <td key={it.kind}>{it.rules === 0 ? <Muted>–</Muted> : it.rules}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Muted>Detectors read every source. A rule that reads what no source sends is in use and sees nothing.</Muted>
    </Section>
  );
}

/** Techniques of ATLAS: what is looked for, and what of it sees anything now. */
export function Techniques({ of }: { readonly of: Posture["techniques"] }) {
  return (
    <Section title="Techniques of ATLAS" aside={<Muted>{of.length}</Muted>}>
      {of.length === 0 && <Muted>No rule in use names one.</Muted>}
      <div className={s.scrolled} tabIndex={0} role="region" aria-label="Techniques" data-arrows>
        <table className={s.table}>
          <thead>
            <tr>
              <th scope="col">Technique</th>
              <th scope="col">Rules in use</th>
              <th scope="col">Of them see</th>
            </tr>
          </thead>
          <tbody>
            {of.map(({ id, name, rules, seeing }) => (
              <tr key={id}>
                <th scope="row">
                  {id} {name !== undefined && <Muted>{name}</Muted>}
                </th>
                <td>{rules}</td>
                <td>{seeing === 0 ? "none: nothing that they read sends" : seeing}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Muted>A technique that is not here is looked for by no rule in use.</Muted>
    </Section>
  );
}
