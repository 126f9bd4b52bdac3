// What agents saw of one host, put together by process and by destination. Under the hunter's limits.
import { maxPerProcess, maxTreeProcesses } from "@outweigh/schema";
import type { EventEngine } from "./engine/engine.ts";
import { tableIn } from "./event-tables.ts";
import { hunt, type Condition } from "./events.ts";

/** Most destinations told of a host: a person reads the first ten. */
const maxEgress = 500;
/** Most changes of a host's sight, and most files that lie on a given file system. */
const maxSights = 200;
const maxCarried = 200;

// Numbers come as text where they may be larger than JavaScript's are exact.
export interface ProcessRow {
  readonly pid: string;
  readonly started: string;
  readonly name: string;
  readonly command: string;
  readonly exe: string;
  readonly who: string;
  readonly container: string;
  readonly pod: string;
  /** JSON: from its parent upwards. */
  readonly parents: string;
  readonly models: readonly string[];
  readonly events: string;
  readonly files: readonly FileRow[];
  readonly fileCount: string;
  readonly readAtMost: number;
  readonly sent: readonly SentRow[];
  readonly sentCount: string;
  readonly sentAtMost: number;
  /** By address and port; of those without, nobody counted. */
  readonly counted: Readonly<Record<string, number>>;
  readonly first: string;
  readonly last: string;
}

/** path, bytes, what was done, where it lies since, what it was made from, and type and source of the file system if that leaves the host. */
export type FileRow = readonly [string, string, string, string, string, string, string];
/** address, port, at most. */
type SentRow = readonly [string, string, string];

/** What is read of a record, all at once: each look into it costs as much as the first. */
const shape =
  "Tuple(actor Tuple(process Tuple(pid UInt32, created_time UInt64, name String, cmd_line String, file Tuple(path String), " +
  "container Tuple(uid String), ancestry Array(Tuple(pid UInt32, cmd_line String)))), file Tuple(path String, size UInt64), " +
  "file_result Tuple(path String), dst_endpoint Tuple(ip String, port UInt32), unmapped Tuple(made_from String, at_most UInt64, sent Nullable(UInt64), pod String, " +
  "onto Tuple(mount String, kind String, type String, source String)))";

/** One part of it, by its way down. */
const part = (...names: readonly string[]) => names.reduce((of, name) => `tupleElement(${of}, '${name}')`, "record");
const process = (...names: readonly string[]) => part("actor", "process", ...names);

const inDoc = `
  ${process("pid")} as pid, ${process("created_time")} as started, ${process("name")} as named, ${process("cmd_line")} as command_line,
  ${process("file", "path")} as program, ${process("container", "uid")} as contained, ${process("ancestry")} as ancestry,
  ${part("file", "path")} as path, ${part("file", "size")} as file_bytes, ${part("file_result", "path")} as renamed_to,
  ${part("unmapped", "made_from")} as made_from, ${part("unmapped", "at_most")} as at_most,
  ${part("unmapped", "onto", "mount")} as onto_mount, ${part("unmapped", "onto", "kind")} as onto_kind,
  ${part("unmapped", "onto", "type")} as onto_type, ${part("unmapped", "onto", "source")} as onto_source,
  ${part("unmapped", "sent")} as carried, ${part("unmapped", "pod")} as in_pod,
  ${part("dst_endpoint", "ip")} as to_address, ${part("dst_endpoint", "port")} as to_port`;

/** Events of an agent that name a process, with the fields that are taken together below. */
function told(engine: EventEngine, { sql }: Condition): string {
  return `(select time, id, operation, principal, model, artifact, ${inDoc}
    from (select time, id, operation, principal, model, artifact, JSONExtract(doc, '${shape}') as record
      from ${tableIn(engine, "event")} final where ${sql}) where pid > 0)`;
}

/** The latest processes that handled weights, at most `maxTreeProcesses`, and how many there are. */
export async function processesOf(
  engine: EventEngine,
  of: Condition,
  signal?: AbortSignal,
): Promise<{ rows: ProcessRow[]; total: number }> {
  const from = told(engine, of);
  const [rows, [all]] = await Promise.all([
    hunt<ProcessRow>(
      engine,
      `select pid, started, any(named) as name, any(command_line) as command, any(program) as exe,
         any(principal) as who, any(contained) as container, any(in_pod) as pod, toJSONString(any(ancestry)) as parents,
         arrayFilter(it -> it != '', groupUniqArray(${maxPerProcess})(toString(model))) as models, count() as events,
         groupUniqArrayIf(${maxPerProcess})((path, toString(file_bytes), toString(operation), renamed_to, made_from, onto_type, onto_source), operation != 'send') as files,
         uniqIf(path, operation != 'send') as fileCount,
         arraySum(mapValues(maxMapIf(map(path, toFloat64(at_most)), operation = 'open'))) as readAtMost,
         groupUniqArrayIf(${maxPerProcess})((to_address, toString(to_port), toString(at_most)), operation = 'send' and carried is null) as sent,
         uniqIf((to_address, to_port), operation = 'send') as sentCount,
         toFloat64(maxIf(at_most, operation = 'send')) as sentAtMost,
         maxMapIf(map(concat(to_address, ' ', toString(to_port)), toFloat64(ifNull(carried, 0))), operation = 'send' and carried is not null) as counted,
         min(time) as first, max(time) as last
       from ${from} group by pid, started order by last desc, pid limit {most:UInt32}`,
      { ...of.params, most: maxTreeProcesses },
      signal,
    ),
    hunt<{ total: string }>(engine, `select uniqExact(pid, started) as total from ${from}`, of.params, signal),
  ]);
  return { rows, total: Number(all?.total ?? 0) };
}

interface EgressFound {
  readonly to_address: string;
  readonly to_port: string;
  readonly model: string;
  readonly artifact: string;
  readonly atMost: number;
  /** Of processes whose bytes the kernel counted; null: of none. */
  readonly counted: number | null;
  readonly uncounted: string;
  readonly processes: string;
  readonly first: string;
  readonly last: string;
}

/**
 * Where weights can have gone. A process tells of a destination with the most that it holds by then: the sum over processes is the most
 * that can have arrived. Where the kernel's count is known, it is told again as it grows.
 */
export function egressOf(engine: EventEngine, of: Condition, signal?: AbortSignal): Promise<EgressFound[]> {
  return hunt<EgressFound>(
    engine,
    `select to_address, to_port, model, any(weights) as artifact, sum(most) as atMost, sum(carried) as counted, countIf(carried is null) as uncounted, count() as processes, min(first) as first, max(last) as last
     from (select to_address, to_port, toString(model) as model, if(model = '', artifact, '') as stranger, any(artifact) as weights,
         pid, started, toFloat64(max(at_most)) as most, max(toFloat64(carried)) as carried, min(time) as first, max(time) as last
       from ${told(engine, of)} where operation = 'send' group by to_address, to_port, model, stranger, pid, started)
     group by to_address, to_port, model, stranger order by atMost desc, to_address, to_port limit {most:UInt32}`,
    { ...of.params, most: maxEgress },
    signal,
  );
}

interface OntoFound {
  readonly onto_mount: string;
  readonly onto_kind: string;
  readonly onto_type: string;
  readonly onto_source: string;
  readonly model: string;
  readonly artifact: string;
  readonly bytes: number;
  readonly processes: string;
  readonly first: string;
  readonly last: string;
}

/**
 * What was written to file systems that leave the host: of each file the most that it had, each once. Of an archive and its pieces on one
 * disk, what was told of the archive: the pieces came from there.
 */
export function writtenOnto(engine: EventEngine, of: Condition, signal?: AbortSignal): Promise<OntoFound[]> {
  return hunt<OntoFound>(
    engine,
    `select onto_mount, onto_kind, onto_type, onto_source, model, any(weights) as artifact, sum(most) as bytes,
       uniqArray(whose) as processes, min(first) as first, max(last) as last
     from (select onto_mount, onto_kind, onto_type, onto_source, toString(model) as model, if(model = '', artifact, '') as stranger,
         any(artifact) as weights, path, toFloat64(max(file_bytes)) as most, groupUniqArray((pid, started)) as whose, min(time) as first, max(time) as last
       from ${told(engine, of)} where operation = 'write' and onto_kind != ''
       group by onto_mount, onto_kind, onto_type, onto_source, model, stranger, path)
     group by onto_mount, onto_kind, onto_type, onto_source, model, stranger order by bytes desc, onto_source, onto_mount limit {most:UInt32}`,
    { ...of.params, most: maxEgress },
    signal,
  );
}

interface ReadFound {
  readonly model: string;
  readonly artifact: string;
  readonly bytes: number;
}

/** How much of each model's weights was opened: each file once, whoever opened it. A stranger to the register is told by its file. */
export function readOf(engine: EventEngine, of: Condition, signal?: AbortSignal): Promise<ReadFound[]> {
  return hunt<ReadFound>(
    engine,
    `select model, stranger as artifact, sum(most) as bytes
     from (select toString(model) as model, if(model = '', artifact, '') as stranger, path, toFloat64(max(at_most)) as most
       from ${told(engine, of)} where operation = 'open' and made_from = '' group by model, stranger, path)
     group by model, stranger limit 1000`,
    of.params,
    signal,
  );
}

/** When the sensor that tells of the host became another one, from the first event on. */
export function sightsOf(
  engine: EventEngine,
  of: Condition,
  signal?: AbortSignal,
): Promise<{ at: string; sensor: string }[]> {
  return hunt(
    engine,
    `select time as at, sensor from (select time, sensor, lagInFrame(sensor) over (order by time, id rows between unbounded preceding and current row) as before
       from (select time, id, JSONExtractString(doc, 'unmapped', 'sensor') as sensor from ${tableIn(engine, "event")} final where ${of.sql})
       where sensor != '')
     where sensor != before order by at limit {most:UInt32}`,
    { ...of.params, most: maxSights },
    signal,
  );
}

/** Files that were made from weights and came to lie on a file system that leaves the host; or that lie, or were renamed, below one of these folders. */
export function carriedTo(
  engine: EventEngine,
  of: Condition,
  folders: readonly string[],
  signal?: AbortSignal,
): Promise<FileRow[]> {
  return hunt<{ file: FileRow }>(
    engine,
    `select distinct (path, toString(file_bytes), toString(operation), renamed_to, made_from, onto_type, onto_source) as file from ${told(engine, of)}
     where operation in ('write', 'rename')
       and (onto_kind != '' or arrayExists(it -> startsWith(if(renamed_to = '', path, renamed_to), it), {folders:Array(String)}))
     limit {most:UInt32}`,
    { ...of.params, folders: folders.map((it) => `${it.replace(/\/+$/, "")}/`.toWellFormed()), most: maxCarried },
    signal,
  ).then((rows) => rows.map((it) => it.file));
}
