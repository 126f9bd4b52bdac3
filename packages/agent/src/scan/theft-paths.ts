import { dirname } from "node:path";
import type { Listener, ModelEntry, ScannedCopy, ScannedModel, TheftKind, TheftPath } from "@outweigh/schema";
import { covers } from "../posture/exported/repositories.ts";
import { whoIs } from "../posture/host/rights.ts";
import type { Machine } from "../posture/machine.ts";
import { commandOf, minutesOf, quoted, withFix, type Way } from "../posture/way.ts";
import { fileOf } from "./declare.ts";
import { placeOf, type Proof } from "./describe.ts";
import type { FoundListener } from "./listeners.ts";
import { isUnder } from "./mounts.ts";
import { readersOf } from "./readable-by.ts";
import { isLoopback } from "./sockets.ts";

/** Most theft paths in a report: a person reads ten. */
const maxPaths = 1_000;

/** Models that nobody registered are worth a theft path from this size on, in bytes: below lie test data of libraries, by the hundred. */
const minPathBytes = 1_000_000;

/** Classes whose weights anybody may have. */
const free = new Set(["public", "base"]);

export interface Findings {
  readonly models: readonly ScannedModel[];
  readonly register: readonly ModelEntry[];
  /** What lets others read a copy, by its place. */
  readonly proofs: ReadonlyMap<string, Proof>;
  readonly listeners: readonly FoundListener[];
  /** Ways that configuration shows. */
  readonly ways: readonly Way[];
  readonly machine: Machine;
}

/**
 * How the models found and registered could be taken, the quickest first. `verified`: read from the system or its configuration, with the
 * proof. `inferred`: concluded from a name, or where we do not know what else stands in the way.
 *
 * Blind spot: firewalls; what a process would answer; whatever the finders of the ways name as theirs.
 */
export function theftPaths(findings: Findings): TheftPath[] {
  const { models, register, proofs, listeners, ways, machine } = findings;
  const paths: TheftPath[] = [];
  const add = (path: TheftPath): number => paths.push({ ...path, minutes: minutesOf(path.steps) });
  for (const model of models.filter(isWorthTaking)) {
    const name = model.name ?? model.id;
    for (const copy of model.copies) {
      localPaths(name, copy, proofs.get(placeOf(copy))).forEach(add);
      for (const it of listeners) networkPath(name, copy, it, machine).forEach(add);
      // Enough to choose the quickest from; each host has many copies or few ways.
      if (paths.length >= maxPaths * 10) break;
    }
    for (const it of ways) wayToCopies(name, model.copies, it, machine).forEach(add);
  }
  for (const entry of register.filter((it) => !free.has(it.class)))
    for (const it of ways) wayToPlace(entry, it).forEach(add);
  // Of two ways between the same ends, the quicker one is told: what is proven, before what is likely.
  const known = new Map<string, TheftPath>();
  for (const it of paths) {
    const key = JSON.stringify([it.model, it.kind, it.steps.map((step) => [step.from, step.to])]);
    const other = known.get(key);
    if (!other || (it.minutes ?? 0) < (other.minutes ?? 0)) known.set(key, it);
  }
  return [...known.values()].toSorted((a, b) => (a.minutes ?? 0) - (b.minutes ?? 0)).slice(0, maxPaths);
}

function isWorthTaking({ name, class: kind, bytes }: ScannedModel): boolean {
  return name === undefined ? bytes >= minPathBytes : !free.has(kind ?? "");
}

/** Who can read it by its permission bits, and who by access lists: each is closed by another command. */
function localPaths(model: string, copy: ScannedCopy, proof: Proof | undefined): TheftPath[] {
  const byList = copy.readableBy.filter((it) => proof?.byList.includes(it));
  const byBits = copy.readableBy.filter((it) => !byList.includes(it));
  const others = byBits.includes("other");
  const pathOf = (kind: TheftKind, names: readonly string[], how: string, fix: string | undefined): TheftPath[] => {
    if (names.length === 0) return [];
    const from = others && kind !== "access-list" ? "any local user" : names.map(whoIs).join(", ");
    const known = proof === undefined ? {} : { proof: proof.text };
    const step = { from, to: placeOf(copy), how, basis: "verified", effort: "hand", ...known } as const;
    return [{ model, kind, steps: [step], ...withFix(fix) }];
  };
  return [
    ...pathOf(others ? "file-mode" : "group-read", byBits, "reads the file", closing(copy, byBits)),
    ...pathOf("access-list", byList, "reads the file by an access list", proof && takingOut(copy, proof.entries)),
  ];
}

/** The command that closes a copy to those who need not read it. Undefined for a name that no shell should be given. */
function closing(copy: ScannedCopy, names: readonly string[]): string | undefined {
  const classes = names.map((it) => (it === "other" ? "o" : it.startsWith("group:") ? "g" : ""));
  const who = (["g", "o"] as const).filter((it) => classes.includes(it)).join("") || "go";
  const folderOnly = (copy.files?.length ?? 0) > 1;
  const target = quoted(folderOnly ? dirname(fileOf(copy)) : fileOf(copy));
  return target && `chmod ${who}-${folderOnly ? "rx" : "r"} ${target}`;
}

/** Most lists that one command names by themselves. */
const maxLists = 8;

/** The command that takes entries out of access lists. It leaves the masks: else it could open what they keep closed. */
function takingOut(copy: ScannedCopy, entries: Proof["entries"]): string | undefined {
  const paths = new Map<string, string[]>();
  for (const [path, said] of entries) {
    const key = [...said].toSorted().join(",");
    paths.set(key, [...(paths.get(key) ?? []), path]);
  }
  const inOne = entries.size > maxLists;
  const whole = [...new Set([...entries.values()].flatMap((it) => [...it]))].toSorted().join(",");
  const parts = inOne
    ? [commandOf`setfacl -R -n -x ${whole} ${dirname(fileOf(copy))}`]
    : [...paths].map(([key, [first = "", ...more]]) => {
        const rest = more.map(quoted);
        const command = commandOf`setfacl -n -x ${key} ${first}`;
        return command && rest.every((it) => it !== undefined) ? [command, ...rest].join(" ") : undefined;
      });
  return parts.every((it) => it !== undefined) ? parts.join(" && ") || undefined : undefined;
}

function networkPath(model: string, copy: ScannedCopy, found: FoundListener, machine: Machine): TheftPath[] {
  const { listener, kind } = found;
  if (kind === undefined || isLoopback(listener.address) || listener.authenticated === true) return [];
  const held = holds(found, copy, machine);
  if (!held) return [];
  const server = `${listener.product} on ${endpoint(listener)}`;
  const asksNothing = listener.authenticated === false;
  const auth = asksNothing
    ? "asks for no password; a firewall was not looked at"
    : "not contacted: whether it asks for a key is unknown";
  return [
    {
      model,
      kind: "listener",
      steps: [
        {
          from: "network peer",
          to: server,
          how: `connects (${auth})`,
          basis: asksNothing ? "verified" : "inferred",
          effort: asksNothing ? "trick" : "look",
          ...(found.proof !== undefined && { proof: `listens on ${endpoint(listener)}; ${found.proof}` }),
        },
        { from: server, to: placeOf(copy), effort: kind === "registry" ? "hand" : "look", ...held },
      ],
      ...withFix(commandOf`iptables -I INPUT -p tcp --dport ${String(listener.port)} ! -i lo -j DROP`),
    },
  ];
}

type Held = Pick<TheftPath["steps"][number], "how" | "basis" | "proof">;

/** How a process reaches a copy, if it does: it has it open, is configured to serve it, or was started above it. */
function holds(
  { openFiles, folder, kind, listener, serves = [] }: FoundListener,
  copy: ScannedCopy,
  machine: Machine,
): Held | undefined {
  const files = [fileOf(copy), ...(copy.files ?? []).map((it) => it.path)].flatMap((it) => machine.own(it) ?? []);
  const open = files.find((it) => openFiles?.has(it));
  if (open !== undefined) {
    return { how: "has the file open", basis: "verified", proof: `${listener.process} has ${open} open` };
  }
  const served = serves.find((it) => it.startsWith("/") && it !== "/" && files.some((file) => isUnder(file, it)));
  if (served !== undefined)
    return { how: `serves ${served}`, basis: "verified", proof: `its configuration names ${served}` };
  if (kind === "registry" && folder !== undefined && folder !== "/" && files.some((file) => isUnder(file, folder))) {
    return { how: "was started in a folder above the file, which it may serve", basis: "inferred" };
  }
  return undefined;
}

/** A way to files, or to the rights of a user: told once for each model, by the first copy that it reaches. */
function wayToCopies(model: string, copies: readonly ScannedCopy[], way: Way, machine: Machine): TheftPath[] {
  const { reaches } = way;
  if (reaches.at === "place") return [];
  const reached = copies.filter((copy) => {
    const files = [fileOf(copy), ...(copy.files ?? []).map((it) => it.path)].flatMap((it) => machine.own(it) ?? []);
    return files.some((file) =>
      reaches.at === "files" ? reaches.paths.some((it) => isUnder(file, it)) : canRead(reaches.uid, file, machine),
    );
  });
  const [first] = reached;
  if (!first) return [];
  const more = reached.length > 1 ? ` and ${reached.length - 1} more` : "";
  return [ended(model, way, `${placeOf(first)}${more}`)];
}

function canRead(uid: number, file: string, machine: Machine): boolean {
  if (uid === 0) return true;
  const chain = machine.chain(file);
  if (!chain) return false;
  if (chain.at(-1)?.uid === uid) return true;
  const user = machine.accounts.users.find((it) => it.uid === uid);
  return (
    user !== undefined &&
    readersOf(chain, { ...machine.accounts, users: [user] }).names.some(
      (it) => it === "other" || it === `user:${user.name}`,
    )
  );
}

function wayToPlace(entry: ModelEntry, way: Way): TheftPath[] {
  const { reaches } = way;
  if (reaches.at !== "place") return [];
  const place = entry.places.find((it) => covers(reaches.place, it) || covers(it, reaches.place));
  return place === undefined ? [] : [ended(entry.name, way, place)];
}

function ended(model: string, { kind, steps, fix }: Way, to: string): TheftPath {
  return { model, kind, steps: steps.map((it, i) => (i === steps.length - 1 ? { ...it, to } : it)), ...withFix(fix) };
}

/** `0.0.0.0:11434`, `[::]:5000`. */
export function endpoint({ address, port }: Pick<Listener, "address" | "port">): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
