import type { Impact, Objective, Risk } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { Bullets, Facts, Section } from "../../ui/parts.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { EntityLink } from "../entities/link.tsx";
import s from "./incidents.module.css";

const risks: Readonly<Record<Risk, string>> = {
  "ip-loss": "Property lost",
  "competitive-disadvantage": "Competition",
  "attacker-research": "What attackers learnt",
  replication: "Copies elsewhere",
  "business-impact": "Who is concerned",
};

const objectives: Readonly<Record<Objective, string>> = {
  "gain-assets": "Gaining the asset itself",
  "avoid-cost": "Avoiding the cost of development",
  "study-behaviour": "Studying how the model behaves",
  "competitive-advantage": "A competitive advantage",
  "later-attacks": "Support for later attacks",
};

/** What it means: five rows of risk, what it is consistent with, and what else its principals reach. */
export function ImpactOf({ of: it }: { readonly of: Impact }) {
  return (
    <>
      <Section title="What it means">
        <Facts
          rows={it.risks.map(({ risk, said, known }) => [
            risks[risk],
            known ? (
              <Shown key={risk}>{said}</Shown>
            ) : (
              <Muted key={risk}>
                Not known: <Shown>{said}</Shown>
              </Muted>
            ),
          ])}
        />
      </Section>
      {it.objectives.length > 0 && (
        <Section title="What it is consistent with" aside={<Muted>hypotheses</Muted>}>
          <Bullets items={it.objectives.map(({ objective, because }) => `${objectives[objective]}: ${because}`)} />
        </Section>
      )}
      {it.reach.length > 0 && (
        <Section title="What else they reach">
          {it.reach.map(({ principal, mayRead, holds }) => (
            <div className={s.pin} key={principal}>
              <EntityLink kind="principal">{principal}</EntityLink>
              <Reached word="may read" names={mayRead} />
              <Reached word="holds bytes of" names={holds} />
            </div>
          ))}
        </Section>
      )}
    </>
  );
}

function Reached({ word, names }: { readonly word: string; readonly names: readonly string[] }) {
  if (names.length === 0) return null;
  return (
    <div>
      <Muted>{word} </Muted>
      {names.map((name, i) => (
        <span key={name}>
          {i > 0 && ", "}
          <Link to="/models/$name" params={{ name }}>
            <Shown>{name}</Shown>
          </Link>
        </span>
      ))}
    </div>
  );
}
