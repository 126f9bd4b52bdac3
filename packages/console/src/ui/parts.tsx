// What panes and pages are set from: sections, facts, tabs.
import { useRef, type KeyboardEvent, type ReactNode } from "react";
import { count } from "../format/size.ts";
import { usePageTitle } from "./page-title.ts";
import { Shown } from "./text.tsx";
import s from "./parts.module.css";

interface SectionProps {
  readonly title: string;
  /** At the end of its head: a link, a count. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

export function Section({ title, aside, children }: SectionProps) {
  return (
    <section className={s.section}>
      <div className={s.sectionHead}>
        <h2>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** Names with their values. What is undefined is not known, and left out. */
export function Facts({ rows }: { readonly rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={s.facts}>
      {rows
        .filter(([, value]) => value !== undefined && value !== false && value !== "")
        .map(([name, value]) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>
              <Shown>{name}</Shown>
            </dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** The name of what is shown, and the line under it. */
export function Title({ children, meta }: { readonly children: string; readonly meta?: ReactNode }) {
  return (
    <>
      <h1 className={s.title}>
        <Shown>{children}</Shown>
      </h1>
      {meta && <div className={s.meta}>{meta}</div>}
    </>
  );
}

/** Parts of a line with dots between them. */
export function Dotted({ children }: { readonly children: readonly ReactNode[] }) {
  const parts = children.filter((it) => it !== undefined && it !== false && it !== "");
  return parts.map((it, i) => (
    <span key={i}>
      {i > 0 && " · "}
      {it}
    </span>
  ));
}

export function Prose({ children }: { readonly children: string }) {
  return (
    <p className={s.prose}>
      <Shown>{children}</Shown>
    </p>
  );
}

export function Bullets({ items }: { readonly items: readonly string[] }) {
  return (
    <ul className={s.bullets}>
      {items.map((it) => (
        <li key={it}>
          <Shown>{it}</Shown>
        </li>
      ))}
    </ul>
  );
}

export function Tags({ children }: { readonly children: ReactNode }) {
  return <div className={s.tags}>{children}</div>;
}

/** Text as it arrived: a record, a rule. */
export function Block({ children, label }: { readonly children: string; readonly label: string }) {
  return (
    <pre className={s.block} tabIndex={0} aria-label={label} data-arrows>
      <Shown lines>{children}</Shown>
    </pre>
  );
}

/** The buttons of a pane: under its title, above what is told. */
export function PaneActions({ children }: { readonly children: ReactNode }) {
  return <div className={s.paneActions}>{children}</div>;
}

export function Actions({ children }: { readonly children: ReactNode }) {
  return <div className={s.actions}>{children}</div>;
}

export interface Tab<Id extends string> {
  readonly id: Id;
  readonly title: string;
  readonly count?: number;
}

interface TabsProps<Id extends string> {
  readonly label: string;
  readonly tabs: readonly Tab<Id>[];
  readonly value: Id;
  readonly onChange: (id: Id) => void;
}

export function Tabs<Id extends string>({ label, tabs, value, onChange }: TabsProps<Id>) {
  const list = useRef<HTMLDivElement>(null);
  const keyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const at = tabs.findIndex((it) => it.id === value);
    const next = (at + step + tabs.length) % tabs.length;
    const tab = tabs[next];
    if (tab) onChange(tab.id);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[next]?.focus();
  };
  return (
    <div className={s.tabs} role="tablist" aria-label={label} ref={list} data-arrows onKeyDown={keyDown}>
      {tabs.map(({ id, title, count: n }) => (
        <button
          type="button"
          role="tab"
          className={s.tab}
          aria-selected={id === value}
          tabIndex={id === value ? 0 : -1}
          key={id}
          onClick={() => onChange(id)}
        >
          {title} {n !== undefined && n > 0 && <span>{count(n)}</span>}
        </button>
      ))}
    </div>
  );
}

interface PageProps {
  /** For the browser's tab. */
  readonly title: string;
  /** Where one came from. */
  readonly crumb: ReactNode;
  readonly head: ReactNode;
  readonly actions?: ReactNode;
  readonly tabs?: ReactNode;
  readonly children: ReactNode;
  readonly side?: ReactNode;
}

/** One thing's own page: its head stays, its two columns scroll apart. */
export function Page({ title, crumb, head, actions, tabs, children, side }: PageProps) {
  usePageTitle(title);
  return (
    <article className={s.page}>
      <header className={s.pageHead}>
        <div className={s.crumb}>{crumb}</div>
        <div className={s.headRow}>
          <div className={s.headText}>{head}</div>
          {actions}
        </div>
        {tabs ?? <div style={{ height: 12 }} />}
      </header>
      <div className={side ? s.columns : ""} style={side ? {} : { minHeight: 0, overflow: "auto" }}>
        <div className={s.column} tabIndex={0} data-arrows role="region" aria-label="Content">
          {children}
        </div>
        {side && (
          <aside className={s.column} tabIndex={0} data-arrows aria-label="Beside it">
            {side}
          </aside>
        )}
      </div>
    </article>
  );
}
