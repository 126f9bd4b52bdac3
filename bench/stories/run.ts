// `npm run bench -- stories [--json] [filler] [seed]`: the week of look-alikes at full size, then every story's table.
import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lookAlikes, lookAlikeWeek, register } from "../../e2e/world/look-alikes.ts";
import { outweighBin } from "../../e2e/world/platform.ts";

const e2e = join(import.meta.dirname, "..", "..", "e2e");

interface Week {
  readonly events: number;
  readonly rejected: number;
  readonly lookAlikes: number;
  readonly pages: readonly string[];
  readonly tickets: readonly string[];
  readonly seconds: number;
}

/** `filler` is how many usual requests a day has: 300,000 make two million events a week. */
export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const [filler = 300_000, seed = 14] = args.map(Number);
  const week = measure(filler, seed);
  if (!json) {
    process.stdout.write(
      `look-alike week, seed ${seed}: ${week.events} events, ${week.lookAlikes} look-alikes, replayed in ${week.seconds} s\n` +
        `  pages    ${week.pages.length} ${week.pages.join("; ")}\n  tickets  ${week.tickets.length} ${week.tickets.join("; ")}\n\n`,
    );
  }
  const stories = await tables(!json);
  if (json) process.stdout.write(`${JSON.stringify({ seed, week, stories })}\n`);
}

/** Writes the week to files, a day at a time, and replays them by the command line. */
function measure(filler: number, seed: number): Week {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-week-"));
  try {
    const logs = join(folder, "logs");
    mkdirSync(logs);
    writeFileSync(join(folder, "outweigh.yml"), register);
    let n = 0;
    for (const day of lookAlikeWeek(seed, filler)) {
      for (const [source, records] of Object.entries(day)) {
        // In pieces: a day of text is longer than a string may be.
        for (let at = 0; at < records.length; at += 50_000) {
          appendFileSync(join(logs, `${source}-${n}.json`), `${records.slice(at, at + 50_000).join("\n")}\n`);
        }
      }
      n++;
    }
    const began = performance.now();
    const { stdout, stderr, status } = spawnSync(process.execPath, [outweighBin, "replay", logs, "--json"], {
      cwd: folder,
      encoding: "utf8",
      maxBuffer: 512 * 1024 * 1024,
    });
    if (status !== 0 && status !== 1) throw new Error(stderr);
    const answer = JSON.parse(stdout);
    const titles = (...severities: readonly string[]) =>
      answer.incidents
        .filter((it: { severity: string }) => severities.includes(it.severity))
        .map((it: { title: string }) => it.title);
    return {
      events: answer.events,
      rejected: answer.sources.reduce((sum: number, it: { rejects: unknown[] }) => sum + it.rejects.length, 0),
      lookAlikes: lookAlikes.length + 1,
      pages: titles("high", "critical"),
      tickets: titles("medium"),
      seconds: Math.round((performance.now() - began) / 1000),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The stories as CI runs them, one after the other, with nothing but their tables. @returns The lines of all tables. */
async function tables(aloud: boolean): Promise<string[]> {
  const found: string[] = [];
  const stories = readdirSync(e2e).filter(
    (it) => it.endsWith(".test.ts") && readFileSync(join(e2e, it), "utf8").includes("world/story.ts"),
  );
  for (const file of stories.sort()) {
    const child = spawn(process.execPath, ["--test", "--test-reporter=spec", join(e2e, file)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
    await new Promise((done) => child.once("close", done));
    const lines = said
      .split("\n")
      .filter((it) =>
        /^[✔✖﹣]|^ℹ (?!tests|suites|pass|fail|cancelled|skipped|todo|duration_ms)|^ {2}\w*Error\b/.test(it),
      )
      .map((it) => it.replace(/^ℹ /, "  ").replace(/ \([\d.]+ms\)/, ""));
    found.push(...lines);
    if (aloud) process.stdout.write(`${lines.join("\n")}\n\n`);
  }
  return found;
}
