import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Checkpoint, GradeCounts } from "../index.ts";

const script = join(import.meta.dirname, "..", "..", "verifier", "verify_pack.py");

/** Why the second verifier cannot run here; `false` if it can. */
export const noPython =
  spawnSync("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 8))"]).status === 0
    ? false
    : "python3 is not installed: the second verifier is not tested";

/** What the second verifier says of each pack, in their order. */
export function verifyByPython(
  packs: readonly (string | Uint8Array)[],
  options: readonly string[] = [],
  known: readonly Checkpoint[] = [],
) {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-packs-"));
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  try {
    const files = packs.map((it, i) => write(`${i}.pack`, it));
    const kept = known.flatMap((it, i) => ["--known", write(`${i}.json`, JSON.stringify(it))]);
    const { stdout, stderr, status } = spawnSync("python3", [script, "--json", ...options, ...kept, ...files], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    if (status !== 0 && status !== 1) throw new Error(`the verifier ended with ${status}: ${stderr}`);
    return stdout.trimEnd().split("\n").map(readReport);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readReport(line: string): {
  ok: boolean;
  signer?: string;
  entries: number;
  late: number;
  redacted: number;
  grades: GradeCounts;
  problems: string[];
} {
  return JSON.parse(line);
}
