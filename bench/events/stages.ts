// What becomes of a record, step by step, each step alone and then all together.
import { Ledger, type Entry } from "@outweigh/custody";
import {
  Line,
  makeRegister,
  RecordSplitter,
  sourceOf,
  type From,
  type Ingested,
  type SourceKind,
} from "@outweigh/pipeline";
import { rateOf, rateOnce, type Rate } from "./clock.ts";
import { makeRecords, models, provenRecords } from "./traffic.ts";

const seed = 1;
/** Records of one stream: enough that the line's memory is that of a busy hour. */
const count = 60_000;
/** There are many sources: each is measured for so long, in ms. */
const mappingMs = 300;
/** As files are read. */
const chunkBytes = 65_536;
const around = { trusts: () => false };

const kinds = ["cloudtrail", "http-access"] as const;
type Kind = (typeof kinds)[number];

interface ParseRow {
  readonly kind: Kind;
  readonly megabytes: number;
  readonly records: number;
  /** Cutting the bytes into records: what the line does before it parses. */
  readonly cut: Rate;
  /** Decoding the bytes and `JSON.parse` of each record: nothing in JavaScript that reads these records can be faster. */
  readonly floor: Rate;
}

export function measureParsing(): ParseRow[] {
  return kinds.map((kind) => {
    const records = makeRecords(kind, count, seed);
    const bytes = Buffer.from(records.join("\n"));
    return {
      kind,
      megabytes: Math.round(bytes.length / 1e6),
      records: count,
      cut: rateOf(count, () => void cutAll(bytes)),
      floor: rateOf(count, () => {
        for (const it of bytes.toString("utf8").split("\n")) JSON.parse(it);
      }),
    };
  });
}

function* cuts(bytes: Uint8Array): Generator<{ readonly record: string; readonly offset: number }> {
  const splitter = new RecordSplitter();
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    for (const it of splitter.push(bytes.subarray(at, at + chunkBytes))) if ("record" in it) yield it;
  }
  for (const it of splitter.end()) if ("record" in it) yield it;
}

function cutAll(bytes: Uint8Array): number {
  let records = 0;
  for (const it of cuts(bytes)) records += it.record === "" ? 0 : 1;
  return records;
}

interface MappingRow {
  readonly kind: SourceKind;
  /** Different records that were read, over and over. */
  readonly records: number;
  readonly mapped: Rate;
}

/** From a record's text to its events, parsing included, for each source that a proof of ours has records of. */
export function measureMapping(): MappingRow[] {
  const made = new Map<SourceKind, string[]>(kinds.map((it) => [it, makeRecords(it, 5000, seed)]));
  return [...new Map([...provenRecords(), ...made])]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, records]) => {
      const from = (offset: number): From => ({ source: kind, kind, file: "bench", offset });
      const repeats = Math.ceil(2000 / records.length);
      const all = Array.from({ length: repeats }, () => records).flat();
      const source = sourceOf(kind);
      const work = (): void => {
        for (const [i, it] of all.entries()) read(source.read(it, from(i), around), kind);
      };
      const mapped = rateOf(all.length, work, mappingMs);
      return { kind, records: records.length, mapped };
    });
}

function read(it: Ingested, kind: SourceKind): void {
  if (!it.ok) throw new Error(`a record of ${kind} is refused: ${it.reason}`);
}

interface LedgerRow {
  readonly what: string;
  readonly entries: number;
  readonly booked: Rate;
}

/** Entries into the books: whole files by many readers, and byte ranges by a few, which costs most. */
export function measureLedger(): LedgerRow[] {
  const [model] = models;
  const files = model?.files ?? [];
  const entry = (n: number, ranged: boolean): Entry => {
    const { path = "", bytes: size = 0 } = files[n % files.length] ?? {};
    const start = ((n * 7919) % 400) * 8_388_608;
    return {
      model: "model-0",
      principal: `${n % 100 === 0 ? "other" : "svc"}-${n % 400}`,
      place: "s3://acme-models/model-0/",
      part: path,
      range: ranged ? { start, end: Math.min(size, start + 8_388_608) } : undefined,
      bytes: ranged ? 8_388_608 : size,
      partBytes: size,
      time: n,
      event: `e${n}`,
      exact: ranged,
    };
  };
  return [false, true].map((ranged) => {
    const entries = Array.from({ length: count }, (_, n) => entry(n, ranged));
    const booked = rateOf(count, () => {
      const ledger = new Ledger(
        models.map(({ name, bytes, files: parts, readers }) => ({ name, bytes, parts, readers })),
      );
      for (const it of entries) ledger.book(it);
    });
    return { what: ranged ? "ranges of 8 MiB" : "whole files", entries: count, booked };
  });
}

interface LineRow {
  readonly kind: Kind;
  readonly rules: number;
  readonly events: Rate;
  /** Of what `JSON.parse` alone would do. */
  readonly ofFloor: number;
  readonly alerts: number;
}

/** Bytes to incidents: cut, parse, map, enrich, book, rules, detectors, alerts, incidents. */
export function measureLine(rules: readonly string[], parsing: readonly ParseRow[]): LineRow[] {
  return kinds.map((kind) => {
    const bytes = Buffer.from(makeRecords(kind, count, seed).join("\n"));
    let alerts = 0;
    let loaded = 0;
    const play = (): void => {
      const line = new Line({ register: makeRegister(models), rules });
      loaded = new Set(line.rules().flatMap((it) => (it.kind === "sigma" ? [it.text ?? it.id] : []))).size;
      alerts = 0;
      for (const { record, offset } of cuts(bytes)) {
        const outcome = line.run(record, { source: kind, kind, file: "bench", offset });
        if (!("rejected" in outcome)) alerts += outcome.alerts.length;
      }
    };
    play();
    const events = rateOnce(2 * count, () => {
      play();
      play();
    });
    const floor = parsing.find((it) => it.kind === kind)?.floor.perCoreSecond ?? Number.NaN;
    return { kind, rules: loaded, events, ofFloor: events.perCoreSecond / floor, alerts };
  });
}
