import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonical, EvidenceError, keyId, verifyPack, type Checkpoint } from "./index.ts";
import {
  aGradedPack,
  ALog,
  aMarkedPack,
  aPack,
  aPackInput,
  aPackWith,
  aScan,
  aSigner,
  junkNames,
} from "./testing/a-log.ts";
import { flip, forge, linesOf, pathsIn, reseal } from "./testing/mutate.ts";
import { plainPacks } from "./testing/plain-ids.ts";
import { noPython, verifyByPython } from "./testing/python.ts";

const pack = aPack();
const lines = linesOf(pack);
const signer = aSigner();

const oddNumbers = [1e21, 1e-7, 1e-6, 123456789012345680000, 5e-324, 0.1 + 0.2, -0, 2 ** 53, -1.5e300];

/** Both verifiers must say the same of each pack: whether it holds, and the code and line of each problem. */
function agree(packs: readonly (string | Uint8Array)[]): void {
  const places = (problems: readonly string[]) => problems.map((it) => it.split(":")[0]).sort();
  const answers = verifyByPython(packs);
  assert.equal(answers.length, packs.length);
  for (const [i, it] of packs.entries()) {
    const ours = verifyPack(it);
    const { ok, late, redacted, grades, entries, signer: named, problems } = answers[i] ?? assert.fail();
    assert.deepEqual(
      { ok, late, redacted, grades, entries, named, places: places(problems) },
      {
        ok: ours.ok,
        late: ours.late,
        redacted: ours.redacted,
        grades: ours.grades,
        entries: ours.entries,
        named: ours.signer,
        places: places(ours.problems),
      },
      `pack ${i}: ${Buffer.from(it).toString().slice(0, 5000)}`,
    );
  }
}

test("the verifier in Python accepts what ours accepts", { skip: noPython }, () => {
  const packs = [
    pack,
    aPack({ redact: (_kind, _id, field) => field === "raw" || field === "by" || field === "subject" }),
  ];
  assert.deepEqual(
    verifyByPython(packs).map((it) => [it.ok, it.signer, it.redacted]),
    [
      [true, keyId(signer.publicKey), 0],
      [true, keyId(signer.publicKey), 8],
    ],
  );
  agree(packs);
});

test("both accept packs of before ids were keyed, and find one bit turned in them", { skip: noPython }, () => {
  const packs = Object.values(plainPacks);
  for (const it of packs) assert.deepEqual(verifyPack(it).problems, []);
  agree([...packs, ...packs.map((it) => flip(it, 8 * 1000 + 1))]);
});

test("it names documents that were changed or recorded late as ours does", { skip: noPython }, () => {
  const names = [
    [["event", "e1"]],
    [
      ["alert", "a1"],
      ["event", "e9"],
    ],
    ...junkNames,
  ];
  agree(
    names.flatMap((it) => [
      aMarkedPack({ changed: it }),
      aMarkedPack({ late: it }),
      aMarkedPack({ changed: it, late: it }),
    ]),
  );
});

test("it counts events by their grade as ours does, and refuses one that was changed", { skip: noPython }, () => {
  const odd = [null, 1, "proven", "SIGNED", ["signed"], { grade: "signed" }] as const;
  const packs = [
    ...["signed", "authenticated", "plain", ...odd].map((it) => aGradedPack(it)),
    aGradedPack("plain", (_kind, _id, field) => field === "grade"),
  ];
  agree(packs);
  assert.deepEqual(
    verifyByPython(packs).map(({ ok, grades }) => [ok, Object.entries(grades).filter(([, it]) => it === 1)]),
    ["signed", "authenticated", "plain", ...odd.map(() => "ungraded"), "redacted"].map((name) => [true, [[name, 1]]]),
  );
  const plain = aGradedPack("plain");
  const raised = ["signed", "authenticated"].map((to) => plain.replace('"value":"plain"', `"value":"${to}"`));
  const sealed = raised.map((it) => reseal(linesOf(it), signer));
  for (const it of [...raised, ...sealed]) assert.equal(verifyPack(it).ok, false);
  for (const it of sealed) assert.match(verifyPack(it).problems.join(), /NOT_ON_RECORD/);
  assert.deepEqual(
    verifyByPython([...raised, ...sealed]).map((it) => it.ok),
    [false, false, false, false],
  );
  agree([...raised, ...sealed]);
});

test("it judges signed scans as ours does", { skip: noPython }, () => {
  agree([
    aPackWith(aScan()),
    aPackWith(aScan({ report: '{"host":"gpu-2"}' })),
    aPackWith(aScan({ report: undefined })),
    aPackWith(aScan({ key: 7 })),
    aPackWith(aScan({ key: "f".repeat(64) })),
    aPackWith(aScan({ signature: "é" })),
    aPackWith(aScan({ report: "\u2028ü" })),
    aPackWith(aScan({ key: "0" }), (_kind, _id, field) => field === "report"),
  ]);
});

test("it finds every turned bit, cut and reordering that ours finds", { skip: noPython }, () => {
  const bits = 8 * Buffer.byteLength(pack);
  const last = bits - 8 * Buffer.byteLength(`${lines.at(-1)}\n`);
  agree([
    ...Array.from({ length: 200 }, (_, i) => flip(pack, (i * 7919) % bits)),
    // In the seal more of them: there a turned bit meets the signature itself.
    ...Array.from({ length: 100 }, (_, i) => flip(pack, last + ((i * 29) % (bits - last)))),
    ...lines.map((_, i) => reseal(lines.toSpliced(i, 1), signer)),
    ...lines.map((line, i) => reseal(lines.toSpliced(i, 0, line), signer)),
    ...lines.map((_, i) =>
      lines
        .slice(0, i)
        .map((it) => `${it}\n`)
        .join(""),
    ),
    ...[lines.toReversed(), [...lines.slice(0, 8), lines[9] ?? "", lines[8] ?? ""]].map((it) => reseal(it, signer)),
    reseal(lines, aSigner(8)),
    pack.slice(0, -1),
    `\ufeff${pack}`,
    pack.replace('"value":1}', '"value":1.0}'),
    Buffer.concat([Buffer.from(pack), Buffer.from([0xff, 10])]),
    "",
    "\n",
    "{}\n",
    "null\n",
    "NaN\n",
    "1e999\n",
    '"\\ud800"\n',
    `${"[".repeat(5000)}${"]".repeat(5000)}\n`,
  ]);
});

test("it judges any value in any place as ours does, even when sealed by the right key", { skip: noPython }, () => {
  const odd = fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    1,
    -1,
    0.5,
    1e21,
    2 ** 53,
    "",
    "0".repeat(64),
    "0".repeat(32),
    [],
    {},
    ["\u00e9"],
  );
  const line = fc.nat({ max: lines.length - 2 });
  const forgeries = fc.sample(fc.tuple(line, fc.nat(), fc.oneof(odd, fc.jsonValue({ maxDepth: 3 }))), {
    numRuns: 400,
    seed: 5,
  });
  const packs = forgeries.flatMap(([at, pick, value]) => {
    const paths = pathsIn(JSON.parse(lines[at] ?? ""));
    const path = paths[pick % paths.length] ?? [];
    try {
      return [forge(pack, at, path, () => value, signer)];
    } catch (error) {
      if (error instanceof EvidenceError) return [];
      throw error;
    }
  });
  assert.ok(packs.length > 300);
  agree(packs);
});

test("it knows the keys and checkpoints that the person gives it", { skip: noPython }, () => {
  const own = keyId(signer.publicKey);
  const [first] = aPackInput().checkpoints;
  const log = new ALog();
  for (let i = 0; i < 4; i++) log.add("other");
  const kept = [first ?? assert.fail(), log.sign()];
  const codes = (options: readonly string[], known: readonly Checkpoint[] = []) =>
    verifyByPython([pack], options, known).map((it) => it.problems.map((problem) => problem.split(" ")[0]));
  assert.deepEqual(codes(["--trusted", own]), [[]]);
  assert.deepEqual(codes(["--trusted", signer.publicKey]), [[]]);
  assert.deepEqual(codes(["--trusted", keyId(aSigner(8).publicKey)]), [["UNTRUSTED_KEY"]]);
  assert.deepEqual(codes([], kept.slice(0, 1)), [[]]);
  assert.deepEqual(codes([], kept), [["FORK"]]);
  for (let i = 0; i < 20; i++) log.add("other");
  assert.deepEqual(codes([], [log.sign()]), [["ROLLBACK"]]);
});

test("both write numbers and texts alike", { skip: noPython }, () => {
  const values = [
    ...fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), { numRuns: 300, seed: 1 }),
    ...fc.sample(fc.string({ unit: "binary" }), { numRuns: 100, seed: 2 }),
    ...oddNumbers,
    "\u2028\u007f\u0000",
    { "\ufb33": 1, "\u{1f600}": 2, "": 0 },
    ["\u{10ffff}"],
  ];
  const header: object = JSON.parse(lines[0] ?? "");
  // Each makes the line malformed, which both say only after they found it canonical.
  const packs = values.map((incident) =>
    reseal([canonical({ ...header, incident: [incident] }), ...lines.slice(1)], signer),
  );
  for (const { problems } of verifyByPython(packs)) assert.match(problems[0] ?? "", /^BAD_LINE line 1: incident/);
});

test("proofs from logs of every size hold for both", { skip: noPython }, () => {
  const packs = Array.from({ length: 24 }, (_, i) => aPack({}, i));
  for (const it of packs) assert.deepEqual(verifyPack(it).problems, []);
  agree(packs);
});
