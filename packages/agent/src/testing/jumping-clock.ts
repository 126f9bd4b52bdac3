// For tests alone, loaded before a program: its wall clock is off by the ms that the file named by OUTWEIGH_TEST_CLOCK holds, read anew all
// the time. What measures spans of time, as timers do, goes on as the kernel's own would when somebody sets a clock.
import { readFileSync } from "node:fs";

const file = process.env["OUTWEIGH_TEST_CLOCK"] ?? "";
const trueNow = Date.now;
let off = 0;

const read = (): void => {
  try {
    off = Number(readFileSync(file, "utf8")) || 0;
  } catch {
    // As it was.
  }
};
read();
setInterval(read, 50).unref();

const TrueDate = Date;
globalThis.Date = new Proxy(TrueDate, {
  construct: (target, args) => Reflect.construct(target, args.length === 0 ? [trueNow() + off] : args),
  get: (target, name) => (name === "now" ? () => trueNow() + off : Reflect.get(target, name)),
});
