import assert from "node:assert/strict";
import { test } from "node:test";
import { uniform } from "./hash.ts";
import { easeOf, examAfter } from "./path.ts";
import { maxExamClasses, minExamInputs, setExam, Student, type Answered } from "./progress.ts";
import { learnSpace } from "./space.ts";

const classes = 3;
const width = 8;
/** A model that anybody can learn: the class is the largest of three sums of inputs. */
const answered = (seed: number, n: number): Answered[] =>
  Array.from({ length: n }, (_, t) => {
    const input = Array.from({ length: width }, (_, i) => uniform(seed, t, i) - 0.5);
    const sums = Array.from({ length: classes }, (_, c) => (input[c] ?? 0) + (input[c + 3] ?? 0));
    const label = sums.indexOf(Math.max(...sums));
    return { input, label, probabilities: sums.map((_, c) => (c === label ? 1 : 0)) };
  });
const reserved = answered(1, minExamInputs);
const exam = setExam(learnSpace(reserved.map((it) => it.input)), classes, reserved, answered(2, 2000));
const taught = (log: readonly Answered[]) => {
  const it = new Student(exam);
  for (const one of log) it.learn(one);
  return it;
};

test("the more is answered, the better the clone, up to the owner's own", () => {
  const at = [8, 64, 512].map((n) => taught(answered(3, n)).examine());
  assert.ok(
    at.every((it, i) => i === 0 || it.fidelity > (at[i - 1]?.fidelity ?? 1)),
    JSON.stringify(at),
  );
  const [, , last = assert.fail()] = at;
  assert.ok(last.progress > 0.85 && last.progress < 1.1, `progress ${last.progress}`);
  assert.ok(last.interval[0] <= last.fidelity && last.fidelity <= last.interval[1]);
});

test("a log of one class teaches nothing", () => {
  const it = taught(answered(4, 400).filter(({ label }) => label === 0)).examine();
  assert.ok(it.progress < 0.05 && easeOf(it, exam) < 0.1, `progress ${it.progress}`);
});

test("probabilities may be absent: then labels are learnt", () => {
  const labels = answered(3, 512).map(({ input, label }) => ({ input, label }));
  assert.equal(taught(labels).examine().fidelity, taught(answered(3, 512)).examine().fidelity);
});

test("two students together know what one with both logs does", () => {
  const log = answered(5, 200);
  const [one, other] = [taught(log.slice(0, 90)), taught(log.slice(90))];
  one.join(other);
  const whole = taught(log);
  assert.equal(one.queries, whole.queries);
  // Sums are float32, so the order of adding shows in the last digits alone.
  assert.ok(Math.abs(one.examine().fidelity - whole.examine().fidelity) <= 2 / minExamInputs);
});

test("students of different exams do not join, and one takes no other's state", () => {
  const narrow = reserved.map((it) => ({ ...it, input: Array.from(it.input).slice(0, 6) }));
  const other = new Student(setExam(learnSpace(narrow.map((it) => it.input)), classes, narrow, narrow.slice(0, 50)));
  assert.throws(() => taught([]).join(other), { code: "BAD_STATE" });
  assert.throws(() => taught([]).restore(other.snapshot()), { code: "BAD_STATE" });
});

test("a restored student sits the exam as the first would have", () => {
  const first = taught(answered(6, 77));
  const second = new Student(exam);
  second.restore(JSON.parse(JSON.stringify(first.snapshot())));
  assert.deepEqual(second.examine(), first.examine());
});

test("sets no exam with too few inputs, too many classes, or labels that are none", () => {
  const space = exam.space;
  for (const [n, k, label] of [
    [minExamInputs - 1, classes, 0],
    [minExamInputs, maxExamClasses + 1, 0],
    [minExamInputs, 1, 0],
    [minExamInputs, classes, classes],
  ] as const) {
    const inputs = reserved.slice(0, n).map((it, i) => (i === 0 ? { ...it, label } : it));
    assert.throws(() => setExam(space, k, inputs, []), { code: "BAD_CALIBRATION" });
  }
});

test("examinations come twice in each doubling", () => {
  const due = Array.from({ length: 400 }, (_, n) => n).filter((n) => examAfter(n) !== undefined);
  assert.deepEqual(due, [32, 48, 64, 96, 128, 192, 256, 384]);
  assert.deepEqual(due.map(examAfter), [0, 1, 2, 3, 4, 5, 6, 7]);
});
