import { linkFeature, linkFeatureText, type AccountLinks, type Retest } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { count, plural } from "../../format/size.ts";
import { Button } from "../../ui/button.tsx";
import { Facts, Section } from "../../ui/parts.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import s from "./clients.module.css";

interface LinkedProps {
  readonly of: AccountLinks;
  /** What testing them as one gave, for each model. */
  readonly retests: readonly Retest[];
  /** Promised chance of a finding for honest accounts that are so alike, as a share. */
  readonly alpha?: number | undefined;
  /** The page of an account, by its name; undefined where the gateway is not known. */
  readonly idOf: (principal: string) => string | undefined;
  /** Opens the decision about all of them. */
  readonly onDecide?: (() => void) | undefined;
  /** What else is said of them. */
  readonly children?: ReactNode;
}

/** Which accounts, why they were tested as one, and what that gave: in this order, since the link is no finding. */
export function Linked({ of: it, retests, alpha, idOf, onDecide, children }: LinkedProps) {
  return (
    <Section title="Linked accounts">
      <p>
        <Muted>
          A link is a reason to test accounts together, never a verdict: honest ones share wordings and networks too.
          Only what the test found may be acted on.
        </Muted>
      </p>
      <Facts
        rows={[
          ["Accounts", <Members names={it.members} idOf={idOf} capped={it.capped} key="members" />],
          ["Linked by", <Features of={it} key="features" />],
          ["False links", promiseText(it)],
          ...retests.map((one): [string, string] => [`Tested as one: ${one.model}`, retestText(one, alpha)]),
          ...(retests.length === 0
            ? [["Tested as one", "not yet: none of them asked a model that is watched"] as const]
            : []),
        ]}
      />
      <Links of={it} />
      {children}
      {onDecide && (
        <p>
          <Button onClick={onDecide}>{`Decide about all ${count(it.members.length)}`}</Button>
        </p>
      )}
    </Section>
  );
}

function Members({
  names,
  idOf,
  capped,
}: {
  readonly names: readonly string[];
  readonly idOf: LinkedProps["idOf"];
  readonly capped: boolean;
}) {
  return (
    <>
      {names.map((name, i) => {
        const id = idOf(name);
        return (
          <span key={name}>
            {i > 0 && ", "}
            {id === undefined ? (
              <Shown>{name}</Shown>
            ) : (
              <Link to="/clients/$id" params={{ id }}>
                <Shown>{name}</Shown>
              </Link>
            )}
          </span>
        );
      })}
      {capped && <Muted> · the group is full: there may be more</Muted>}
    </>
  );
}

/** Each feature with the strongest pair that has it. */
function Features({ of: { links } }: { readonly of: AccountLinks }) {
  const best = linkFeature.options.flatMap((feature) => {
    const found = links.flatMap((it) => it.because.filter((one) => one.feature === feature));
    const ps = found.flatMap(({ p }) => p ?? []);
    return found.length === 0 ? [] : [{ feature, p: ps.length === 0 ? undefined : Math.min(...ps) }];
  });
  if (best.length === 0) return <Muted>its own links are not among the strongest: they stand with the others</Muted>;
  return (
    <ul className={s.features}>
      {best.map(({ feature, p }) => (
        <li key={feature}>
          {linkFeatureText[feature].is}{" "}
          <Muted>{p === undefined ? "how seldom that is was not asked" : seldom(p)}</Muted>
        </li>
      ))}
    </ul>
  );
}

/** All pairs, weakest links last; folded away, since the features say what matters. */
function Links({ of: { links } }: { readonly of: AccountLinks }) {
  const [open, setOpen] = useState(false);
  if (links.length === 0) return null;
  return (
    <>
      <p>
        <button type="button" className={s.fold} aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Fold the pairs" : plural(links.length, "pair")}
        </button>
      </p>
      {open && (
        <table className={s.beside}>
          <thead>
            <tr>
              <th scope="col">Pair</th>
              <th scope="col">By</th>
              <th scope="col">As alike by chance</th>
            </tr>
          </thead>
          <tbody>
            {links.map((it) => (
              <tr key={`${it.a}\n${it.b}`}>
                <td>
                  <Shown>{it.a}</Shown> – <Shown>{it.b}</Shown>
                </td>
                <td>{it.because.map((one) => linkFeatureText[one.feature].is).join("; ")}</td>
                <td>{it.p === undefined ? <Muted>not asked</Muted> : seldom(it.p)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

/** "once in 8,000 pairs of unrelated accounts" */
export function seldom(p: number): string {
  if (p >= 0.5) return "as often as not, by chance";
  if (p < 1e-12) return "less than once in 10¹² unrelated pairs";
  return `once in ${count(Math.round(1 / p))} unrelated pairs`;
}

function promiseText({ falseLinks, accounts }: AccountLinks): string {
  if (falseLinks === 0) return `one address in common: nothing is promised of how often honest ones have that`;
  return `about ${count(falseLinks)} to be expected among all pairs of ${plural(accounts, "account")}, each time they are compared`;
}

function retestText({ state, queries, most }: Retest, alpha: number | undefined): string {
  const of = plural(queries, "query", "queries");
  switch (state) {
    case "calibrating":
      return `${of}; no level is promised for so many accounts: the link stands alone, and says nothing`;
    case "link-only":
      return `${of}; together they ask nothing that honest accounts so alike do not${most === undefined ? "" : `: ${most.toFixed(2)} of the level`}`;
    case "evidence": {
      const promise = alpha === undefined ? "" : `, which at most ${percent(alpha)} of honest groups reach`;
      return `${of}; found${most === undefined ? "" : `: ${most.toFixed(2)} of the level`}${promise}`;
    }
  }
}

/** A small share as it was promised: "0.25 %". */
function percent(of: number): string {
  return `${Number((100 * of).toPrecision(2))} %`;
}
