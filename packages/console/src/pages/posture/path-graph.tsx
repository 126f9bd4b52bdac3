import { useMemo, type KeyboardEvent } from "react";
import { brief } from "../../format/middle.ts";
import { revealed } from "../../format/reveal.ts";
import { count, plural } from "../../format/size.ts";
import { Section } from "../../ui/parts.tsx";
import { Mono, Muted, Shown } from "../../ui/text.tsx";
import { maxDrawnPaths, pathLayout, type PathEdge, type PathNode, type ToldPath } from "./path-layout.ts";
import s from "./paths.module.css";

interface PathGraphProps {
  /** Of one model, the quickest first. */
  readonly paths: readonly ToldPath[];
  /** The path, or the edge, that is looked at. */
  readonly selected: string | undefined;
  readonly onSelect: (id: string | undefined) => void;
}

// Sizes in the drawing's own units: four columns fit a small screen at the text's own size.
const row = 36;
const box = { width: 190, height: 26 };
const gap = 64;
const maxLetters = 24;

/** From what an attacker has to the weights: solid where it was proven, dashed where it was concluded. A line tells its proof. */
export function PathGraph({ paths, selected, onSelect }: PathGraphProps) {
  const layout = useMemo(() => pathLayout(paths.slice(0, maxDrawnPaths)), [paths]);
  const { heights, nodes, edges, rows } = layout;
  const width = heights.length * box.width + Math.max(0, heights.length - 1) * gap;
  const height = rows * row + 8;
  const left = ({ column }: PathNode) => column * (box.width + gap);
  const middle = (it: PathNode) => 4 + ((it.row + 0.5) * rows * row) / (heights[it.column] ?? 1);
  const curves = (through: readonly PathNode[]) =>
    through
      .slice(1)
      .map((to, i) => {
        const from = through[i] ?? to;
        const x1 = left(from) + (i === 0 ? box.width : box.width / 2);
        const x2 = left(to) + (i === through.length - 2 ? 0 : box.width / 2);
        return curve(x1, middle(from), x2, middle(to));
      })
      .join(" ");
  const chosen = edges.find((it) => it.id === selected);
  const isLit = (it: PathEdge) => selected === undefined || it === chosen || it.paths.has(selected);
  const lit = new Set(edges.filter(isLit).flatMap((it) => [it.from, it.to]));
  return (
    <>
      <div className={s.drawing} tabIndex={0} role="region" aria-label="Theft paths as a graph">
        <svg
          className={s.graph}
          viewBox={`0 0 ${width} ${height}`}
          style={{ minWidth: width * 0.85, maxWidth: width * 1.15, aspectRatio: `${width} / ${height}` }}
          role="group"
          aria-label={`${count(nodes.length)} things joined by ${count(edges.length)} lines`}
        >
          {edges.map((it) => (
            <Edge
              of={it}
              d={curves([it.from, ...it.via, it.to])}
              look={it === chosen ? "chosen" : isLit(it) ? "lit" : "dim"}
              onSelect={() => onSelect(it === chosen ? undefined : it.id)}
              key={it.id}
            />
          ))}
          {nodes.map((it) => (
            <g className={lit.has(it) ? s.node : s.dimNode} key={it.id}>
              <rect x={left(it)} y={middle(it) - box.height / 2} width={box.width} height={box.height} rx={4} />
              <text x={left(it) + 8} y={middle(it) + 4}>
                {clipped(it.name)}
              </text>
              <title>{revealed(it.name)}</title>
            </g>
          ))}
        </svg>
      </div>
      <p className={s.key}>
        <span className={s.solid} /> <Muted>verified: press a line for its proof</Muted>
        <span className={s.dashed} /> <Muted>inferred</Muted>
        {paths.length > maxDrawnPaths && (
          <Muted>
            The {count(maxDrawnPaths)} quickest of {count(paths.length)} are drawn; all stand below.
          </Muted>
        )}
      </p>
      {chosen && <Proof of={chosen} />}
    </>
  );
}

/** An edge backwards, as liars draw them, bends out and comes back. */
function curve(x1: number, y1: number, x2: number, y2: number): string {
  const bend = Math.max(gap / 2, Math.abs(x2 - x1) / 2);
  return `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

interface EdgeProps {
  readonly of: PathEdge;
  readonly d: string;
  readonly look: "chosen" | "lit" | "dim";
  readonly onSelect: () => void;
}

function Edge({ of: it, d, look, onSelect }: EdgeProps) {
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    onSelect();
  };
  return (
    <g
      className={`${s.edge} ${s[look]} ${it.basis === "inferred" ? s.inferred : ""}`}
      role="button"
      tabIndex={0}
      aria-pressed={look === "chosen"}
      aria-label={`${revealed(it.from.name)} to ${revealed(it.to.name)}, ${it.basis}`}
      onClick={onSelect}
      onKeyDown={press}
    >
      <path className={s.hit} d={d} />
      <path className={s.line} d={d} />
    </g>
  );
}

function Proof({ of: it }: { readonly of: PathEdge }) {
  return (
    <Section
      title={it.basis === "verified" ? "Verified by" : "Inferred from"}
      aside={<Muted>{plural(it.paths.size, "path")}</Muted>}
    >
      <p>
        <Mono>{it.from.name}</Mono> → <Mono>{it.to.name}</Mono>
      </p>
      {it.steps.slice(0, 20).map((step) => (
        <div key={`${step.how} ${step.proof}`}>
          <Shown>{step.how}</Shown>
          {step.proof === undefined ? (
            <Muted> · no proof is kept: it was concluded</Muted>
          ) : (
            <pre className={s.proof}>
              <Shown>{step.proof}</Shown>
            </pre>
          )}
        </div>
      ))}
    </Section>
  );
}

/** The end tells names apart, the beginning what they are: both stay. */
function clipped(name: string): string {
  const text = revealed(brief(name));
  if (text.length <= maxLetters) return text;
  const half = Math.floor((maxLetters - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(-half)}`;
}
