import { entityKind as paged, type Entity } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { count } from "../../format/size.ts";
import { Section } from "../../ui/parts.tsx";
import { Middle, Muted, Value } from "../../ui/text.tsx";
import { EntityLink } from "../entities/link.tsx";
import s from "./incidents.module.css";

const words: Readonly<Record<Entity["kind"], string>> = {
  principal: "principal",
  model: "model",
  place: "place",
  address: "address",
  artifact: "artifact",
  credential: "key",
  "user-agent": "program",
};

/** Who and what took part; a click leads to their own page, or to their events. */
export function Entities({ of }: { readonly of: readonly Entity[] }) {
  if (of.length === 0) return null;
  return (
    <Section title="Who and what" aside={<Muted>events</Muted>}>
      <div>
        {of.map((it) => (
          <div className={s.entity} key={JSON.stringify([it.kind, it.name])}>
            <Muted>{words[it.kind]}</Muted>
            {it.kind === "model" ? (
              <Link to="/models/$name" params={{ name: it.name.toWellFormed() }}>
                <Middle>{it.name}</Middle>
              </Link>
            ) : paged.safeParse(it.kind).success ? (
              <EntityLink kind={paged.parse(it.kind)}>{it.name}</EntityLink>
            ) : (
              <Value field={it.kind}>{it.name}</Value>
            )}
            <span>{count(it.events)}</span>
          </div>
        ))}
      </div>
    </Section>
  );
}
