/** What sensors on hosts share: a program that was started, a file that was touched, a connection; and the objects OCSF wants for each. */
import type { OcsfEvent } from "@outweigh/schema";
import { looksLikeWeights } from "../artifact.ts";
import { commandOf, isDisguised } from "./command.ts";
import { activity, essentials, fileObject, type Essentials } from "./ocsf.ts";

export interface HostRecord extends Omit<Essentials, "activity" | "principal"> {
  readonly host: string;
  /** The user, as the sensor names them. */
  readonly user: string | undefined;
  /** The program that acts, and its process id. */
  readonly exe: string | undefined;
  readonly pid: number | undefined;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Who acts on a host: the user, else the host itself. */
function essentialsOf({ host, user, exe, pid, detail: _detail, ...rest }: HostRecord, as: readonly [number, number]) {
  const principal = user === undefined ? `host:${host}` : user.startsWith("anonymous@") ? `user:${user}` : user;
  return {
    ...essentials({ ...rest, activity: as, principal }),
    ...(user === undefined && { vouched: false }),
    device: { hostname: host, type_id: 0 },
    actor: {
      user: { name: principal },
      ...((exe !== undefined || pid !== undefined) && { process: processOf(exe, pid) }),
    },
  };
}

function processOf(exe: string | undefined, pid: number | undefined): object {
  return {
    ...(pid !== undefined ? { pid } : { uid: exe ?? "unknown" }),
    ...(exe !== undefined && { name: nameOf(exe), file: fileObject(exe) }),
  };
}

/** The last part of a path of either kind. */
export function nameOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** A path of Windows as a reader of Unix command lines takes it: `/D:/models`, lest a drive look like another host. */
function rooted(word: string): string {
  return /^[A-Za-z]:[\\/]/.test(word) ? `/${word.replaceAll("\\", "/")}` : word;
}

/** A path as an address, with slashes: `file:C:/models/m.gguf`. Case is kept, which Windows does not. */
function fileAddress(path: string): string {
  return `file:${path
    .replaceAll("\\", "/")
    .replace(/^\/([A-Za-z]:\/)/, "$1")
    .slice(0, 4096)}`;
}

/** A program that was started, with what its command line says it does to which files. */
export function launchEvent(
  it: HostRecord,
  argv: readonly string[],
  commandLine: string,
  folder: string | undefined,
): OcsfEvent {
  const plain = argv.map(rooted);
  const program = (plain[0] ?? "").replace(/\.exe$/i, "");
  const exe = it.exe === undefined ? undefined : rooted(it.exe).replace(/\.exe$/i, "");
  const command = commandOf([program, ...plain.slice(1)], folder === undefined ? undefined : rooted(folder), exe);
  const weights = command?.inputs.find(looksLikeWeights);
  const artifact = weights ?? command?.inputs[0];
  return {
    ...essentialsOf({ ...it, exe: undefined, pid: undefined }, activity.launch),
    status_id: 1,
    operation: "launch",
    ...(artifact !== undefined && { artifact: fileAddress(artifact) }),
    ...(weights !== undefined && { weights: true }),
    process: {
      ...processOf(it.exe, it.pid),
      cmd_line: commandLine.slice(0, maxCommand),
      ...(folder !== undefined && { working_directory: folder }),
    },
    unmapped: {
      ...it.detail,
      ...(it.exe !== undefined && { exe: it.exe }),
      ...(command && {
        tool_kind: command.kind,
        inputs: command.inputs.map(fileAddress),
        outputs: command.outputs.map(fileAddress),
        disguised: isDisguised(command),
      }),
    },
  };
}

/** Longest command line kept in an event of its own, in UTF-16 units: Windows allows 32,767. */
const maxCommand = 32_768;

const onFiles = {
  open: activity.fileSystemRead,
  write: activity.fileSystemCreate,
  rename: activity.fileSystemRename,
  delete: activity.fileSystemDelete,
} as const;

/** A file that was touched. `write`: it was created or overwritten, so it may be a copy. */
export function fileEvent(it: HostRecord, operation: keyof typeof onFiles, path: string): OcsfEvent {
  return {
    ...essentialsOf(it, onFiles[operation]),
    status_id: 1,
    operation,
    artifact: fileAddress(path),
    weights: looksLikeWeights(path),
    file: { ...fileObject(fileAddress(path).slice("file:".length)) },
    unmapped: { ...it.detail, ...(it.exe !== undefined && { exe: it.exe }) },
  };
}

/** A connection to another host. */
export function connectEvent(
  it: HostRecord,
  to: { readonly address: string; readonly port?: number | undefined; readonly name?: string | undefined },
): OcsfEvent {
  return {
    ...essentialsOf(it, activity.connect),
    status_id: 1,
    operation: "connect",
    dst_endpoint: {
      ip: to.address,
      ...(to.port !== undefined && { port: to.port }),
      ...(to.name !== undefined && { hostname: to.name }),
    },
    unmapped: { ...it.detail, ...(it.exe !== undefined && { exe: it.exe }) },
  };
}

/** Most words of a command line, and a word's way through quotes: as the C runtime of Windows cuts it, near enough for paths. */
const maxWords = 1000;

/** A command line in words. Double quotes hold spaces; single ones do where the shell is a Unix one. */
export function wordsOf(line: string, single = false): string[] {
  const form = single ? /"((?:[^"\\]|\\.)*)"|'([^']*)'|((?:[^\s"'\\]|\\.)+)/g : /"([^"]*)"|(?!)()|([^\s"]+)/g;
  const words: string[] = [];
  for (const [, double, quoted, bare] of line.slice(0, maxCommand).matchAll(form)) {
    words.push(double ?? quoted ?? bare ?? "");
    if (words.length >= maxWords) break;
  }
  return words;
}
