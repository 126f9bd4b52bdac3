// Source: CPython, Lib/pickletools.py; joblib and scikit-learn write such files.
import { Cursor } from "../cursor.ts";
import type { WeightsError } from "../error.ts";
import { headBytes } from "../limits.ts";
import { reportCalls } from "../pickle/calls.ts";
import { collectTensors } from "../pickle/collect.ts";
import { JoblibArrays } from "../pickle/joblib.ts";
import { walkPickle, type PickleWalk } from "../pickle/machine.ts";
import { numpyTensor } from "../pickle/numpy.ts";
import type { ModelFile, Reader } from "../tensor.ts";
import { Findings, Metadata, type Format } from "./format.ts";

/** How protocols 0 and 1 begin: a global, a text, a container or an old-style instance, each followed by more. */
const oldBeginnings =
  /^(c[A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n|\(?S['"][^\n]*['"]\n|\(?V[^\n]*\n.|\((dp\d+\n|lp\d+\n|i[A-Za-z_][\w.]*\n|c[A-Za-z_]|d|l)|\}(q.|r....|p\d+\n|\()|\](q.|r....|p\d+\n|\())/s;

/** Without a protocol number a stream must go on for so long before it may be called a pickle that the head cuts off. */
const minOperations = 16;

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
  if (first === undefined || !"c(}]SV".includes(String.fromCharCode(first))) return false;
  return oldBeginnings.test(Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 256)).toString("latin1"));
}

/** Most pickles of one file that are looked at: what follows the first is never loaded by honest readers, and cheap to hide in. */
const maxStreams = 64;

/** Walks the opcodes as far as the head reaches: a stream that is none breaks early, before it called anything. */
async function recognise(head: Uint8Array, reader: Reader): Promise<boolean> {
  const known: Reader = { size: reader.size, read: (at, length) => head.subarray(at, at + length) };
  const cursor = new Cursor(known, 0, Math.min(reader.size, headBytes));
  const { broke, calls, operations } = await walkPickle(cursor, { built: new JoblibArrays().built });
  if (broke === undefined || calls.size > 0) return true;
  return isCut(broke) && (head[0] === 0x80 || (reader.size > headBytes && operations >= minOperations));
}

function isCut({ code }: WeightsError): boolean {
  return code === "TRUNCATED" || code === "OUT_OF_FILE" || code === "TOO_LARGE";
}

async function read(reader: Reader): Promise<ModelFile> {
  const findings = new Findings();
  const metadata = new Metadata();
  const arrays = new JoblibArrays();
  const cursor = new Cursor(reader);
  const first = await walkPickle(cursor, { built: arrays.built });
  if (first.broke && first.calls.size === 0) throw first.broke;
  metadata.set("pickle.protocol", String(first.protocol));

  const walks: PickleWalk[] = [first];
  while (cursor.left > 1 && !walks.at(-1)?.broke && walks.length < maxStreams) {
    const at = cursor.at;
    const next = await walkPickle(cursor, { built: arrays.built });
    if (next.broke && next.calls.size === 0) {
      findings.add(`${reader.size - at} bytes follow the pickle`, at);
      break;
    }
    findings.add("another pickle follows", at);
    walks.push(next);
  }
  reportCalls(new Map([...arrays.calls, ...walks.flatMap((it) => [...it.calls])]), findings);
  const broke = walks.find((it) => it.broke)?.broke;
  if (broke) findings.add(`the stream breaks: ${broke.message}`, broke.at);
  return {
    format: arrays.places.size > 0 ? "joblib" : "pickle",
    tensors: walks.flatMap(({ value }) => collectTensors(value, (object) => numpyTensor(object, arrays.places))),
    metadata: metadata.record,
    findings: findings.list,
    ...(broke && isCut(broke) && { missingBytes: 1 }),
  };
}
