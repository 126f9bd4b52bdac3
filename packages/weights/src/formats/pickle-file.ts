// Source: CPython, Lib/pickletools.py; joblib and scikit-learn write such files.
import { Cursor } from "../cursor.ts";
import { WeightsError } from "../error.ts";
import { headBytes } from "../limits.ts";
import { reportCalls } from "../pickle/calls.ts";
import { collectTensors } from "../pickle/collect.ts";
import { JoblibArrays } from "../pickle/joblib.ts";
import { runPickle } from "../pickle/machine.ts";
import { numpyTensor } from "../pickle/numpy.ts";
import type { ModelFile, Reader } from "../tensor.ts";
import { Findings, Metadata, type Format } from "./format.ts";

/** How protocols 0 and 1 begin when they hold more than one number: a call, a container or an old-style instance. */
const oldBeginnings =
  /^(c[A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n|\((dp\d+\n|lp\d+\n|i[A-Za-z_][\w.]*\n|c[A-Za-z_]|d|l)|\}(q.|r....|p\d+\n|\()|\](q.|r....|p\d+\n|\())/s;

/**
 * A bare pickle: scikit-learn, joblib, or any Python object. Its numpy arrays are the tensors. The stream is walked, never loaded;
 * what loading would call is a finding. Where the stream breaks after calls, those are still reported: malware hides so.
 */
export const pickleFile: Format = {
  name: "pickle",
  kind: "tensors",
  mayBe,
  recognise: (head, reader) => recognise(head, reader),
  read,
};

function mayBe(head: Uint8Array): boolean {
  const first = head[0];
  if (first === 0x80) return (head[1] ?? 0) >= 2 && (head[1] ?? 9) <= 5;
  if (first !== 0x63 && first !== 0x28 && first !== 0x7d && first !== 0x5d) return false;
  return oldBeginnings.test(Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 256)).toString("latin1"));
}

/** Walks the opcodes as far as the head reaches: a stream that is none breaks early. */
async function recognise(head: Uint8Array, reader: Reader): Promise<boolean> {
  const known: Reader = { size: reader.size, read: (at, length) => head.subarray(at, at + length) };
  try {
    await runPickle(new Cursor(known, 0, Math.min(reader.size, headBytes)));
    return true;
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    return error.code === "TRUNCATED" || error.code === "OUT_OF_FILE" || error.code === "TOO_LARGE";
  }
}

async function read(reader: Reader): Promise<ModelFile> {
  const findings = new Findings();
  const arrays = new JoblibArrays();
  const cursor = new Cursor(reader);
  const outcome = await runPickle(cursor, { built: arrays.built });
  reportCalls(new Map([...arrays.calls, ...outcome.calls]), findings);
  if (cursor.left > 0) findings.add(`${cursor.left} bytes follow the pickle`, cursor.at);
  const tensors = collectTensors(outcome.value, (object) => numpyTensor(object, arrays.places));
  const metadata = new Metadata();
  metadata.set("pickle.protocol", String(outcome.protocol));
  return {
    format: arrays.places.size > 0 ? "joblib" : "pickle",
    tensors,
    metadata: metadata.record,
    findings: findings.list,
  };
}
