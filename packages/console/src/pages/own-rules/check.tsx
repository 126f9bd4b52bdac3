import type { HiddenAlert, OwnCheck, OwnRule } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { count, plural } from "../../format/size.ts";
import { Bullets, Section } from "../../ui/parts.tsx";
import { Mono, Muted, Shown } from "../../ui/text.tsx";
import { Ago, At } from "../../ui/when.tsx";
import s from "./own-rules.module.css";

/** What was found when it was checked: what stands in its way first. */
export function Check({ of: { check, kind } }: { readonly of: OwnRule }) {
  if (!check) {
    return (
      <Section title="Check">
        <Muted>
          Not checked yet.{" "}
          {kind === "exception"
            ? "A check runs its rule's proofs with it, and says which alerts of 30 days it would have hidden."
            : "A check runs its proof."}
        </Muted>
      </Section>
    );
  }
  const passed = check.proofs.filter((it) => it.passed).length;
  return (
    <Section
      title="Check"
      aside={
        <Muted>
          <Ago at={check.at} inWords /> by <Shown>{check.by}</Shown>
        </Muted>
      }
    >
      {check.problems.length > 0 ? (
        <>
          <p>It cannot go on:</p>
          <Bullets items={check.problems} />
        </>
      ) : (
        <p>✓ Nothing stands in its way.</p>
      )}
      <p>
        {plural(check.proofs.length, "case")} of {check.proofs.length === 1 ? "its proof" : "its proofs"}: {passed}{" "}
        passed, {count(check.proofs.length - passed)} failed.
        {check.unproven.length > 0 && ` ${check.unproven.join(", ")} is code and has no proof here.`}
      </p>
      <Cases of={check} />
      {check.hides && <Hides of={check.hides} />}
    </Section>
  );
}

function Cases({ of: { proofs } }: { readonly of: OwnCheck }) {
  return (
    <ul className={s.cases}>
      {proofs.map((it) => (
        <li key={`${it.rule} ${it.case}`}>
          {it.passed ? "✓" : "✕"} <Shown>{it.case}</Shown>{" "}
          <Muted>{it.kind === "attack" ? "must raise an alert" : "must raise nothing"}</Muted>
        </li>
      ))}
    </ul>
  );
}

function Hides({ of: it }: { readonly of: NonNullable<OwnCheck["hides"]> }) {
  return (
    <>
      <p>
        Of {plural(it.alerts, "alert")} of its rules in 30 days it would have hidden {count(it.hidden)} whole and{" "}
        {count(it.partly)} in part;{" "}
        {it.confirmed === 0 ? (
          "none belongs to a confirmed theft."
        ) : (
          <strong>{plural(it.confirmed, "alert")} of a confirmed theft.</strong>
        )}
        {it.unknown > 0 && ` Of ${count(it.unknown)} no event is kept any more.`}
        {it.cut !== undefined && ` ${it.cut}.`}
      </p>
      {it.examples.map((one) => (
        <Hidden of={one} key={one.id} />
      ))}
    </>
  );
}

function Hidden({ of: it }: { readonly of: HiddenAlert }) {
  return (
    <div className={s.hidden}>
      <Link to="/alerts/$id" params={{ id: it.id }}>
        <Shown>{it.title}</Shown>
      </Link>{" "}
      <Muted>
        {it.hidden === it.events ? "whole" : `${count(it.hidden)} of ${plural(it.events, "event")}`}
        {it.confirmed && ", a confirmed theft"}
      </Muted>
      <div>
        <At at={it.lastAt} /> {it.principal !== undefined && <Mono>{it.principal}</Mono>}{" "}
        {it.incident !== undefined && (
          <Link to="/incidents/$id" params={{ id: it.incident }}>
            INC-{it.incidentNumber}
          </Link>
        )}
      </div>
    </div>
  );
}
