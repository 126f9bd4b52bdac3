import { dirname } from "node:path";
import type { Listener, ScannedCopy, ScannedModel, TheftPath } from "@outweigh/schema";
import { fileOf } from "./declare.ts";
import type { FoundListener } from "./listeners.ts";
import { isUnder } from "./mounts.ts";
import { isLoopback } from "./sockets.ts";

/** Most theft paths in a report: a person reads ten. */
export const maxPaths = 1_000;

/** Models that nobody registered are worth a theft path from this size on, in bytes: below lie test data of libraries, by the hundred. */
export const minPathBytes = 1_000_000;

/** Classes whose weights anybody may have. */
const free = new Set(["public", "base"]);

/**
 * How the models found could be taken from here, in the fewest steps. `verified`: read from the system, with the bits as proof.
 * `inferred`: concluded from a name, or where we do not know what else stands in the way.
 *
 * @param proofs The permission chain of each copy, by the copy.
 * Blind spot: everything beyond this host's files and listeners; firewalls; what a process would answer.
 */
export function theftPaths(
  models: readonly ScannedModel[],
  proofs: ReadonlyMap<ScannedCopy, string>,
  listeners: readonly FoundListener[],
): TheftPath[] {
  const paths: TheftPath[] = [];
  for (const model of models.filter(isWorthTaking)) {
    const name = model.name ?? model.id;
    for (const copy of model.copies) {
      if (copy.readableBy.length > 0) paths.push(localPath(name, copy, proofs.get(copy)));
      for (const it of listeners) paths.push(...networkPath(name, copy, it));
      if (paths.length >= maxPaths) return paths.slice(0, maxPaths);
    }
  }
  return paths;
}

function isWorthTaking({ name, class: kind, bytes }: ScannedModel): boolean {
  return name === undefined ? bytes >= minPathBytes : !free.has(kind ?? "");
}

function localPath(model: string, copy: ScannedCopy, proof: string | undefined): TheftPath {
  const others = copy.readableBy.includes("other");
  const from = others ? "any local user" : copy.readableBy.join(", ");
  const to = copy.container === undefined ? copy.path : `${copy.container}!/${copy.path}`;
  const fix = closing(copy);
  return {
    model,
    steps: [{ from, to, how: "reads the file", basis: "verified", ...(proof !== undefined && { proof }) }],
    ...(fix !== undefined && { fix }),
  };
}

/** The command that closes a copy to those who need not read it. Undefined for a name that no shell should be given. */
function closing(copy: ScannedCopy): string | undefined {
  const classes = copy.readableBy.map((it) => (it === "other" ? "o" : it.startsWith("group:") ? "g" : ""));
  const who = (["g", "o"] as const).filter((it) => classes.includes(it)).join("") || "go";
  const folderOnly = (copy.files?.length ?? 0) > 1;
  const target = quoted(folderOnly ? dirname(fileOf(copy)) : fileOf(copy));
  return target && `chmod ${who}-${folderOnly ? "rx" : "r"} ${target}`;
}

function networkPath(model: string, copy: ScannedCopy, found: FoundListener): TheftPath[] {
  const { listener, kind } = found;
  if (kind === undefined || isLoopback(listener.address) || listener.authenticated === true) return [];
  const held = holds(found, copy);
  if (!held) return [];
  const server = `${listener.product} on ${endpoint(listener)}`;
  const auth =
    listener.authenticated === false ? "asks for no password" : "not contacted: whether it asks for a key is unknown";
  const to = copy.container === undefined ? copy.path : `${copy.container}!/${copy.path}`;
  return [
    {
      model,
      steps: [
        { from: "network peer", to: server, how: `connects (${auth})`, basis: "inferred" },
        { from: server, to, ...held },
      ],
    },
  ];
}

type Held = Pick<TheftPath["steps"][number], "how" | "basis" | "proof">;

/** How a process reaches a copy, if it does: it has it open, or serves the folder it lies in. */
function holds({ openFiles, folder, kind, listener }: FoundListener, copy: ScannedCopy): Held | undefined {
  const files = [fileOf(copy), ...(copy.files ?? []).map((it) => it.path)];
  const open = files.find((it) => openFiles?.has(it));
  if (open !== undefined) {
    return { how: "has the file open", basis: "verified", proof: `${listener.process} has ${open} open` };
  }
  if (kind === "registry" && folder !== undefined && folder !== "/" && isUnder(fileOf(copy), folder)) {
    return { how: "was started in a folder above the file, which it may serve", basis: "inferred" };
  }
  return undefined;
}

/** `0.0.0.0:11434`, `[::]:5000`. */
export function endpoint({ address, port }: Pick<Listener, "address" | "port">): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A path as one word of a POSIX shell; undefined if it holds what does not show, such as a line break. */
function quoted(path: string): string | undefined {
  if (/[\p{C}\p{Zl}\p{Zp}\ufffd]/u.test(path)) return undefined;
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
