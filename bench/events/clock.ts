// The one way in which this bench takes time: processor time of the whole process beside the wall clock, since other programs share the machine.

/** Each measurement works at least so long, in ms of processor time, after one pass that warms up. */
const usualMs = 1000;

export interface Rate {
  /** By the processor time of the process, garbage collection and compilation included: "a second of one core". */
  readonly perCoreSecond: number;
  readonly perSecond: number;
}

/** How many of its things `pass` does in a second; one call does `count`. */
export function rateOf(count: number, pass: () => void, shortestMs = usualMs): Rate {
  pass();
  const began = performance.now();
  const before = process.cpuUsage();
  let passes = 0;
  let used = 0;
  for (; used < shortestMs; passes++) {
    pass();
    used = coreMs(before);
  }
  return {
    perCoreSecond: Math.round((1000 * passes * count) / used),
    perSecond: Math.round((1000 * passes * count) / (performance.now() - began)),
  };
}

/** Rate of something that can be done once only, as it changes what it works on. */
export function rateOnce(count: number, work: () => void): Rate {
  const began = performance.now();
  const before = process.cpuUsage();
  work();
  return {
    perCoreSecond: Math.round((1000 * count) / coreMs(before)),
    perSecond: Math.round((1000 * count) / (performance.now() - began)),
  };
}

function coreMs(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
