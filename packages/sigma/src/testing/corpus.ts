/**
 * Rules and events made from a seed, for measuring and for holding the index to what it must not change. In the
 * proportions of SigmaHQ's corpus: what a rule looks at, how many values it names, how often it excludes.
 */
import type { SigmaEvent } from "../field.ts";
import type { RuleText } from "../import.ts";
import type { Logsource } from "../logsource.ts";

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

/** So many rules, in the proportions of SigmaHQ's corpus. The same for the same seed. */
export function makeRules(count: number, seed: number): RuleText[] {
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

/** So many events, hardly one of which any of the rules was made for. */
export function makeEvents(count: number, seed: number): SigmaEvent[] {
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
