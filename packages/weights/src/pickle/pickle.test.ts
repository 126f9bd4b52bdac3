import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { Cursor } from "../cursor.ts";
import { digestTensors } from "../digest.ts";
import { readModelFile, recognise } from "../recognise.ts";
import { concat, u32, u64 } from "../testing/bytes.ts";
import { rejectsWith } from "../testing/errors.ts";
import {
  call,
  dict,
  global,
  int,
  mark,
  none,
  numpyArray,
  proto,
  stop,
  text,
  tuple,
  writePickle,
  writePickleAsText,
} from "../testing/pickle.ts";
import { answersOrRefuses, damaged } from "../testing/properties.ts";
import { aModel, seededBytes, sha256, strictReader, tensor } from "../testing/tensors.ts";
import { runPickle } from "./machine.ts";
import type { PyValue } from "./value.ts";

const read = (bytes: Uint8Array) => readModelFile(strictReader(bytes));
const run = (...parts: (Uint8Array | string)[]) => runPickle(new Cursor(strictReader(concat(...parts, stop))));

function entries(value: PyValue): ReadonlyMap<PyValue, PyValue> {
  assert.ok(typeof value === "object" && value.kind === "dict");
  return new Map(value.entries);
}

for (const protocol of [0, 1, 2, 3, 4, 5]) {
  const bytes = readFileSync(join(import.meta.dirname, "fixtures", `protocol-${protocol}.pkl`));

  test(`finds the arrays that CPython pickled with protocol ${protocol}, and the call`, async () => {
    assert.equal((await recognise(strictReader(bytes)))?.format, "pickle");
    const file = await read(bytes);
    const digests = await digestTensors(strictReader(bytes), file);
    const values = sha256(new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer));
    assert.deepEqual(
      digests.map((it) => [it.name, it.shape, it.sha256]),
      [
        ["coef_", [2, 3], values],
        ["nested.coefs_.0", [3, 2], sha256(new Uint8Array(Float32Array.of(0, 4, 3, 2, 1, 5).buffer))],
      ],
    );
    assert.deepEqual(
      file.findings.map((it) => it.what),
      ['loading it calls "posix.system"'],
    );
  });

  test(`reads every kind of value of protocol ${protocol}`, async () => {
    const values = entries((await runPickle(new Cursor(strictReader(bytes)))).value);
    assert.equal(values.get("text"), "grüß \u{1f600} \n");
    const shared = values.get("shared");
    assert.ok(typeof shared === "object" && shared.kind === "list");
    const [one, other] = shared.items;
    assert.equal(one, other);
    assert.ok(typeof one === "object" && one.kind === "list");
    assert.deepEqual(one.items, [1, 2.5, -3, 2 ** 40, -(2n ** 70n), true, undefined]);
  });
}

test("a list that contains itself ends", async () => {
  const { value } = await run(proto(2), "]", "q\0", mark, "h\0", int(1), "e");
  assert.ok(typeof value === "object" && value.kind === "list");
  assert.equal(value.items[0], value);
  assert.deepEqual((await read(concat(proto(2), "]q\0(h\0e."))).tensors, []);
});

test("a laugh of a billion shared lists is walked once", async () => {
  const doubling = Array.from({ length: 60 }, (_, i) =>
    concat("]", "q", Uint8Array.of(i + 1), mark, "h", Uint8Array.of(i), "h", Uint8Array.of(i), "e"),
  );
  assert.deepEqual((await read(concat(proto(2), "]q\0", ...doubling, stop))).tensors, []);
});

test("a name put together on the stack is seen, through the memo too", async () => {
  const { calls } = await run(
    proto(4),
    text("builtins"),
    "\x94",
    text("exec"),
    "\x94",
    "00",
    "h\0",
    "h\x01",
    "\x93",
    tuple(text("x")),
    "R",
  );
  assert.deepEqual([...calls.keys()], ["builtins.exec"]);
});

test("every way to call is a call: REDUCE, NEWOBJ, NEWOBJ_EX, INST, OBJ", async () => {
  const f = global("m", "f");
  const ways = [
    [f, ")", "R"],
    [f, ")", "\x81"],
    [f, ")", "}", "\x92"],
    [mark, "im\nf\n"],
    [mark, f, "o"],
  ];
  for (const way of ways) assert.deepEqual([...(await run(proto(2), ...way)).calls.keys()], ["m.f"]);
  assert.deepEqual([...(await run(proto(2), "\x82\x05", ")", "R")).calls.keys()], ["copyreg.extension.5"]);
});

test("calling what another call returned is reported", async () => {
  const getattr = call(global("builtins", "getattr"), global("os", "path"), text("x"));
  const { calls } = await run(proto(2), call(getattr, text("y")));
  assert.deepEqual([...calls.keys()], ["builtins.getattr", "the result of another call"]);
});

test("a joblib array is read where it stands in the stream", async () => {
  const array = tensor("a", [3, 4]);
  const type = concat(
    call(global("numpy", "dtype"), text("f4"), int(0), int(1)),
    tuple(int(3), text("<"), none, none, none),
    "b",
  );
  const state = (order: string) =>
    dict([
      [text("subclass"), global("numpy", "ndarray")],
      [text("shape"), tuple(int(3), int(4))],
      [text("order"), text(order)],
      [text("dtype"), type],
      [text("numpy_array_alignment_bytes"), int(16)],
    ]);
  const wrapper = (order: string) =>
    concat(
      global("joblib.numpy_pickle", "NumpyArrayWrapper"),
      ")",
      "\x81",
      state(order),
      "b",
      "\x03\xff\xff\xff",
      array.data,
    );
  const bytes = concat(
    proto(4),
    dict([
      [text("coef_"), wrapper("C")],
      [text("t"), wrapper("F")],
      [text("n"), int(7)],
    ]),
    stop,
  );
  const file = await read(bytes);
  assert.equal(file.format, "joblib");
  assert.deepEqual(
    file.tensors.map((it) => [it.name, it.strides]),
    [
      ["coef_", undefined],
      ["t", [1, 3]],
    ],
  );
  assert.equal((await digestTensors(strictReader(bytes), file))[0]?.sha256, sha256(array.data));
});

test("expected classes are told apart from calls that nobody expects", async () => {
  const model = call(global("sklearn.linear_model._base", "LinearRegression"));
  const file = await read(
    concat(
      proto(4),
      dict([
        [text("m"), model],
        [text("x"), call(global("subprocess", "Popen"), text("id"))],
      ]),
      stop,
    ),
  );
  assert.deepEqual(
    file.findings.map((it) => it.what),
    ['loading it calls "subprocess.Popen"', "loading it makes objects of sklearn.linear_model._base.LinearRegression"],
  );
});

test("functions of those libraries are no classes", async () => {
  const file = await read(concat(proto(4), call(global("torch.utils.collect_env", "run"), text("id")), stop));
  assert.match(file.findings[0]?.what ?? "", /calls "torch.utils.collect_env.run"/);
});

test("streams without a protocol number are known by their opcodes, and texts are not", async () => {
  const name = async (text: string) => (await recognise(strictReader(Buffer.from(text))))?.format;
  const stacked = concat("S'os'\n", "S'system'\n", "\x93", "S'ls'\n", "\x85R.");
  assert.equal((await recognise(strictReader(stacked)))?.format, "pickle");
  assert.equal(await name("(S'print(1)'\ni__builtin__\nexec\n."), "pickle");
  assert.equal(await name("cos\nsystem\n(S'ls'\ntR."), "pickle");
  assert.equal(await name("Version 1\nof a text that goes on\n"), undefined);
  assert.equal(await name("Simple\n"), undefined);
  assert.equal(await name("V1\n"), undefined);
});

test("a stream that breaks after a call does not hide the call", async () => {
  const file = await read(concat(proto(4), call(global("os", "system"), text("id")), "\xff\xff\xff"));
  assert.match(file.findings[0]?.what ?? "", /"os.system"/);
  assert.match(file.findings[1]?.what ?? "", /breaks/);
});

test("what follows the first pickle is looked at too", async () => {
  const file = await read(concat(writePickle(aModel()), proto(4), call(global("os", "system"), text("id")), stop));
  assert.ok(file.findings.some((it) => /"os.system"/.test(it.what)));
});

test("refuses counts that the file cannot hold, without reserving room for them", async () => {
  await rejectsWith("TRUNCATED", run(proto(4), "\x8e", u64(2n ** 40n)));
  await rejectsWith("TOO_LARGE", run(proto(4), "\x8e", u64(2n ** 63n)));
  await rejectsWith("TRUNCATED", run(proto(4), "X", u32(2 ** 31)));
  await rejectsWith("TRUNCATED", run(proto(4), "\x8b", u32(1000)));
});

test("refuses an empty stack, a missing mark and an unknown memo entry", async () => {
  await rejectsWith("MALFORMED", run(proto(2), "0"));
  await rejectsWith("MALFORMED", run(proto(2), "t"));
  await rejectsWith("MALFORMED", run(proto(2), "h\x07"));
  await rejectsWith("MALFORMED", run(proto(2), mark));
  await rejectsWith("MALFORMED", run(proto(2), "}", int(1), "s"));
});

test("an array whose bytes do not fill its shape is refused", async () => {
  const array = { ...tensor("a", [3]), data: seededBytes(8, "x") };
  await rejectsWith("MALFORMED", read(concat(proto(4), numpyArray(array), stop)));
});

test("any opcodes are an answer or a coded error", async () => {
  const streams = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((it) => concat(proto(4), it, stop));
  await fc.assert(fc.asyncProperty(streams, answersOrRefuses));
  await fc.assert(fc.asyncProperty(damaged(writePickle(aModel())), answersOrRefuses));
});

test("finds arrays of more than 64 KiB that Python 3 escaped as text for protocols 1 and 2", async () => {
  const weights = tensor("w", [200, 150], "escaped");
  const bytes = writePickleAsText([weights]);
  const file = await read(bytes);
  const [digest] = await digestTensors(strictReader(bytes), file);
  assert.deepEqual([digest?.shape, digest?.sha256], [[200, 150], sha256(weights.data)]);
});
