// Another engine over the same rules and events in the same run: go-sigma-rule-engine, compiled Go, from a checkout that the caller names.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SigmaEngine, type RuleDocument, type SigmaEvent } from "@outweigh/sigma";
import { rateOf, type Rate } from "./clock.ts";
import { pass, spread, type Corpus } from "./rules.ts";

/** Where Debian has Go, and where its packages of Go libraries lie: `golang-1.19-go`, `golang-github-gobwas-glob-dev`, `golang-gopkg-yaml.v2-dev`. */
const compilers = ["/usr/lib/go-1.19/bin/go", "/usr/lib/go/bin/go", "/usr/local/go/bin/go"];
/** Each measurement works so long, in seconds of processor time. */
const shortestS = 1.5;

interface PeerRow {
  readonly rules: number;
  /** How many rules the other engine can run, counted once for each logsource that they fit. */
  readonly loaded: number;
  readonly of: number;
  readonly peer: Rate;
  readonly own: Rate;
  /** Matches of one pass over all events. */
  readonly peerMatches: number;
  readonly ownMatches: number;
}

/** Measures both engines on rules of one document each, which is all the other one reads. Undefined where no Go compiler is found. */
export function measurePeer(
  checkout: string,
  { files, report }: Corpus,
  events: readonly SigmaEvent[],
): PeerRow[] | undefined {
  const go = compilers.find((it) => existsSync(it));
  if (go === undefined) return undefined;
  const texts = new Map(files.map(({ text }) => [idIn(text), text]));
  const single = report.loaded.filter((it) => it.kind === "rule" && texts.has(it.id));
  const work = mkdtempSync(join(tmpdir(), "outweigh-bench-peer-"));
  try {
    const program = build(go, checkout, work);
    return [200, 600, 3000].map((count, i) => {
      const rules = spread(single, count).flatMap((it) => (it.kind === "rule" ? [it] : []));
      const folder = join(work, `run-${i}`);
      lay(folder, rules, texts, events);
      const peer = JSON.parse(
        execFileSync(program, [folder, String(shortestS)], {
          encoding: "utf8",
          stdio: ["ignore", "pipe", "ignore"],
          env: { GOMAXPROCS: "1" },
        }),
      );
      const engine = new SigmaEngine(rules);
      const ownMatches = events.reduce((sum, it) => sum + engine.step(it).length, 0);
      const own = rateOf(events.length, () => pass(engine, events));
      return {
        rules: rules.length,
        loaded: peer.loaded,
        of: peer.of,
        peer: { perCoreSecond: Math.round(peer.perCoreSecond), perSecond: Math.round(peer.perSecond) },
        own,
        peerMatches: peer.matches,
        ownMatches,
      };
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function idIn(text: string): string | undefined {
  const ids = [...text.matchAll(/^id: *['"]?([0-9a-f-]{36})/gm)];
  return ids.length === 1 ? ids[0]?.[1] : undefined;
}

/** Rules by logsource, as the other engine has no routing of its own: it is given the rules that fit, as ours finds them. */
function lay(
  folder: string,
  rules: readonly RuleDocument[],
  texts: ReadonlyMap<string | undefined, string>,
  events: readonly SigmaEvent[],
): void {
  const sets: string[] = [];
  const lines = events.map(({ raw, fields, logsources }) => {
    const key = JSON.stringify(logsources);
    if (!sets.includes(key)) sets.push(key);
    return JSON.stringify({ set: sets.indexOf(key), event: raw ?? fields });
  });
  for (const [set, key] of sets.entries()) {
    mkdirSync(join(folder, String(set)), { recursive: true });
    const logsources: readonly Record<string, string>[] = JSON.parse(key);
    for (const it of rules) {
      const wanted = Object.entries(it.logsource).filter(([, value]) => value !== undefined);
      if (!logsources.some((given) => wanted.every(([name, value]) => given[name] === value))) continue;
      writeFileSync(join(folder, String(set), `${it.id}.yml`), texts.get(it.id) ?? "");
    }
  }
  writeFileSync(join(folder, "events.ndjson"), lines.join("\n"));
}

/** Builds the other engine with what Debian has of its dependencies (as a workspace of the old kind); nothing is downloaded. */
function build(go: string, checkout: string, work: string): string {
  const engine = join(work, "go", "src", "github.com", "markuskont", "go-sigma-rule-engine");
  cpSync(checkout, engine, { recursive: true, filter: (it) => !it.endsWith("_test.go") && !it.includes("/.git") });
  const source = join(work, "peer.go");
  cpSync(join(import.meta.dirname, "peer.go"), source);
  const program = join(work, "peer");
  execFileSync(go, ["build", "-o", program, source], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { HOME: work, PATH: "/usr/bin:/bin", GO111MODULE: "off", GOPATH: `${join(work, "go")}:/usr/share/gocode` },
  });
  return program;
}
