import type { ClientRow } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { count, share } from "../../format/size.ts";
import { Bar } from "../../ui/bar.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { Ago } from "../../ui/when.tsx";
import s from "./clients.module.css";
import { bits, positionText, reading } from "./words.ts";

/** What is known of a client, name by name: the same rows on its page and where two are compared. */
export function factsOf(it: ClientRow): (readonly [string, ReactNode])[] {
  return [
    ["Last request", it.lastAt === undefined ? <Muted key="never">none yet</Muted> : <Ago at={it.lastAt} key="last" />],
    ["Requests", `${count(it.requests)}${it.denied > 0 ? `; ${count(it.denied)} refused` : ""}`],
    [
      "Tokens in, out",
      it.inputTokens + it.outputTokens > 0 ? `${count(it.inputTokens)}, ${count(it.outputTokens)}` : undefined,
    ],
    ["Information given", it.informationBits > 0 ? bits(it.informationBits) : "none beyond text"],
    ["Budget of today", <Budget of={it} key="budget" />],
    ["Novelty", <Reading value={it.reading?.novelty} key="novelty" />],
    ["Learning", <Reading value={it.reading?.learning} key="learning" />],
    [
      "Progress",
      it.reading?.progress === undefined ? (
        <Muted key="none">not metered</Muted>
      ) : (
        `≥ ${share(it.reading.progress)} agreement of a clone`
      ),
    ],
    ["Answers", `${positionText[it.dial].name}: ${positionText[it.dial].gets}`],
    ["Plan", <Shown key="plan">{it.plan}</Shown>],
    ["Tenant", it.tenant === undefined ? undefined : <Shown key="tenant">{it.tenant}</Shown>],
    [
      "Keys that work",
      <Link to="/client-keys" search={{ filter: `principal:${JSON.stringify(it.principal)}` }} key="keys">
        {count(it.keys)}
      </Link>,
    ],
    ["Gateway", <Shown key="gateway">{it.gatewayName}</Shown>],
  ];
}

export function Reading({ value }: { readonly value: number | undefined }) {
  const text = reading(value);
  if (text === undefined) return <Muted>no reading</Muted>;
  return (
    <span>
      {text}
      {(value ?? 0) >= 1 && <Muted> · alarms</Muted>}
    </span>
  );
}

export function Budget({ of: { budget } }: { readonly of: ClientRow }) {
  if (!budget) return <Muted>its plan sets none</Muted>;
  const label = `${share(budget.used)} of ${bits(budget.bitsPerDay).replace("≤ ", "")} a day`;
  return (
    <span className={s.budget}>
      {label}
      <Bar fraction={budget.used} bound="<=" accounted={budget.used < 1} label={label} />
    </span>
  );
}
