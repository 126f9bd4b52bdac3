import { calibrate, Meter, type Calibration, type Exam, type Query } from "../../packages/extraction/src/index.ts";
import { mix } from "../../packages/extraction/src/hash.ts";
import type { Traces } from "./traces.ts";

const alpha = { num: 1, den: 100 };

/** Scored queries per millisecond of CPU time, five runs: made-up streams of 64 dimensions against full banks of 10 strata. */
export function scoredAlone(): number[] {
  const draw = (a: number, b: number) => mix(mix(a) ^ b) / 2 ** 31 - 1;
  const made = (who: number): Query[] =>
    Array.from({ length: 352 }, (_, t) => ({
      features: Float32Array.from(
        { length: 64 },
        (_, i) => draw(who * 1000 + t, i) + 2 * draw(who * 1000 + t, 99 + (i % 4)),
      ),
      stratum: mix(who * 1000 + t) % 10,
      probabilities: [0.6, 0.4],
    }));
  const all = Array.from({ length: 80 }, (_, who) => made(who));
  const calibration = calibrate(
    { reference: all.slice(0, 40), paths: all.slice(40, 42) },
    { strata: 10, alpha, horizon: 352, seed: 1 },
  );
  return Array.from({ length: 5 }, () => {
    const began = process.cpuUsage();
    let n = 0;
    for (const stream of all.slice(50)) {
      const meter = new Meter(calibration);
      for (const it of stream) meter.step(it);
      n += stream.length;
    }
    return n / (process.cpuUsage(began).user / 1000);
  });
}

/** Bytes of one principal's state as JSON, after a whole stream. */
export function stateBytes(streams: readonly (readonly Query[])[], traces: Traces, exam: Exam | undefined): number {
  const meter = new Meter(small(streams, traces, exam));
  for (const it of streams[300] ?? []) meter.step(it);
  return JSON.stringify(meter.snapshot()).length;
}

function small(streams: readonly (readonly Query[])[], traces: Traces, exam: Exam | undefined): Calibration {
  const at = (from: number, to: number) => streams.slice(from, to);
  return calibrate(
    { reference: at(0, 60), paths: at(60, 70) },
    { strata: traces.classes, alpha, horizon: streams[0]?.length ?? 1, seed: 1, ...(exam && { exam }) },
  );
}
