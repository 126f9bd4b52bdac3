import { loadavg } from "node:os";
import { scanReport, type ScanReport } from "@outweigh/schema";
import { measure, program, type Ran } from "./measure.ts";

/**
 * A scan of a disk as it is, beside what no scan by content can do without: `find` alone, and a read of the first page of every file; and
 * beside `sha256sum` of the files in which weights were found. All in one run, each after the first pages were read once, so that the
 * page cache is alike. Load of the machine is printed: above the number of cores all times are those of a queue.
 */
export async function runReal({
  json,
  args,
}: {
  readonly json: boolean;
  readonly args: readonly string[];
}): Promise<void> {
  const [path = "/", ...options] = args;
  const files = [path, "-xdev", "-type", "f"];
  const pages = [
    "-c",
    'find "$1" -xdev -type f -print0 | xargs -0 -n 500 head -q -c 4096 2>/dev/null | cat >/dev/null',
    "sh",
    path,
  ];
  const cold = await measure("sh", pages);
  const find = await measure("find", files);
  const loadBefore = loadavg()[0] ?? 0;
  const scan = await measure(process.execPath, [program, "scan", path, "--json", "--config", "/dev/null", ...options]);
  const loadAfter = loadavg()[0] ?? 0;
  const first = await measure("sh", pages);
  const report = scanReport.parse(JSON.parse(scan.stdout));
  const holding = holdingWeights(report);
  const hashing = await measure("xargs", ["-0", "-n", "500", "sha256sum"], holding.map((it) => `${it}\0`).join(""));
  const result = {
    path,
    files: report.filesSeen,
    bytesRead: report.bytesRead,
    candidates: report.candidates,
    archives: report.archives,
    models: report.models.length,
    copies: report.models.reduce((sum, it) => sum + it.copies.length, 0),
    leftOut: report.notSeen.flatMap(({ code, count, why }) => (code === undefined ? [] : [{ code, count, why }])),
    scanSeconds: scan.seconds,
    scanCpuSeconds: scan.cpuSeconds,
    firstLineSeconds: scan.firstLineSeconds,
    scanPeakMb: scan.peakMb,
    load: [loadBefore, loadAfter],
    findSeconds: find.seconds,
    firstPagesColdSeconds: cold.seconds,
    firstPagesSeconds: first.seconds,
    filesWithWeights: holding.length,
    sha256sumSeconds: hashing.seconds,
    timesFirstPagesAndSha256sum: scan.seconds / (first.seconds + hashing.seconds),
  };
  if (json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  else print(result, scan);
}

function holdingWeights({ models }: ScanReport): string[] {
  const copies = models.flatMap((it) => it.copies);
  return [...new Set(copies.flatMap((it) => it.container ?? it.files?.map((file) => file.path) ?? [it.path]))];
}

type Result = Readonly<Record<string, unknown>> & {
  readonly archives?: ScanReport["archives"];
  readonly leftOut: readonly { readonly code: string; readonly count?: number | undefined; readonly why: string }[];
  readonly load: readonly number[];
};

function print(result: Result, scan: Ran): void {
  const line = (name: string, value: string): void => void process.stdout.write(`${name.padEnd(34)}${value}\n`);
  const seconds = (name: string): string => `${Number(result[name]).toFixed(1)} s`;
  line("files, candidates", `${result.files}, ${result.candidates}`);
  line("models, copies", `${result.models}, ${result.copies}`);
  line("archives looked into, not to end", `${result.archives?.lookedInto}, ${result.archives?.leftOut}`);
  for (const { code, count, why } of result.leftOut) line(`   ${code}`, `${count}: ${why}`);
  line("outweigh scan", `${seconds("scanSeconds")}, ${seconds("scanCpuSeconds")} of processor, peak ${scan.peakMb} MB`);
  line("first line", seconds("firstLineSeconds"));
  line("load before, after", result.load.map((it) => it.toFixed(1)).join(", "));
  line("find alone", seconds("findSeconds"));
  line(
    "find + first page of each",
    `${seconds("firstPagesSeconds")} (the first time ${seconds("firstPagesColdSeconds")})`,
  );
  line(`sha256sum of ${result.filesWithWeights} with weights`, seconds("sha256sumSeconds"));
  line("scan : pages + sha256sum", Number(result.timesFirstPagesAndSha256sum).toFixed(2));
}
