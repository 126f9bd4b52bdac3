import type { Gap, HostActivity, OcsfEvent } from "@outweigh/schema";

/** One line of a host's timeline, oldest first. */
export type HostLine =
  | { readonly kind: "event"; readonly at: number; readonly event: OcsfEvent }
  | { readonly kind: "gap"; readonly at: number; readonly gap: Gap }
  | { readonly kind: "sight"; readonly at: number; readonly sensor: string };

interface Around {
  readonly gaps: readonly Gap[];
  readonly sights: HostActivity["sights"];
  /** Whether the events are all read: what came after the last of them is told only then. */
  readonly isWhole: boolean;
}

/** Events with the silences and the changes of sight between them, each where it began. Of one moment, what frames comes first. */
export function hostLines(events: readonly OcsfEvent[], { gaps, sights, isWhole }: Around): HostLine[] {
  const end = isWhole ? Number.POSITIVE_INFINITY : (events.at(-1)?.time ?? 0);
  const frame: HostLine[] = [
    ...gaps.map((gap): HostLine => ({ kind: "gap", at: gap.from, gap })),
    ...sights.map((it): HostLine => ({ kind: "sight", at: it.at, sensor: it.sensor })),
  ]
    .filter((it) => it.at <= end)
    .sort((a, b) => a.at - b.at);
  const lines: HostLine[] = [];
  let next = 0;
  for (const event of events) {
    for (let it = frame[next]; it && it.at <= event.time; it = frame[++next]) lines.push(it);
    lines.push({ kind: "event", at: event.time, event });
  }
  return [...lines, ...frame.slice(next)];
}

/** What a change of the sensor means for what is seen. */
export function sensorWords(sensor: string): string {
  if (sensor === "fanotify") return "From here the kernel tells of every file that is opened (T2)";
  if (sensor === "poll") return "From here the host is looked at four times a second: what is shorter is not seen";
  return `From here it is seen by ${sensor}`;
}
