import type { Work } from "./pulse.ts";

/** Prompts at which an encoder may hang within `withinMs` before detectors go on without it. */
const maxHangs = 3;
/** How long a hang counts, in ms: three in an hour are a fault, three in a month are not. */
const withinMs = 3_600_000;
/** How long an encoder is left out the first time, the second, and so on, in ms; the last one stays. */
export const restsMs = [600_000, 3_600_000, 6 * 3_600_000, 86_400_000] as const;
/** After so long without a hang, in ms, the first rest is the next one again. */
const wellMs = 86_400_000;

/**
 * Leaves an encoder out that hangs, and takes it back after a rest that grows each time. Just taken back, it rests again at its first
 * hang. Another encoder in its place starts with a clean sheet. Not over a restart of the gateway: then everything is tried anew.
 */
export class EncoderRest {
  readonly #clock: () => number;
  #encoder = "";
  #hangs: number[] = [];
  /** How often it was left out. */
  #rests = 0;
  /** Until when it is left out, and why; undefined while it is used. */
  #resting: { readonly until: number; readonly why: string } | undefined;
  #backAt = -Infinity;

  /** @param clock ms since 1970. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** The detectors' thread hung at this. @param encoder What names the encoder in use. */
  hung(encoder: string, work: Work): void {
    if (work !== "loads the encoder" && work !== "encodes a prompt") return;
    this.#know(encoder);
    const now = this.#clock();
    this.#hangs = [...this.#hangs.filter((it) => now - it < withinMs), now];
    const isFirst = work === "loads the encoder";
    const isOnTrial = this.#rests > 0 && now - this.#backAt < withinMs;
    if (!isFirst && !isOnTrial && this.#hangs.length < maxHangs) return;
    const why = isFirst
      ? "the encoder gives no first answer"
      : `the encoder hung at ${this.#hangs.length} prompt${this.#hangs.length === 1 ? "" : "s"}`;
    if (now - this.#backAt >= wellMs) this.#rests = 0;
    const until = now + (restsMs[Math.min(this.#rests, restsMs.length - 1)] ?? 0);
    this.#rests++;
    this.#hangs = [];
    this.#resting = { until, why: `${why}; it is tried again at ${new Date(until).toISOString().slice(0, 16)}Z` };
  }

  /** Why this encoder is left out now, and until when; undefined: it is used. */
  without(encoder: string): string | undefined {
    this.#know(encoder);
    return this.#resting?.why;
  }

  /** Whether its rest has just ended: then the detectors are to be started with it. Said once for each rest. */
  isOver(encoder: string): boolean {
    this.#know(encoder);
    const now = this.#clock();
    if (!this.#resting || now < this.#resting.until) return false;
    this.#resting = undefined;
    this.#backAt = now;
    return true;
  }

  #know(encoder: string): void {
    if (encoder === this.#encoder) return;
    this.#encoder = encoder;
    this.#hangs = [];
    this.#rests = 0;
    this.#resting = undefined;
    this.#backAt = -Infinity;
  }
}
