/**
 * Events a second and core that the Sigma engine takes, with 200, 600 and 3,000 rules, with and without its index.
 *
 * Rules and events are made from a seed, in the proportions of SigmaHQ's corpus: what one looks at, how many values it
 * names, how often it excludes. Real ones can be measured with `--rules FOLDER --events FILE.ndjson --logsource
 * product=aws,service=cloudtrail`. The clock runs around `step` alone: no parsing.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  importRules,
  SigmaEngine,
  type Logsource,
  type RuleText,
  type SigmaEvent,
} from "../packages/sigma/src/index.ts";

const seed = 20_261_125;
const counts = [200, 600, 3000];
const eventCount = 4000;
/** Each measurement runs at least so long, in ms, after a first pass that warms up. */
const shortestMs = 1000;

interface Row {
  readonly rules: number;
  readonly index: boolean;
  /** By the wall clock, and by the processor time of the whole process, which a busy machine does not change. */
  readonly eventsPerSecond: number;
  readonly eventsPerCoreSecond: number;
  /** Rules evaluated for one event, on average: what routing and index left over. */
  readonly tried: number;
  readonly matchesPerThousand: number;
  readonly prepareMs: number;
}

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rules: { type: "string" }, events: { type: "string" }, logsource: { type: "string", default: "" } },
  });
  const texts = values.rules === undefined ? undefined : readRules(values.rules);
  const events = values.events === undefined ? makeEvents(eventCount) : readEvents(values.events, values.logsource);
  const rows: Row[] = [];
  for (const rules of texts ? [texts] : counts.map(makeRules)) {
    const [indexed, plain] = [measure(rules, events, true), measure(rules, events, false)];
    if (indexed.matchesPerThousand !== plain.matchesPerThousand) throw new Error("the index changes what matches");
    rows.push(indexed, plain);
  }
  if (json)
    process.stdout.write(
      `${JSON.stringify({ bench: "sigma", seed, node: process.version, events: events.length, rows })}\n`,
    );
  else print(rows);
}

function measure(texts: readonly RuleText[], events: readonly SigmaEvent[], index: boolean): Row {
  const started = performance.now();
  const { loaded } = importRules(texts);
  const engine = new SigmaEngine(loaded, { index });
  const [first] = events;
  if (first) engine.step(first);
  const prepareMs = performance.now() - started;
  pass(engine, events);
  const before = engine.counters;
  const cpu = process.cpuUsage();
  let passes = 0;
  let elapsed = 0;
  for (const begun = performance.now(); elapsed < shortestMs; elapsed = performance.now() - begun) {
    pass(engine, events);
    passes++;
  }
  const used = process.cpuUsage(cpu);
  const seen = passes * events.length;
  return {
    rules: loaded.length,
    index,
    eventsPerSecond: Math.round(seen / (elapsed / 1000)),
    eventsPerCoreSecond: Math.round(seen / ((used.user + used.system) / 1e6)),
    tried: round((engine.counters.tried - before.tried) / seen),
    matchesPerThousand: round((1000 * (engine.counters.matches - before.matches)) / seen),
    prepareMs: Math.round(prepareMs),
  };
}

function pass(engine: SigmaEngine, events: readonly SigmaEvent[]): void {
  for (const it of events) engine.step(it);
}

const round = (value: number): number => Math.round(value * 100) / 100;

function print(rows: readonly Row[]): void {
  process.stdout.write(" rules  index   events/s  per core-s  tried/event  matches/1000  ready in\n");
  for (const { rules, index, eventsPerSecond, eventsPerCoreSecond, tried, matchesPerThousand, prepareMs } of rows) {
    const cells = [
      String(rules).padStart(6),
      (index ? "yes" : "no").padStart(6),
      eventsPerSecond.toLocaleString("en").padStart(10),
      eventsPerCoreSecond.toLocaleString("en").padStart(11),
      tried.toFixed(2).padStart(12),
      matchesPerThousand.toFixed(1).padStart(13),
      `${prepareMs} ms`.padStart(9),
    ];
    process.stdout.write(`${cells.join(" ")}\n`);
  }
}

function readRules(folder: string): RuleText[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((it) => it.endsWith(".yml"));
  return names.map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
}

function readEvents(file: string, logsource: string): SigmaEvent[] {
  if (!existsSync(file)) throw new Error(`there is no ${file}`);
  const logsources = [Object.fromEntries(logsource.split(",").map((it) => it.split("=")))];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines
    .filter((it) => it !== "")
    .map((it, place) => ({ id: String(place), time: place, fields: {}, raw: JSON.parse(it), logsources }));
}

/** A small generator (mulberry32): the same numbers for the same seed on every machine. */
function dice(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Maker {
  readonly one: <Item>(list: readonly Item[]) => Item;
  readonly some: <Item>(list: readonly Item[], least: number, most: number) => Item[];
  readonly chance: (share: number) => boolean;
  readonly number: (below: number) => number;
}

function maker(start: number): Maker {
  const roll = dice(start);
  const number = (below: number): number => Math.floor(roll() * below);
  const one = <Item>(list: readonly Item[]): Item => {
    const item = list[number(list.length)];
    if (item === undefined) throw new RangeError("nothing to choose from");
    return item;
  };
  const some = <Item>(list: readonly Item[], least: number, most: number): Item[] => [
    ...new Set(Array.from({ length: least + number(most - least + 1) }, () => one(list))),
  ];
  return { one, some, chance: (share) => roll() < share, number };
}

const syllables = "ta ri no ka sel mo dor vin pex lu gra shi ban tor wel fu nis ex um cor".split(" ");
const plainSyllables = "al er in on es tu ai ou br st qu yp om id ec ay ig ul ev oc".split(" ");
const wordsOf = (start: number, count: number, length: number, from = syllables): string[] => {
  const { one } = maker(start);
  return Array.from({ length: count }, () => Array.from({ length }, () => one(from)).join(""));
};
/** What rules look for, and what events are made of: most of it is in no rule. */
const words = wordsOf(1, 4000, 3);
const plainWords = [...wordsOf(4, 20_000, 4, plainSyllables), ...words.slice(0, 1000)];
const programs = [
  ..."cmd powershell wmic certutil rundll32 reg net sc python curl bash".split(" "),
  ...wordsOf(2, 400, 3),
];
const flags =
  "-encode -urlcache /c -nop -w hidden -enc --output -o --data-binary @ install create /add query -sS".split(" ");
const folders = ["C:\\Windows\\System32\\", "C:\\Users\\Public\\", "C:\\ProgramData\\", "C:\\Program Files\\Vendor\\"];
const services = "s3 iam ec2 sts kms ecr sagemaker bedrock rds lambda".split(" ");
const actions = wordsOf(3, 3000, 3).map((it) => `Get${it}`);

type Detection = Readonly<Record<string, unknown>>;
interface Kind {
  /** Share of the rules and of the events. */
  readonly rules: number;
  readonly events: number;
  readonly logsource: Logsource;
  readonly detection: (make: Maker) => Detection;
  readonly fields: (make: Maker) => Pick<SigmaEvent, "fields" | "raw">;
}

const excluded = (make: Maker, filter: () => Detection): Detection =>
  make.chance(0.35) ? { filter_main: filter() } : {};

function processRule(extension: string, folder: string): Kind["detection"] {
  return (make) => ({
    selection_img: make.chance(0.7)
      ? [
          { "Image|endswith": make.some(programs, 1, 3).map((it) => `${folder}${it}${extension}`) },
          { OriginalFileName: make.some(programs, 1, 2).map((it) => `${it}${extension}`) },
        ]
      : { "Image|endswith": `${folder}${make.one(programs)}${extension}` },
    selection_cli: make.chance(0.35)
      ? { "CommandLine|contains|all": [...make.some(flags, 1, 2), make.one(words), make.one(words)] }
      : { "CommandLine|contains": make.some(words, 1, 8) },
    ...(make.chance(0.04) ? { selection_re: { "CommandLine|re": `${make.one(words)}\\s+[a-z]{3,}` } } : {}),
    ...excluded(make, () => ({
      "ParentImage|endswith": make.some(programs, 1, 3).map((it) => `${folder}${it}${extension}`),
    })),
  });
}

function processEvent(extension: string, folder: string): Kind["fields"] {
  return (make) => {
    const program = make.one(programs) + extension;
    const line = [program, ...make.some(flags, 1, 3), ...make.some(plainWords, 1, 5)].join(" ");
    const raw = {
      Image: make.one(folders) + program,
      OriginalFileName: program,
      CommandLine: line,
      ParentImage: `${folder}${make.one(programs)}${extension}`,
      ParentCommandLine: make.some(plainWords, 2, 6).join(" "),
      User: `CORP\\${make.one(plainWords)}`,
      IntegrityLevel: "Medium",
      ProcessId: make.number(60_000),
    };
    return { fields: ocsf(1007, raw.User, { process: { cmd_line: line, file: { path: raw.Image } } }), raw };
  };
}

const ocsf = (class_uid: number, principal: string, others: Detection): Detection => ({
  class_uid,
  category_uid: Math.floor(class_uid / 1000),
  time: 1_790_000_000_000,
  principal,
  metadata: { version: "1.8.0", product: { name: "bench" } },
  ...others,
});

const kinds: readonly Kind[] = [
  {
    rules: 0.45,
    events: 0.35,
    logsource: { category: "process_creation", product: "windows" },
    detection: processRule(".exe", "\\"),
    fields: processEvent(".exe", "C:\\Windows\\"),
  },
  {
    rules: 0.13,
    events: 0.15,
    logsource: { category: "process_creation", product: "linux" },
    detection: processRule("", "/"),
    fields: processEvent("", "/usr/bin/"),
  },
  {
    rules: 0.1,
    events: 0.08,
    logsource: { category: "registry_set", product: "windows" },
    detection: (make) => ({
      selection: { "TargetObject|contains": make.some(words, 1, 4).map((it) => `\\${it}\\`), Details: make.one(words) },
      ...excluded(make, () => ({ "Image|startswith": make.one(folders) })),
    }),
    fields: (make) => ({
      fields: ocsf(1001, make.one(plainWords), {}),
      raw: {
        TargetObject: `HKLM\\Software\\${make.some(plainWords, 2, 5).join("\\")}`,
        Details: make.one(plainWords),
        Image: make.one(folders) + make.one(programs),
      },
    }),
  },
  {
    rules: 0.14,
    events: 0.2,
    logsource: { product: "aws", service: "cloudtrail" },
    detection: (make) => ({
      selection: { eventSource: `${make.one(services)}.amazonaws.com`, eventName: make.some(actions, 1, 4) },
      ...excluded(make, () => ({ "userIdentity.arn|contains": make.one(words) })),
    }),
    fields: (make) => {
      const arn = `arn:aws:sts::1112:assumed-role/${make.one(plainWords)}/i-${make.number(1e9)}`;
      const [service, name] = [make.one(services), make.one(actions)];
      const raw = {
        eventVersion: "1.08",
        userIdentity: { type: "AssumedRole", arn, accountId: "1112", sessionContext: { sessionIssuer: { arn } } },
        eventSource: `${service}.amazonaws.com`,
        eventName: name,
        sourceIPAddress: "203.0.113.9",
        userAgent: `aws-cli/2.1 ${make.one(plainWords)}`,
        requestParameters: { bucketName: make.one(plainWords), key: make.some(plainWords, 1, 3).join("/") },
      };
      return { fields: ocsf(6003, arn, { api: { operation: name, service: { name: raw.eventSource } } }), raw };
    },
  },
  {
    rules: 0.1,
    events: 0.15,
    logsource: { category: "webserver" },
    detection: (make) => ({
      selection: {
        "cs-method": make.one(["GET", "POST"]),
        "cs-uri-query|contains": make.some(words, 1, 12).map((it) => `/${it}`),
      },
      ...excluded(make, () => ({ "sc-status": [404, 500] })),
    }),
    fields: (make) => {
      const path = `/${make.some(plainWords, 2, 5).join("/")}?${make.one(plainWords)}=${make.number(1000)}`;
      const raw = {
        "cs-method": make.one(["GET", "GET", "POST"]),
        "cs-uri-stem": path.split("?")[0],
        "cs-uri-query": path,
        "c-ip": "198.51.100.7",
        "sc-status": make.one([200, 200, 404]),
        "cs-user-agent": `Mozilla/5.0 ${make.one(plainWords)}`,
      };
      return { fields: ocsf(4002, "anonymous", { http_request: { url: { path } }, bytes: make.number(1e6) }), raw };
    },
  },
  {
    rules: 0.08,
    events: 0.07,
    logsource: { product: "linux", service: "auditd" },
    detection: (make) => ({
      selection: { type: "EXECVE", a0: make.one(programs), "a1|contains": make.some(words, 1, 3) },
    }),
    fields: (make) => {
      const raw = {
        type: make.one(["EXECVE", "SYSCALL", "PATH"]),
        a0: make.one(programs),
        a1: make.one(plainWords),
        a2: make.one(flags),
      };
      return { fields: ocsf(1007, "1002", { process: { cmd_line: Object.values(raw).join(" ") } }), raw };
    },
  },
];

function makeRules(count: number): RuleText[] {
  const make = maker(seed);
  return kinds.flatMap(({ rules: share, logsource, detection }, kind) =>
    Array.from({ length: Math.round(count * share) }, (_, place) => {
      const selections = detection(make);
      const hasFilter = "filter_main" in selections;
      const condition = `all of selection*${hasFilter ? " and not filter_main" : ""}`;
      const name = `rule_${kind}_${place}`;
      return { name, text: JSON.stringify({ title: name, name, logsource, detection: { ...selections, condition } }) };
    }),
  );
}

function makeEvents(count: number): SigmaEvent[] {
  const make = maker(seed + 1);
  const events = kinds.flatMap(({ events: share, logsource, fields }, kind) => {
    const logsources = [logsource];
    return Array.from({ length: Math.round(count * share) }, (_, place) => ({
      id: `${kind}-${place}`,
      time: place,
      ...fields(make),
      logsources,
    }));
  });
  // Sources arrive mixed, as they do in a queue.
  return events
    .map((it) => ({ it, key: make.number(1e9) }))
    .sort((a, b) => a.key - b.key)
    .map(({ it }) => it);
}
