import { restsOn, type Alert, type Grade, type OcsfEvent, type Rests } from "@outweigh/schema";

/** Events whose grades are remembered, those seen last: alerts mostly rest on events that lie close together. */
const maxEvents = 200_000;

interface Counting {
  readonly listed: Set<string>;
  readonly grades: { readonly grade: Grade | undefined }[];
  /** Its events that were forgotten when it came. */
  forgotten: number;
}

/** On how many events of each grade the alerts of a replay rest, counted as they come. */
export class AlertRests {
  readonly #most: number;
  readonly #grades = new Map<string, Grade | undefined>();
  /** Stands before the oldest of them: looking for it from the start would pass over all that were deleted, each time. */
  readonly #inOrder = this.#grades.keys();
  readonly #alerts = new Map<string, Counting>();
  /** Every grade that an event had. Where it is one, forgotten events had it too. */
  readonly #seen = new Set<Grade | undefined>();

  constructor(most = maxEvents) {
    this.#most = most;
  }

  /** What one record led to. */
  take({ events, alerts }: { readonly events: readonly OcsfEvent[]; readonly alerts: readonly Alert[] }): void {
    for (const { id, grade } of events) {
      this.#seen.add(grade);
      this.#grades.set(id, grade);
      const oldest = this.#grades.size > this.#most ? this.#inOrder.next() : undefined;
      if (oldest && !oldest.done) this.#grades.delete(oldest.value);
    }
    for (const it of alerts) this.#count(it);
  }

  /** By alert; without those whose events were forgotten, where it cannot be told what they were. */
  counted(): Map<string, Rests> {
    const [grade] = this.#seen;
    const told = [...this.#alerts].filter(([, { forgotten }]) => forgotten === 0 || this.#seen.size === 1);
    return new Map(
      told.map(([id, { grades, forgotten }]) => [
        id,
        restsOn([...grades, ...Array.from({ length: forgotten }, () => ({ grade }))]),
      ]),
    );
  }

  #count({ id, events }: Alert): void {
    const it = this.#alerts.get(id) ?? { listed: new Set<string>(), grades: [], forgotten: 0 };
    this.#alerts.set(id, it);
    for (const event of events) {
      if (it.listed.has(event)) continue;
      it.listed.add(event);
      if (this.#grades.has(event)) it.grades.push({ grade: this.#grades.get(event) });
      else it.forgotten++;
    }
  }
}
