import type { OcsfEvent } from "@outweigh/schema";
import { field } from "../detect/events.ts";
import { cleanSegments, looksLikeWeights } from "../artifact.ts";
import { callOf, isWorkingFolder, opensForReading, type Known } from "./audit-calls.ts";
import { argumentsOf, auditLine, endpointOf, hexText, plainOf, textOf, type AuditLine } from "./audit-lines.ts";
import { commandOf, isDisguised, toolKind } from "./command.ts";
import { activity, essentials, fileObject, idOf } from "./ocsf.ts";
import { quote, skip, type Ingested, type Origin, type Raw, type Source } from "./source.ts";

/** Longest event we read, in UTF-16 units: the splitter joins no more than half of it. */
const maxEventLength = 1024 * 1024;
/** Most lines of one event. */
const maxLines = 4096;
/** `auid` of what no login started: services, and whoever acts through them. */
const unset = ["4294967295", "-1", undefined];
/** Lowest id of a person's account; below are the system's own. */
const firstPerson = 1000;
/** `EINPROGRESS`: a connection that does not wait is under way, not refused. */
const inProgress = "-115";

export const auditd: Source = {
  id: "auditd",
  title: "Linux audit log (auditd)",
  cannotSee: [
    "Files in folders that no audit rule watches, and copies of weights elsewhere",
    "How many bytes an open led to: the books do not count opens",
    "Who is behind a service: what no login started shows the service's own account",
    "What a program does with a file it opened; mapped, copied and served look alike",
    "Paths that a program gets through its input, a list or a shell's redirection, and tools under another name",
    "Names of accounts, unless log_format = ENRICHED; names of hosts, unless name_format is set",
    "Records lost by a full backlog, and everything after root switched auditing off",
  ],
  requires: [
    "Audit rules for reads and writes of the folders that hold models, for execve and for connect, also of 32-bit programs",
    "audit=1 at boot and -e 2 at the end of the rules, so that they cannot be changed before a restart",
  ],
  logsources: [
    { product: "linux", service: "auditd" },
    { product: "linux", category: "process_creation" },
  ],

  read(record, from) {
    if (record.length > maxEventLength) return { ok: false, reason: `longer than ${maxEventLength} characters` };
    const lines: AuditLine[] = [];
    for (const text of record.split("\n", maxLines)) {
      if (text.trim() === "") continue;
      const line = auditLine(text);
      if (!line) return { ok: false, reason: `not a record of the audit log: ${quote(text)}` };
      lines.push(line);
    }
    const [first] = lines;
    if (!first) return skip("an empty line");
    if (lines.some((it) => it.serial !== first.serial || it.stamp !== first.stamp || it.node !== first.node))
      return { ok: false, reason: "lines of several events in one record" };
    return toEvent({ lines, first, record, from });
  },
};

interface Group {
  readonly lines: readonly AuditLine[];
  readonly first: AuditLine;
  readonly record: string;
  readonly from: Origin;
}

/** What all events of a system call have in common. */
interface Done extends Group {
  readonly call: AuditLine;
  readonly known: Known;
  readonly exe: string | undefined;
  readonly folder: string | undefined;
}

function toEvent(group: Group): Ingested {
  const call = group.lines.find((it) => it.type === "SYSCALL");
  if (!call) return skip(`a record of ${group.first.type} without a system call`);
  const known = callOf(plainOf(call, "arch") ?? "", plainOf(call, "syscall") ?? "", plainOf(call, "SYSCALL"));
  if (!known) return skip("a system call that concerns no file, program or connection");
  const cwd = group.lines.find((it) => it.type === "CWD");
  const done = { ...group, call, known, exe: textOf(call, "exe"), folder: cwd && textOf(cwd, "cwd") };
  switch (known.kind) {
    case "open":
      return opened(done);
    case "launch":
      return launched(done);
    case "connect":
      return connected(done);
    default:
      return changed(done, known.kind);
  }
}

/** A path of the event, absolute where its folder is known; `folder` of an `openat` may be another than the working one. */
interface Path {
  readonly path: string;
  readonly mode: string;
  readonly role: string;
}

function pathsOf({ lines, folder, call, known }: Done): Path[] {
  const start = known.folder === undefined || isWorkingFolder(plainOf(call, `a${known.folder}`)) ? folder : undefined;
  return lines.flatMap((it) => {
    const name = it.type === "PATH" ? textOf(it, "name") : undefined;
    if (name === undefined) return [];
    const role = plainOf(it, "nametype") ?? plainOf(it, "objtype") ?? "NORMAL";
    return [{ path: resolved(name, start), mode: plainOf(it, "mode") ?? "", role }];
  });
}

function resolved(name: string, folder: string | undefined): string {
  if (!name.startsWith("/") && folder === undefined) return name;
  return `/${cleanSegments((name.startsWith("/") ? name : `${folder}/${name}`).split("/")).join("/")}`;
}

function opened(done: Done): Ingested {
  const { call, known, exe = "" } = done;
  const found = pathsOf(done).findLast((it) => it.role === "NORMAL" || it.role === "CREATE" || it.role === "UNKNOWN");
  if (!found) return skip("an open whose path was lost");
  const reads = opensForReading(known.flags === undefined ? undefined : plainOf(call, `a${known.flags}`));
  if (!reads) return skip("an open that cannot read");
  const folder = /^0?40\d{3}$/.test(found.mode);
  if (!folder && found.mode !== "" && !/^0?100\d{3}$/.test(found.mode)) return skip("an open of no regular file");
  const kind = toolKind(exe);
  return answer(done, activity.fileSystemRead, {
    operation: folder ? "list" : "open",
    artifact: `file:${found.path}`,
    ...(!folder && { weights: looksLikeWeights(found.path) }),
    file: { ...fileObject(found.path), type_id: folder ? 2 : 1 },
    unmapped: { ...whoAsked(done), ...(kind !== undefined && { tool_kind: kind }) },
  });
}

function launched(done: Done): Ingested {
  const { lines, exe, folder } = done;
  const argv = argumentsOf(lines);
  const title = lines.find((it) => it.type === "PROCTITLE");
  // Without its arguments the title must do, which the kernel cuts at 128 bytes.
  const words = argv.length > 0 ? argv : titleWords(title);
  const command = argv.length > 0 ? commandOf(argv, folder, exe) : undefined;
  const weights = command?.inputs.find(looksLikeWeights);
  const artifact = weights ?? command?.inputs[0];
  const [out] = command?.outputs ?? [];
  return answer(done, activity.launch, {
    operation: "launch",
    ...(artifact !== undefined && { artifact: `file:${artifact}` }),
    ...(weights !== undefined && { weights: true }),
    process: {
      ...(exe !== undefined && { name: exe.slice(exe.lastIndexOf("/") + 1), file: fileObject(exe) }),
      cmd_line: words.join(" "),
      ...pid(done, "pid"),
      ...(folder !== undefined && { working_directory: folder }),
    },
    unmapped: {
      ...whoAsked(done),
      ...(argv.length === 0 && { arguments: "lost" }),
      ...(command && {
        tool_kind: command.kind,
        inputs: command.inputs.map((it) => `file:${it}`),
        outputs: command.outputs.map((it) => `file:${it}`),
        disguised: isDisguised(command),
      }),
      ...(command && out !== undefined && !out.endsWith("*") && { copied_to: `file:${out}` }),
    },
  });
}

function titleWords(title: AuditLine | undefined): string[] {
  const value = title && plainOf(title, "proctitle");
  return value === undefined ? [] : (hexText(value) ?? value).split("\0");
}

function connected(done: Done): Ingested {
  const address = done.lines.find((it) => it.type === "SOCKADDR");
  const to = endpointOf(address && plainOf(address, "saddr"));
  if (!to) return skip("a connection within this host, or whose address was lost");
  return answer(done, activity.connect, {
    operation: "connect",
    dst_endpoint: to,
    unmapped: whoAsked(done),
  });
}

/** A name that changes, is added or goes: the same bytes under another name are the cheapest disguise. */
function changed(done: Done, kind: "rename" | "link" | "delete"): Ingested {
  const paths = pathsOf(done);
  const before = paths.find((it) => it.role === (kind === "link" ? "NORMAL" : "DELETE"))?.path;
  const after = paths.find((it) => it.role === "CREATE")?.path;
  if (before === undefined) return skip("a change of a name whose path was lost");
  const disguised =
    after !== undefined && isDisguised({ kind: "copy", tool: kind, inputs: [before], outputs: [after] });
  const as = { rename: activity.fileSystemRename, link: activity.fileSystemUpdate, delete: activity.fileSystemDelete };
  return answer(done, as[kind], {
    operation: kind,
    artifact: `file:${before}`,
    weights: looksLikeWeights(before),
    file: fileObject(before),
    ...(after !== undefined && { file_result: fileObject(after) }),
    unmapped: {
      ...whoAsked(done),
      disguised,
      ...(after !== undefined && { tool_kind: "copy", copied_to: `file:${after}`, outputs: [`file:${after}`] }),
    },
  });
}

/** What rules ask about who did it. */
function whoAsked({ call, exe }: Done): object {
  const auid = plainOf(call, "auid");
  const key = textOf(call, "key");
  return {
    person: !unset.includes(auid) && Number(auid) >= firstPerson,
    ...(exe !== undefined && { exe }),
    ...(key !== undefined && { key }),
  };
}

function pid({ call }: Done, field: "pid" | "ppid"): { pid?: number } {
  const value = plainOf(call, field);
  return value !== undefined && /^\d{1,10}$/.test(value) ? { pid: Number(value) } : {};
}

function answer(done: Done, as: readonly [number, number], more: Partial<OcsfEvent>): Ingested {
  const { first, call, exe, record, from } = done;
  const user = userOf(done);
  const success = plainOf(call, "success");
  const ok = success === "yes" || (done.known.kind === "connect" && plainOf(call, "exit") === inProgress);
  const event: OcsfEvent = {
    ...essentials({
      id: idOf("auditd", from.source, record),
      from,
      time: first.time,
      activity: as,
      product: "auditd",
      principal: user.principal,
      uid: `${first.stamp}:${first.serial}`,
      originalTime: first.stamp,
      raw: record,
    }),
    ...(success !== undefined && { status_id: ok ? 1 : 2, status_code: plainOf(call, "exit") ?? success }),
    actor: {
      user: { uid: user.uid, ...(user.name !== undefined && { name: user.name }) },
      process: {
        ...pid(done, done.known.kind === "launch" ? "ppid" : "pid"),
        ...(exe !== undefined && done.known.kind !== "launch" && { file: fileObject(exe) }),
      },
    },
    device: { hostname: first.node ?? "unknown", type_id: 0 },
    ...more,
  };
  return { ok: true, events: [event], raw: [rawOf(done, event, user.principal)] };
}

/**
 * The account that logged in, which stays the same through `su` and `sudo`; for a service its own. By name where the log is
 * enriched, else `uid:1002`; with `@host` where hosts are told apart.
 */
function userOf({ call, first }: Done): { uid: string; name: string | undefined; principal: string } {
  const auid = plainOf(call, "auid");
  const login = !unset.includes(auid);
  const uid = (login ? auid : plainOf(call, "uid")) ?? "unknown";
  const name = plainOf(call, login ? "AUID" : "UID");
  const named = name !== undefined && name !== "unset" && !name.startsWith("unknown") ? name : undefined;
  const host = first.node === undefined ? "" : `@${first.node}`;
  return { uid, name: named, principal: `${named ?? `uid:${uid}`}${host}` };
}

/** For rules on the log's own fields, decoded, all records of the event in one; and a launch as others log process creation. */
function rawOf({ lines, call, exe, folder, known }: Done, { process }: OcsfEvent, user: string): Raw {
  const fields: Record<string, unknown> = Object.fromEntries(call.fields);
  for (const name of ["comm", "exe", "key"]) fields[name] = textOf(call, name);
  const argv = argumentsOf(lines);
  for (const [i, it] of argv.entries()) fields[`a${i}`] = it;
  const names = lines.flatMap((it) => (it.type === "PATH" ? (textOf(it, "name") ?? []) : []));
  return {
    ...fields,
    type: [...new Set(lines.map((it) => it.type))],
    ...(names.length > 0 && { name: names }),
    ...(folder !== undefined && { cwd: folder }),
    ...(known.kind === "launch" && {
      Image: exe,
      CommandLine: field(process, "cmd_line"),
      CurrentDirectory: folder,
      User: user,
    }),
  };
}
