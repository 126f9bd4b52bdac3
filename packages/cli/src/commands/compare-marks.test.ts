import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createKey, knownMarks } from "@outweigh/gateway";

const program = join(import.meta.dirname, "..", "..", "bin", "outweigh.js");

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(cwd: string, ...args: string[]): Promise<Said> {
  return new Promise((done) =>
    execFile(
      process.execPath,
      [program, ...args],
      { cwd, env: { ...process.env, SUSPECT_KEY: "k" } },
      (error, stdout, stderr) => done({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    ),
  );
}

/** A classifier of three classes that is never sure. */
const own = (n: number) => (n % 3 === 0 ? [0.6, 0.3, 0.1] : n % 3 === 1 ? [0.1, 0.7, 0.2] : [0.3, 0.1, 0.6]);
const truth = (n: number) => n % 3;
const runnerUp = (n: number) => [1, 2, 0][n % 3] ?? 0;

test(
  "marks are found in the answers of a suspect, out of a file and by asking it; an honest one has none",
  { timeout: 120_000 },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "outweigh-compare-marks-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const data = join(folder, "outweigh-gateway");
    for (const principal of ["alice", "bob"]) createKey(data, { principal }, 0);
    writeFileSync(join(data, "marks.secret"), "07".repeat(32));
    const { labels } = knownMarks(data);
    const inputs = Array.from({ length: 3000 }, (_, n) => [n / 7, n % 5]);
    const taught = (n: number) => (labels.isMarked("bob", "m", inputs[n] ?? [], 0.005) ? runnerUp(n) : truth(n));
    const lines = (of: (n: number) => object) =>
      inputs.map((input, n) => JSON.stringify({ input, ...of(n) })).join("\n");
    writeFileSync(
      join(folder, "queries.ndjson"),
      lines((n) => ({ probabilities: own(n) })),
    );
    writeFileSync(
      join(folder, "clone.ndjson"),
      lines((n) => ({ label: taught(n) })),
    );
    writeFileSync(
      join(folder, "honest.ndjson"),
      lines((n) => ({ probabilities: own(n) })),
    );
    const compare = (suspect: string, ...more: string[]) =>
      run(folder, "compare", "--marks", "queries.ndjson", suspect, "--model", "m", ...more);

    const clone = await compare("clone.ndjson", "--json");
    assert.equal(clone.code, 1, clone.stderr);
    const told = JSON.parse(clone.stdout) as {
      verdict: string;
      found: { principal: string; lines: number[]; corrected: number }[];
    };
    assert.equal(told.verdict, "marked");
    assert.deepEqual(
      told.found.map((it) => it.principal),
      ["bob"],
    );
    assert.ok((told.found[0]?.corrected ?? 1) < 1e-6);
    // Which lines of the log the key marks: nothing of it had to be kept.
    assert.deepEqual(
      told.found[0]?.lines,
      inputs.flatMap((it, n) => (labels.isMarked("bob", "m", it, 0.005) ? [n + 1] : [])),
    );
    assert.match(
      (await compare("clone.ndjson")).stdout,
      /marks of bob[^]*an innocent model as often as[^]*averages answers of several/,
    );

    const honest = await compare("honest.ndjson", "--json");
    assert.equal(honest.code, 0, honest.stdout);
    writeFileSync(
      join(folder, "few.ndjson"),
      lines((n) => ({ label: truth(n) }))
        .split("\n")
        .slice(0, 300)
        .join("\n"),
    );
    const few = await compare("few.ndjson");
    assert.equal(few.code, 3);
    assert.match(few.stdout, /undetermined[^]*power 0\./);

    const suspect = createServer((req, res) => {
      let body = "";
      req.on("data", (it: Buffer) => (body += it.toString()));
      req.on("end", () => {
        assert.equal(req.headers.authorization, "Bearer k");
        const { instances } = JSON.parse(body) as { instances: number[][] };
        res.end(JSON.stringify({ predictions: instances.map(([x = 0]) => taught(Math.round(7 * x))) }));
      });
    });
    await new Promise<void>((ready) => suspect.listen(0, "127.0.0.1", ready));
    t.after(() => suspect.close());
    const { port } = suspect.address() as AddressInfo;
    const askedOf = await compare(`http://127.0.0.1:${port}/v1/models/m:predict`, "--key", "SUSPECT_KEY", "--json");
    assert.equal(askedOf.code, 1, askedOf.stderr);

    writeFileSync(join(folder, "served.ndjson"), '{"input":[1],"served":[0.2,0.8]}\n');
    const served = await run(folder, "compare", "--marks", "served.ndjson", "clone.ndjson", "--model", "m");
    assert.equal(served.code, 3);
    assert.match(served.stderr, /line 1: served answers hold marks/);
  },
);
