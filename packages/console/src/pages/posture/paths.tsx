import type { Posture } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { count, plural } from "../../format/size.ts";
import { Button } from "../../ui/button.tsx";
import { Section } from "../../ui/parts.tsx";
import { useUrl } from "../../ui/list-state.ts";
import { Mono, Muted, Shown } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import { stealText } from "../models/paths.tsx";
import { Fix } from "./fix.tsx";
import { PathGraph } from "./path-graph.tsx";
import { pathId, type ToldPath } from "./path-layout.ts";
import s from "./paths.module.css";

/** Paths listed at first, and models offered: the quickest ones are what one mends first. */
const maxListed = 25;
const maxModels = 30;

/** How each model could be taken: its graph, its paths in the order of time to steal, and what the last scans changed. */
export function Paths({ of: it }: { readonly of: Posture }) {
  const { search, go } = useUrl();
  const byModel = useMemo(() => Map.groupBy<string, ToldPath>(it.paths, (path) => path.model), [it.paths]);
  // In the order of their quickest path, as the server sends them.
  const models = [...byModel.keys()];
  const model = models.find((name) => name === search.by) ?? models[0];
  const paths = (model !== undefined && byModel.get(model)) || [];
  return (
    <>
      <Change of={it} />
      <Section title="How models could be taken" aside={<Muted>{count(it.pathCount)}</Muted>}>
        {it.pathCount === 0 && <NoPath scans={it.scans.length} />}
        {models.length > 1 && (
          <div className={s.models} role="group" aria-label="Models, the quickest to take first">
            {models.slice(0, maxModels).map((name) => (
              <button
                type="button"
                className={s.model}
                aria-pressed={name === model}
                onClick={() => go({ by: name, sel: undefined })}
                key={name}
              >
                <Shown>{name}</Shown> {count(byModel.get(name)?.length ?? 0)}
              </button>
            ))}
            {models.length > maxModels && <Muted>{count(models.length - maxModels)} more take longer</Muted>}
          </div>
        )}
        {paths.length > 0 && <PathGraph paths={paths} selected={search.sel} onSelect={(sel) => go({ sel }, true)} />}
      </Section>
      {paths.length > 0 && <Ranked of={paths} />}
    </>
  );
}

function Ranked({ of: paths }: { readonly of: readonly ToldPath[] }) {
  const { search, go } = useUrl();
  const [all, setAll] = useState(false);
  const shown = all ? paths : paths.slice(0, maxListed);
  return (
    <Section title="By time to steal" aside={<Muted>{plural(paths.length, "path")}</Muted>}>
      {shown.map((path) => {
        const id = pathId(path);
        const isOn = id === search.sel;
        const from = path.steps[0]?.from ?? "somebody";
        return (
          <div className={`${s.ranked} ${isOn ? s.on : ""}`} key={id}>
            <span>{path.minutes === undefined ? "–" : stealText(path.minutes)}</span>
            <div>
              <button
                type="button"
                className={s.way}
                aria-pressed={isOn}
                onClick={() => go({ sel: isOn ? undefined : id }, true)}
              >
                <Mono>{from}</Mono>
                {path.steps.map((step, i) => (
                  <span key={i}>
                    {step.basis === "verified" ? " → " : " ⇢ "}
                    <Mono>{step.to}</Mono>
                  </span>
                ))}
              </button>
              {isOn &&
                path.steps.map((step, i) => (
                  <div key={i}>
                    {i + 1}. <Shown>{step.how}</Shown> <Muted>({step.basis})</Muted>
                    {step.proof !== undefined && (
                      <pre className={s.proof}>
                        <Shown>{step.proof}</Shown>
                      </pre>
                    )}
                  </div>
                ))}
              {path.fix === undefined ? (
                <Muted>No one command closes it: the control of its kind says what to do.</Muted>
              ) : (
                <Fix fix={path.fix} fixIs="command" />
              )}
            </div>
            <Muted>
              {path.kind}
              {path.host !== undefined && (
                <>
                  {" on "}
                  <Link to="/scans/$host" params={{ host: path.host }}>
                    <Shown>{path.host}</Shown>
                  </Link>
                </>
              )}
            </Muted>
          </div>
        );
      })}
      {paths.length > shown.length && <Button onClick={() => setAll(true)}>Show all {count(paths.length)}</Button>}
    </Section>
  );
}

/** What the last scan of each host found gone or new: whether a fix held. */
function Change({ of: { change } }: { readonly of: Posture }) {
  if (change.gone.length + change.fresh.length === 0) return null;
  return (
    <Section
      title="Since the scans before"
      aside={
        <Muted>
          {count(change.gone.length)} gone, {count(change.fresh.length)} new
        </Muted>
      }
    >
      {[
        ...change.fresh.map((it) => ({ ...it, isGone: false })),
        ...change.gone.map((it) => ({ ...it, isGone: true })),
      ].map((it) => (
        <div className={s.gone} key={`${it.isGone} ${it.host} ${it.what} ${it.says}`}>
          <span>
            {it.isGone ? "✓ gone: " : "new: "}
            <Mono>{it.what}</Mono>
          </span>
          <Muted>
            <Shown>{it.says}</Shown> ·{" "}
            <Link to="/scans/$host" params={{ host: it.host }}>
              <Shown>{it.host}</Shown>
            </Link>{" "}
            <At at={it.at} />
          </Muted>
        </div>
      ))}
    </Section>
  );
}

function NoPath({ scans }: { readonly scans: number }) {
  if (scans > 0)
    return <Muted>None was found in {plural(scans, "scan")}. The controls say what was not looked at.</Muted>;
  return (
    <p>
      Nothing was scanned yet: <Mono>outweigh scan</Mono> on a host, or ask one of the <Link to="/hosts">hosts</Link>.
    </p>
  );
}
