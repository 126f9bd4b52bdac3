/** What a command line moves: which files go in, where they come out, and whether they leave the host. */
import { cleanSegments, looksLikeWeights } from "../artifact.ts";

export interface Command {
  /** `archive` packs or encrypts, `upload` sends away, `copy` makes another file of the same bytes. */
  readonly kind: "archive" | "upload" | "copy" | "split";
  readonly tool: string;
  /** Paths, absolute where the working folder is known. */
  readonly inputs: readonly string[];
  /** Paths; one that ends in `*` stands for all that begin so. */
  readonly outputs: readonly string[];
}

type Moved = {
  readonly kind: Command["kind"];
  readonly inputs: readonly string[];
  readonly outputs?: readonly string[];
};
type Reader = (args: readonly string[]) => Moved | undefined;

/** Most arguments looked at, and most paths kept. */
const maxArguments = 4096;
const maxPaths = 64;

/** The kinds of programs that move files, by the name of the program. */
export function toolKind(program: string): Command["kind"] | undefined {
  return kinds.get(baseName(program));
}

/**
 * Reads a command line. Undefined for a program that moves nothing, or that we do not know.
 *
 * Blind spots: paths that a program reads from a file or from its input, that a shell puts in by redirection, and programs
 * under another name.
 */
export function commandOf(
  argv: readonly string[],
  folder: string | undefined,
  exe: string | undefined,
): Command | undefined {
  const [program = "", ...rest] = argv.slice(0, maxArguments);
  // Tools written in Python are run by it: the script's own name tells which.
  const script = /^python[\d.]*$/.test(baseName(exe ?? program)) && rest[0] !== undefined && !rest[0].startsWith("-");
  const args = script ? rest.slice(1) : rest;
  const names = script ? [rest[0] ?? ""] : [exe ?? "", program];
  const tool = names.map(baseName).find((it) => readers.has(it));
  const moved = tool === undefined ? undefined : readers.get(tool)?.(args);
  if (tool === undefined || !moved || moved.inputs.length === 0) return undefined;
  const settled = (it: string) => absolute(it, folder);
  const inputs = moved.inputs.slice(0, maxPaths).map(settled);
  const outputs = (moved.outputs ?? []).flatMap((it) =>
    it.endsWith("/") ? inputs.map((input) => settled(it + baseName(input))) : [settled(it)],
  );
  return { kind: moved.kind, tool, inputs, outputs: outputs.slice(0, maxPaths) };
}

/** Whether weights come out under a name that hides what they are. A name without an ending may be a folder: that is not told. */
export function isDisguised({ kind, inputs, outputs }: Command): boolean {
  if (kind !== "copy" || !inputs.some(looksLikeWeights)) return false;
  return outputs.some((it) => /[^/]\.[^/.]+$/.test(it) && !looksLikeWeights(it));
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function absolute(path: string, folder: string | undefined): string {
  if (!path.startsWith("/") && (folder === undefined || !folder.startsWith("/"))) return path;
  return `/${cleanSegments((path.startsWith("/") ? path : `${folder}/${path}`).split("/")).join("/")}`;
}

/** Arguments that are no options, without the values of those options that take one. */
function operands(args: readonly string[], valued: readonly string[] = []): string[] {
  const found: string[] = [];
  let rest = false;
  for (let i = 0; i < args.length; i++) {
    const it = args[i] ?? "";
    if (rest || !it.startsWith("-") || it === "-") found.push(it);
    else if (it === "--") rest = true;
    else if (valued.includes(it)) i++;
  }
  return found;
}

/** The values of an option, however written: `-o x`, `-ox`, `-so x`, `--out x`, `--out=x`. */
function values(args: readonly string[], short: string, ...long: readonly string[]): string[] {
  return args.flatMap((it, i) => {
    if (long.includes(it)) return [args[i + 1] ?? ""];
    const name = long.find((name) => it.startsWith(`${name}=`));
    if (name !== undefined) return [it.slice(name.length + 1)];
    if (short === "" || !it.startsWith("-") || it.startsWith("--")) return [];
    const at = it.indexOf(short, 1);
    if (at < 1) return [];
    return [at === it.length - 1 ? (args[i + 1] ?? "") : it.slice(at + 1)];
  });
}

const isRemote = (it: string) => /^(?!:local:)[^/]+:/.test(it);

/** The last operand is where the others go. */
function toLast(kind: Command["kind"], list: readonly string[]): Moved {
  return { kind, inputs: list.slice(0, -1), outputs: list.slice(-1) };
}

function tar(args: readonly string[]): Moved | undefined {
  const [first = "", ...others] = args;
  const bundled = !first.startsWith("-") ? `-${first}` : first;
  const list = [bundled, ...others];
  const creates = list.some(
    (it) => it === "--create" || it === "--append" || it === "--update" || /^-[A-Za-z]*[cru]/.test(it),
  );
  if (!creates || list.some((it) => /^-[A-Za-z]*[xt]/.test(it) && !it.startsWith("--"))) return undefined;
  const inputs: string[] = [];
  let base = "";
  for (let i = 1; i < list.length; i++) {
    const it = list[i] ?? "";
    if (it === "-C" || it === "--directory") base = `${list[++i] ?? ""}/`;
    else if (it.startsWith("--directory=")) base = `${it.slice(12)}/`;
    else if (it === "-f" || it === "-T" || it === "-X" || it === "--file" || it === "--exclude") i++;
    else if (i === 1 && bundled.endsWith("f")) continue;
    else if (!it.startsWith("-")) inputs.push(it.startsWith("/") ? it : base + it);
    else if (/^-[A-Za-z]*f$/.test(it)) i++;
  }
  return { kind: "archive", inputs, outputs: values(list, "f", "--file").filter((it) => it !== "-") };
}

function gpg(args: readonly string[]): Moved | undefined {
  if (!args.some((it) => it === "--symmetric" || it === "--encrypt" || /^-[A-Za-z]*[ce]/.test(it))) return undefined;
  const inputs = operands(args, [
    "-o",
    "--output",
    "-r",
    "--recipient",
    "-u",
    "--passphrase",
    "--cipher-algo",
    "--homedir",
  ]);
  const out = values(args, "o", "--output");
  return { kind: "archive", inputs, outputs: out.length > 0 ? out : inputs.map((it) => `${it}.gpg`) };
}

function age(args: readonly string[]): Moved | undefined {
  if (args.some((it) => it === "-d" || it === "--decrypt")) return undefined;
  const inputs = operands(args, ["-o", "--output", "-r", "--recipient", "-R", "--recipients-file", "-i", "--identity"]);
  return { kind: "archive", inputs, outputs: values(args, "o", "--output") };
}

function openssl([verb = "", ...args]: readonly string[]): Moved | undefined {
  if (!["enc", "cms", "smime"].includes(verb) && !/^(aes|des|camellia|chacha)/.test(verb)) return undefined;
  if (args.includes("-d") || args.includes("-decrypt")) return undefined;
  const after = (name: string) => args.flatMap((it, i) => (it === name ? [args[i + 1] ?? ""] : []));
  return { kind: "archive", inputs: after("-in"), outputs: after("-out") };
}

const compress =
  (ending: string): Reader =>
  (args) => {
    if (args.some((it) => it === "-d" || it === "--decompress" || it === "-t" || it === "-l")) return undefined;
    const inputs = operands(args, ["-o", "-S", "--suffix"]);
    const out = values(args, "o");
    return { kind: "archive", inputs, outputs: out.length > 0 ? out : inputs.map((it) => it + ending) };
  };

function zip(args: readonly string[]): Moved | undefined {
  const [out, ...inputs] = operands(args, [
    "-P",
    "--password",
    "-t",
    "-tt",
    "-b",
    "-n",
    "-x",
    "-i",
    "-s",
    "-O",
    "--out",
  ]);
  return out === undefined ? undefined : { kind: "archive", inputs, outputs: [hasEnding(out) ? out : `${out}.zip`] };
}

/** Whether a name has an ending. Not by a pattern, which would look at a long run of dots anew from each of them. */
function hasEnding(path: string): boolean {
  return baseName(path).slice(0, -1).includes(".");
}

function sevenZip([verb, ...args]: readonly string[]): Moved | undefined {
  const [out, ...inputs] = operands(args);
  return verb !== "a" || out === undefined ? undefined : { kind: "archive", inputs, outputs: [out] };
}

function split(args: readonly string[]): Moved | undefined {
  const [input, prefix = "x"] = operands(args, ["-b", "-n", "-l", "-a", "-C", "--bytes", "--number", "--lines"]);
  return input === undefined ? undefined : { kind: "split", inputs: [input], outputs: [`${prefix}*`] };
}

function copy(args: readonly string[]): Moved {
  const list = operands(args, ["-t", "--target-directory", "-S", "--suffix", "-m", "-o", "-g"]);
  const [folder] = values(args, "t", "--target-directory");
  return folder !== undefined &&
    list.length > 0 &&
    args.some((it) => it === "-t" || it.startsWith("--target-directory"))
    ? { kind: "copy", inputs: list, outputs: [`${folder}/`] }
    : toLast("copy", list);
}

function dd(args: readonly string[]): Moved {
  const of = (name: string) => args.flatMap((it) => (it.startsWith(`${name}=`) ? [it.slice(name.length + 1)] : []));
  return { kind: "copy", inputs: of("if"), outputs: of("of") };
}

/** Away from here is an upload, within here a copy, towards here neither. */
function remote(args: readonly string[]): Moved | undefined {
  const list = operands(args, [
    "-e",
    "--rsh",
    "-i",
    "-P",
    "-o",
    "-p",
    "-F",
    "-J",
    "-c",
    "-l",
    "--exclude",
    "--include",
    "--bwlimit",
  ]);
  const local = list.slice(0, -1).filter((it) => !isRemote(it));
  if (local.length === 0) return undefined;
  return isRemote(list.at(-1) ?? "")
    ? { kind: "upload", inputs: local }
    : { kind: "copy", inputs: local, outputs: list.slice(-1) };
}

function rclone(args: readonly string[]): Moved | undefined {
  const verb = args.findIndex((it) => ["copy", "sync", "move", "copyto", "moveto"].includes(it));
  if (verb < 0) return undefined;
  const [from = "", to = ""] = operands(args.slice(verb + 1));
  if (isRemote(from)) return undefined;
  const out = to.replace(/^:local:/, "");
  return { kind: "upload", inputs: [from.replace(/^:local:/, "")], ...(!isRemote(to) && { outputs: [`${out}/`] }) };
}

function curl(args: readonly string[]): Moved | undefined {
  const files = values(args, "T", "--upload-file");
  const forms = values(args, "F", "--form").flatMap((it) => /=[@<]([^;]+)/.exec(it)?.[1]?.split(",") ?? []);
  const bodies = values(args, "d", "--data", "--data-binary", "--data-ascii", "--json", "--data-urlencode").flatMap(
    (it) => /@(.+)$/.exec(it)?.[1] ?? [],
  );
  const inputs = [...files, ...forms, ...bodies].filter((it) => it !== "-" && it !== ".");
  return inputs.length > 0 ? { kind: "upload", inputs } : undefined;
}

function wget(args: readonly string[]): Moved | undefined {
  const inputs = values(args, "", "--post-file", "--body-file");
  return inputs.length > 0 ? { kind: "upload", inputs } : undefined;
}

/** Command lines of clouds: a verb that copies, then local paths, then an address. */
const cloud =
  (verbs: readonly string[]): Reader =>
  (args) => {
    const at = args.findIndex((it) => verbs.includes(it));
    if (at < 0) return undefined;
    const list = operands(args.slice(at + 1));
    const away = (it: string | undefined) => it !== undefined && /^[a-z][a-z0-9+.-]*:\/\//i.test(it);
    const inputs = list.slice(0, -1).filter((it) => !away(it));
    return away(list.at(-1)) && inputs.length > 0 ? { kind: "upload", inputs } : undefined;
  };

function huggingFace(args: readonly string[]): Moved | undefined {
  const at = args.findIndex((it) => it === "upload" || it === "upload-large-folder");
  const [, path = "."] =
    at < 0 ? [] : operands(args.slice(at + 1), ["--repo-type", "--revision", "--token", "--commit-message"]);
  return at < 0 ? undefined : { kind: "upload", inputs: [path] };
}

const table: readonly (readonly [names: string, kind: Command["kind"], reader: Reader])[] = [
  ["tar bsdtar gtar", "archive", tar],
  ["zip", "archive", zip],
  ["7z 7za 7zr 7zz", "archive", sevenZip],
  ["gzip pigz", "archive", compress(".gz")],
  ["bzip2 pbzip2", "archive", compress(".bz2")],
  ["xz", "archive", compress(".xz")],
  ["zstd", "archive", compress(".zst")],
  ["gpg gpg2", "archive", gpg],
  ["age rage", "archive", age],
  ["openssl", "archive", openssl],
  ["split", "split", split],
  ["cp mv install ln", "copy", copy],
  ["dd", "copy", dd],
  ["rsync scp", "upload", remote],
  ["rclone", "upload", rclone],
  ["curl", "upload", curl],
  ["wget", "upload", wget],
  ["aws gsutil gcloud azcopy s5cmd", "upload", cloud(["cp", "copy", "sync", "mv", "rsync"])],
  ["s3cmd", "upload", cloud(["put", "sync"])],
  ["hf huggingface-cli", "upload", huggingFace],
];

const readers: ReadonlyMap<string, Reader> = new Map(
  table.flatMap(([names, , reader]) => names.split(" ").map((it) => [it, reader] as const)),
);
const kinds: ReadonlyMap<string, Command["kind"]> = new Map(
  table.flatMap(([names, kind]) => names.split(" ").map((it) => [it, kind] as const)),
);
