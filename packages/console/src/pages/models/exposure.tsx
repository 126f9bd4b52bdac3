import type { Listener, TheftPath } from "@outweigh/schema";
import { useState } from "react";
import { count } from "../../format/size.ts";
import { Button } from "../../ui/button.tsx";
import { Section } from "../../ui/parts.tsx";
import { Mono, Muted, Shown } from "../../ui/text.tsx";
import { PathList } from "./paths.tsx";
import s from "./models.module.css";

/** Ways in which it could be taken today, step by step, each with its fix. */
export function TheftPaths({ of }: { readonly of: readonly TheftPath[] }) {
  if (of.length === 0) return null;
  return (
    <Section title="How it could be taken" aside={<Muted>{count(of.length)}</Muted>}>
      <PathList of={of} />
    </Section>
  );
}

/** Listeners shown at first: those that ask nobody, then those that could not be told. */
const maxListeners = 8;

/** Programs that listen on the scanned hosts, and whether they ask who is there. */
export function Listeners({ of }: { readonly of: readonly Listener[] }) {
  const [all, setAll] = useState(false);
  if (of.length === 0) return null;
  const rank = ({ authenticated }: Listener) => (authenticated === false ? 0 : authenticated === "unknown" ? 1 : 2);
  const ordered = [...of].sort((a, b) => rank(a) - rank(b));
  const shown = all ? ordered : ordered.slice(0, maxListeners);
  return (
    <Section title="What listens on the scanned hosts" aside={<Muted>{count(of.length)}</Muted>}>
      <table className={s.table}>
        <thead>
          <tr>
            <th scope="col" style={{ width: "28%" }}>
              Address
            </th>
            <th scope="col">Program</th>
            <th scope="col" style={{ width: "32%" }}>
              Asks who is there
            </th>
            <th scope="col" style={{ width: 80 }}>
              Basis
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((it) => (
            <tr key={`${it.address}:${it.port} ${it.process}`}>
              <td>
                <Mono>{`${it.address.includes(":") ? `[${it.address}]` : it.address}:${it.port}`}</Mono>
              </td>
              <td>
                <Shown>{it.product ?? it.process ?? "not known"}</Shown>
              </td>
              <td>{authenticatedWord(it)}</td>
              <td>
                <Muted>{it.basis}</Muted>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {ordered.length > shown.length && (
        <div style={{ paddingTop: 8 }}>
          <Button onClick={() => setAll(true)}>All {count(ordered.length)}</Button>
        </div>
      )}
    </Section>
  );
}

function authenticatedWord({ authenticated }: Listener): string {
  if (authenticated === "unknown") return "could not be told";
  return authenticated ? "✓ yes" : "no: anybody who reaches it";
}
