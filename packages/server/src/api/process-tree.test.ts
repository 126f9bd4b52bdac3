import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ProcessRow } from "../store/host-activity.ts";
import { processTree } from "./process-tree.ts";

const nowhere = () => undefined;

function aRow(
  pid: number,
  name: string,
  parents: readonly [number, string][],
  over: Partial<ProcessRow> = {},
): ProcessRow {
  return {
    pid: String(pid),
    started: String(pid * 10),
    name,
    command: name,
    exe: "",
    who: "eve@h",
    container: "",
    pod: "",
    parents: JSON.stringify(parents.map(([at, cmd_line]) => ({ pid: at, cmd_line }))),
    models: [],
    events: "1",
    files: [],
    fileCount: "0",
    readAtMost: 0,
    sent: [],
    sentCount: "0",
    sentAtMost: 0,
    counted: {},
    first: String(pid),
    last: String(pid),
    ...over,
  };
}

test("what was counted for a destination stands beside the most, and a destination told only by its count is told", () => {
  const row = aRow(7, "curl", [], {
    sent: [["203.0.113.9", "443", "900"]],
    sentAtMost: 900,
    counted: { "203.0.113.9 443": 500, "2001:db8::1 22": 7 },
  });
  assert.deepEqual(processTree([row], nowhere)[0]?.sent, [
    { address: "203.0.113.9", port: 443, atMost: 900, counted: 500 },
    { address: "2001:db8::1", port: 22, atMost: 900, counted: 7 },
  ]);
});

const shape = (rows: readonly ProcessRow[]) =>
  processTree(rows, nowhere).map((it) => `${"  ".repeat(it.depth)}${it.name}${it.touched ? "" : "?"} ${it.below}`);

test("processes of one shell stand below it in the order of time, and a parent with deeds of its own is one row", () => {
  const shell: [number, string][] = [
    [5, "bash"],
    [1, "systemd"],
  ];
  const rows = [aRow(7, "tar", shell), aRow(9, "curl", [[8, "sh"], ...shell]), aRow(8, "sh", shell)];
  assert.deepEqual(shape(rows), ["systemd? 4", "  bash? 3", "    tar 0", "    sh 1", "      curl 0"]);
});

test("a pid that is used again is another parent", () => {
  const rows = [
    aRow(5, "sh", [], { started: "10" }),
    aRow(6, "curl", [[5, "sh"]], { started: "15" }),
    aRow(5, "sh", [], { started: "20", last: "50" }),
    aRow(7, "cat", [[5, "sh"]], { started: "25" }),
  ];
  assert.deepEqual(shape(rows), ["sh 1", "  cat 0", "sh 1", "  curl 0"]);
});

test("a file on a disk that leaves is told so, also after it was renamed there", () => {
  const file = ["/home/e/w.gguf", "9", "rename", "/media/usb/cat.jpg", "", "", ""] as const;
  const onto = (path: string) => (path.startsWith("/media/usb/") ? "vfat" : undefined);
  assert.deepEqual(processTree([aRow(7, "mv", [], { files: [file] })], onto)[0]?.files, [
    { path: "/home/e/w.gguf", bytes: 9, did: "rename", to: "/media/usb/cat.jpg", onto: "vfat" },
  ]);
  const seen = ["/media/usb/x", "9", "write", "", "", "nfs4", "nas:/export"] as const;
  assert.equal(
    processTree([aRow(7, "cp", [], { files: [seen] })], onto)[0]?.files[0]?.onto,
    "nfs4 nas:/export",
    "what the agent saw comes before the facts",
  );
});

test("whatever hosts say of parents, each process stands in the tree once, and every row below one that is there", () => {
  const name = fc.constantFrom("a", "b");
  const pid = fc.integer({ min: 1, max: 4 });
  const rows = fc.uniqueArray(
    fc.record({
      pid,
      started: fc.integer({ min: 0, max: 4 }),
      name,
      parents: fc.array(fc.tuple(pid, name), { maxLength: 4 }),
    }),
    { selector: (it) => `${it.pid} ${it.started}`, maxLength: 12 },
  );
  fc.assert(
    fc.property(rows, (all) => {
      const told = processTree(
        all.map((it) => aRow(it.pid, it.name, it.parents, { started: String(it.started) })),
        nowhere,
      );
      const keys = told.filter((it) => it.touched).map((it) => it.key);
      assert.deepEqual(keys.toSorted(), all.map((it) => `${it.pid}:${it.started}`).toSorted());
      for (const [i, it] of told.entries()) {
        assert.ok(it.depth <= (told[i - 1]?.depth ?? -1) + 1);
        assert.ok(told.slice(i + 1, i + 1 + it.below).every((one) => one.depth > it.depth));
        assert.ok((told[i + 1 + it.below]?.depth ?? 0) <= it.depth);
      }
    }),
  );
});

test("parents that are no list of parents are left out", () => {
  for (const parents of ["", "[", "{}", '[{"pid":-1}]', "null"])
    assert.deepEqual(shape([aRow(7, "tar", [], { parents })]), ["tar 0"]);
});
