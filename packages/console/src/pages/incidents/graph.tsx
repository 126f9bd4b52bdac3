import type { GraphKind } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { incidentGraphQuery } from "../../api/queries.ts";
import { brief } from "../../format/middle.ts";
import { revealed } from "../../format/reveal.ts";
import { count, size } from "../../format/size.ts";
import { stamp } from "../../format/time.ts";
import { usePreferences } from "../../preferences.ts";
import { Button } from "../../ui/button.tsx";
import { Problem, Waiting } from "../../ui/states.tsx";
import { Muted } from "../../ui/text.tsx";
import { layoutOf, type Layout, type PlacedNode } from "./graph-layout.ts";
import s from "./graph.module.css";

/** How the theft ran: who, from where, which model, and where it came to lie. A slider runs through its time. */
export function StoryGraph({ incident }: { readonly incident: string }) {
  const { data, error } = useQuery(incidentGraphQuery(incident));
  const layout = useMemo(() => data && layoutOf(data), [data]);
  if (error) return <Problem error={error} />;
  if (!layout) return <Waiting lines={6} />;
  if (layout.edges.length === 0)
    return <p>No event is kept that joins two things: the timeline tells what the alerts were made from.</p>;
  return <Played layout={layout} />;
}

/** How long a whole story takes to play, in ms. */
const playMs = 6000;
/** And one of its steps. */
const stepMs = 60;

function Played({ layout }: { readonly layout: Layout }) {
  const { zone } = usePreferences();
  const { firstAt, lastAt } = layout;
  const [at, setAt] = useState(lastAt);
  const [playing, setPlaying] = useState(false);
  useEffect(() => {
    if (!playing) return undefined;
    const step = Math.max(1, ((lastAt - firstAt) * stepMs) / playMs);
    const timer = setInterval(() => setAt((before) => Math.min(lastAt, before + step)), stepMs);
    return () => clearInterval(timer);
  }, [playing, firstAt, lastAt]);
  useEffect(() => {
    if (at >= lastAt) setPlaying(false);
  }, [at, lastAt]);
  const play = () => {
    if (at >= lastAt) setAt(firstAt);
    setPlaying(!playing);
  };
  return (
    <>
      <Drawing layout={layout} at={at} />
      {lastAt > firstAt && (
        <div className={s.player}>
          <Button onClick={play}>{playing ? "Pause" : "Play"}</Button>
          <input
            type="range"
            aria-label="Until when"
            min={firstAt}
            max={lastAt}
            value={at}
            data-arrows
            onChange={(event) => {
              setPlaying(false);
              setAt(Number(event.target.value));
            }}
          />
          <Muted>{stamp(at, zone)}</Muted>
        </div>
      )}
    </>
  );
}

const titles: Readonly<Record<GraphKind, string>> = {
  principal: "Who",
  address: "From where",
  model: "Which model",
  artifact: "Where it lies",
};

// Sizes of the drawing, in its own units: four columns fit the page of a small screen at the text's own size.
const row = 34;
const box = { width: 140, height: 24 };
const gap = 28;
const head = 24;

function Drawing({ layout, at }: { readonly layout: Layout; readonly at: number }) {
  const { kinds, nodes, edges, rows } = layout;
  const width = kinds.length * box.width + (kinds.length - 1) * gap;
  const height = head + rows * row;
  const heights = kinds.map((_, column) => nodes.filter((it) => it.column === column).length);
  const left = ({ column }: PlacedNode) => column * (box.width + gap);
  const middle = (it: PlacedNode) => head + ((it.row + 0.5) * rows * row) / (heights[it.column] ?? 1);
  const touched = new Set(edges.filter(({ edge }) => edge.firstAt <= at).flatMap(({ from, to }) => [from, to]));
  return (
    <svg
      className={s.graph}
      viewBox={`0 0 ${width} ${height}`}
      style={{ maxWidth: width * 1.3, aspectRatio: `${width} / ${height}` }}
      role="img"
      aria-label={`${count(nodes.length)} things joined by ${count(edges.length)} lines; the timeline tells the same in words`}
    >
      {kinds.map((kind, i) => (
        <text className={s.head} x={i * (box.width + gap)} y={12} key={kind}>
          {titles[kind]}
        </text>
      ))}
      {edges.map(({ edge, from, to }) => {
        const [x1, y1, x2, y2] = [left(from) + box.width, middle(from), left(to), middle(to)];
        const bend = Math.max(gap / 2, (x2 - x1) / 2);
        return (
          <path
            className={edge.firstAt <= at ? s.edge : s.later}
            strokeWidth={1 + Math.min(4, Math.log10(edge.events))}
            d={`M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`}
            key={`${edge.from} ${edge.to}`}
          >
            <title>
              {`${edge.operations.join(", ") || "events"}: ${count(edge.events)}${edge.bytes > 0 ? `, ${size(edge.bytes)}` : ""}`}
            </title>
          </path>
        );
      })}
      {nodes.map((it) => (
        <g className={touched.has(it) ? s.node : s.later} key={it.node.id}>
          <rect x={left(it)} y={middle(it) - box.height / 2} width={box.width} height={box.height} rx={4} />
          <text x={left(it) + 8} y={middle(it) + 4}>
            {clipped(it.node.name)}
          </text>
          <title>{`${revealed(it.node.name)}: ${count(it.node.events)} events`}</title>
        </g>
      ))}
    </svg>
  );
}

/** Letters that fit into a box. */
const maxLetters = 17;

/** The end tells names apart, the beginning what they are: both stay. */
function clipped(name: string): string {
  const text = revealed(brief(name));
  if (text.length <= maxLetters) return text;
  const half = Math.floor((maxLetters - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(-half)}`;
}
