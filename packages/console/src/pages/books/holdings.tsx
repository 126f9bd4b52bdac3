import type { Coalition, Holding } from "@outweigh/schema";
import { useState } from "react";
import { count, held, plural, share, size } from "../../format/size.ts";
import { Bar } from "../../ui/bar.tsx";
import { Button } from "../../ui/button.tsx";
import { Section } from "../../ui/parts.tsx";
import { Muted, Shown, Value } from "../../ui/text.tsx";
import s from "./books.module.css";

interface HoldingsProps {
  readonly holdings: readonly Holding[];
  /** What all undeclared readers hold together, model by model. */
  readonly coalitions: readonly Coalition[];
}

/** Holders shown at first: the largest, undeclared ones before declared ones. */
const maxHolders = 20;

/** Who holds how much of a model, with the model as the ruler. */
export function Holdings({ holdings, coalitions }: HoldingsProps) {
  const [all, setAll] = useState(false);
  if (holdings.length === 0 && coalitions.length === 0) return null;
  const ordered = [...holdings].sort((a, b) => Number(a.declared) - Number(b.declared) || b.bytes - a.bytes);
  const shown = all ? ordered : ordered.slice(0, maxHolders);
  const several = new Set(holdings.map((it) => it.model)).size > 1;
  return (
    <Section title="Who holds how much">
      {coalitions.map((it) => (
        <Together of={it} key={it.model} />
      ))}
      {shown.length > 0 && (
        <table className={s.table}>
          <thead>
            <tr>
              <th scope="col">Principal</th>
              {several && <th scope="col">Model</th>}
              <th scope="col">Of the model</th>
              <th scope="col" className={s.num}>
                Bytes
              </th>
              <th scope="col" className={s.num}>
                Share
              </th>
              <th scope="col">Accounted for</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((it) => (
              <Holder of={it} several={several} key={JSON.stringify([it.model, it.principal])} />
            ))}
          </tbody>
        </table>
      )}
      {ordered.length > shown.length && (
        <div>
          <Button onClick={() => setAll(true)}>All {count(ordered.length)}</Button>
        </div>
      )}
    </Section>
  );
}

/** The bound that holds for any number of identities. */
function Together({ of: it }: { readonly of: Coalition }) {
  if (it.readers === 0) return null;
  return (
    <div className={s.balance}>
      <p>
        {plural(it.readers, "undeclared reader")} together: <Shown>{held(it, it.model)}</Shown>. No declared copy
        accounts for it.
      </p>
      {it.bound === "<=" && (
        <Muted>≤ is an upper bound: the source does not say which bytes were read, so they may overlap.</Muted>
      )}
    </div>
  );
}

function Holder({ of: it, several }: { readonly of: Holding; readonly several: boolean }) {
  return (
    <tr>
      <td className={s.who}>
        <Value field="principal">{it.principal}</Value>
      </td>
      {several && (
        <td>
          <Shown>{it.model}</Shown>
        </td>
      )}
      <td className={s.bar}>
        {it.fraction === undefined ? (
          <Muted>size not known</Muted>
        ) : (
          <Bar fraction={it.fraction} bound={it.bound} accounted={it.declared} label={held(it, it.model)} />
        )}
      </td>
      <td className={s.num}>
        {it.bound === "<=" && "≤ "}
        {size(it.bytes)}
      </td>
      <td className={s.num}>{it.fraction === undefined ? "—" : share(it.fraction)}</td>
      <td>{it.declared ? <Muted>✓ by a declared copy</Muted> : "by nobody"}</td>
    </tr>
  );
}
