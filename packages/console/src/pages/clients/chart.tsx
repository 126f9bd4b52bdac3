import type { ActionRow, ClientPoint } from "@outweigh/schema";
import { useId } from "react";
import { Muted } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import s from "./clients.module.css";

/** The drawing's own units; CSS scales it. */
const width = 720;
const height = 150;
const top = 12;
const bottom = 20;

interface Line {
  readonly name: string;
  readonly of: (it: ClientPoint) => number | undefined;
  readonly style: string | undefined;
}

const readings: readonly Line[] = [
  { name: "novelty", of: (it) => it.novelty, style: s.solid },
  { name: "learning", of: (it) => it.learning, style: s.dashed },
  { name: "progress", of: (it) => it.progress, style: s.dotted },
];

interface ChartProps {
  readonly points: readonly ClientPoint[];
  /** Orders that held: drawn over the time that they held. */
  readonly orders?: readonly ActionRow[];
  /** The same span for two charts that are compared. */
  readonly span?: readonly [number, number];
  /** The highest value drawn, likewise. */
  readonly most?: number;
}

/** The readings of one client over time; the line at 1 is the alarm level of novelty and learning. */
export function Readings({ points, orders = [], span, most = mostOf(points) }: ChartProps) {
  const title = useId();
  if (points.length < 2)
    return <Muted>Not enough to draw yet: while it asks, a point is kept each minute, for thirty days.</Muted>;
  const [from, to] = span ?? spanOf(points);
  const x = (at: number) => ((at - from) / Math.max(1, to - from)) * width;
  const y = (value: number) => height - bottom - (value / most) * (height - top - bottom);
  const drawn = readings.filter(({ of }) => points.some((it) => of(it) !== undefined));
  return (
    <figure className={s.chart}>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-labelledby={title} preserveAspectRatio="none">
        <title id={title}>{drawn.map((it) => it.name).join(", ") || "no reading"} over time</title>
        {orders.map((it) => (
          <rect
            key={it.id}
            className={s.held}
            x={Math.max(0, x(it.at))}
            width={Math.max(2, Math.min(width, x(it.undoneAt ?? it.endsAt ?? to)) - Math.max(0, x(it.at)))}
            y={top}
            height={height - top - bottom}
          />
        ))}
        <line className={s.axis} x1={0} x2={width} y1={height - bottom} y2={height - bottom} />
        <line className={s.alarm} x1={0} x2={width} y1={y(1)} y2={y(1)} />
        {drawn.map(({ name, of, style }) => (
          <polyline
            key={name}
            className={style}
            points={points
              .flatMap((it) => {
                const value = of(it);
                return value === undefined ? [] : [`${x(it.at).toFixed(1)},${y(value).toFixed(1)}`];
              })
              .join(" ")}
          />
        ))}
      </svg>
      <figcaption className={s.legend}>
        {drawn.length === 0 && <span>No reading in this time</span>}
        {drawn.map(({ name, style }) => (
          <span key={name}>
            <svg width="24" height="8" aria-hidden="true">
              <line className={style} x1={0} x2={24} y1={4} y2={4} />
            </svg>{" "}
            {name}
          </span>
        ))}
        <span>
          <svg width="24" height="8" aria-hidden="true">
            <line className={s.alarm} x1={0} x2={24} y1={4} y2={4} />
          </svg>{" "}
          alarm level
        </span>
        {orders.length > 0 && <span>shaded: an order held</span>}
        <span className={s.ends}>
          <At at={from} /> to <At at={to} />
        </span>
      </figcaption>
    </figure>
  );
}

/** Where the drawing ends above: never so low that the alarm level is not seen. */
export function mostOf(points: readonly ClientPoint[]): number {
  return Math.max(1.2, ...points.flatMap((it) => readings.map(({ of }) => of(it) ?? 0)));
}

export function spanOf(points: readonly ClientPoint[]): [number, number] {
  const at = points.map((it) => it.at);
  return [Math.min(...at), Math.max(...at)];
}
