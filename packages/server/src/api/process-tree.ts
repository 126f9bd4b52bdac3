// Processes as a tree, in the order in which it is drawn. Pure: rows in, rows out.
import { maxPerProcess, type HandledFile, type HostProcess } from "@outweigh/schema";
import { z } from "zod";
import type { FileRow, ProcessRow } from "../store/host-activity.ts";

const parentsShape = z.array(z.object({ pid: z.int().nonnegative(), cmd_line: z.string() })).max(64);

interface Node {
  readonly id: number;
  readonly process: Omit<HostProcess, "depth" | "below">;
  readonly children: Set<Node>;
  /** When something happened in it or below it. */
  firstAt: number;
  lastAt: number;
}

/** Where a file lies, if that is a file system that leaves the host. */
type Onto = (path: string) => string | undefined;

/**
 * A tree of all processes. A parent that touched weights itself is one row; one that is only named is a row without deeds. Pids are
 * used again: a parent is the latest process of that pid and name that started before its child. In time linear in rows and parents.
 */
export function processTree(rows: readonly ProcessRow[], onto: Onto): HostProcess[] {
  const known = rows.map((row, id) => ({ row, startedAt: Number(row.started), node: nodeOf(id, row, onto) }));
  const byName = Map.groupBy(known, ({ row }) => `${row.pid} ${row.name}`);
  for (const it of byName.values()) it.sort((a, b) => a.startedAt - b.startedAt);
  const named = new Map<string, Node>();
  const children = new Set<Node>();
  for (const { row, startedAt, node } of known) {
    const chain = parentsOf(row);
    const found = chain.map((it) => latestBefore(byName.get(`${it.pid} ${it.cmd_line}`) ?? [], startedAt, node));
    const nearest = found.findIndex((it) => it !== undefined);
    let above = found[nearest];
    for (const it of chain.slice(0, nearest === -1 ? undefined : nearest).toReversed()) {
      const key = `${above?.id ?? ""} ${it.pid} ${it.cmd_line}`;
      const next = named.get(key) ?? ancestor(rows.length + named.size, it);
      named.set(key, next);
      if (above) {
        above.children.add(next);
        children.add(next);
      }
      above = next;
    }
    if (!above) continue;
    above.children.add(node);
    children.add(node);
  }
  const all = [...named.values(), ...known.map((it) => it.node)];
  return drawn(all, new Set(all.filter((it) => !children.has(it))));
}

interface Known {
  readonly startedAt: number;
  readonly node: Node;
}

/** @param all Of one pid and name, the first started first. */
function latestBefore(all: readonly Known[], startedAt: number, self: Node): Node | undefined {
  let [from, to] = [0, all.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((all[middle]?.startedAt ?? 0) <= startedAt) from = middle + 1;
    else to = middle;
  }
  const found = all[from - 1];
  // What ended before it was looked at has no start: it is nobody's parent.
  return found && found.node !== self && found.startedAt > 0 ? found.node : undefined;
}

/** The root in which something happened last stands first, below it all in the order of time. What a lie made its own ancestor is a root. */
function drawn(all: readonly Node[], roots: ReadonlySet<Node>): HostProcess[] {
  sinkTimes([...roots]);
  const order: { node: Node; depth: number }[] = [];
  const seen = new Set<Node>();
  const rest = all.filter((it) => !roots.has(it));
  for (const first of [[...roots], ...rest.map((it) => [it])]) {
    const walk = first.filter((it) => !seen.has(it)).map((node) => ({ node, depth: 0 }));
    // From a stack, what stands last comes first.
    walk.sort((a, b) => a.node.lastAt - b.node.lastAt);
    for (let it = walk.pop(); it; it = walk.pop()) {
      const { node, depth } = it;
      if (seen.has(node)) continue;
      seen.add(node);
      order.push(it);
      const below = [...node.children].sort((a, b) => b.firstAt - a.firstAt);
      for (const child of below) walk.push({ node: child, depth: depth + 1 });
    }
  }
  return withBelow(order);
}

/** A parent moved when one below it did. Without recursion: a chain may be as long as its sender likes. */
function sinkTimes(roots: readonly Node[]): void {
  const visited = new Set<Node>();
  const stack = roots.map((node) => ({ node, isDone: false }));
  for (let it = stack.pop(); it; it = stack.pop()) {
    const { node } = it;
    if (it.isDone) {
      for (const child of node.children) {
        node.firstAt = Math.min(node.firstAt, child.firstAt);
        node.lastAt = Math.max(node.lastAt, child.lastAt);
      }
      continue;
    }
    if (visited.has(node)) continue;
    visited.add(node);
    stack.push({ node, isDone: true });
    for (const child of node.children) stack.push({ node: child, isDone: false });
  }
}

function withBelow(order: readonly { readonly node: Node; readonly depth: number }[]): HostProcess[] {
  const below = order.map(() => 0);
  const open: number[] = [];
  const close = (depth: number, end: number) => {
    while (open.length > depth) {
      const at = open.pop() ?? 0;
      below[at] = end - at - 1;
    }
  };
  for (const [i, { depth }] of order.entries()) {
    close(depth, i);
    open.push(i);
  }
  close(0, order.length);
  return order.map(({ node, depth }, i) => ({ ...node.process, depth, below: below[i] ?? 0 }));
}

function nodeOf(id: number, row: ProcessRow, onto: Onto): Node {
  const startedAt = Number(row.started);
  const process = {
    key: `${row.pid}:${row.started}`,
    pid: Number(row.pid),
    ...(startedAt > 0 && { startedAt }),
    name: row.name,
    touched: true,
    principal: row.who,
    ...(row.command !== "" && { command: row.command }),
    ...(row.exe !== "" && { exe: row.exe }),
    ...(row.container !== "" && { container: row.container }),
    ...(row.pod !== "" && { pod: row.pod }),
    models: [...row.models],
    events: Number(row.events),
    files: row.files.map((it) => fileOf(it, onto)),
    fileCount: Number(row.fileCount),
    readAtMost: row.readAtMost,
    sent: sentBy(row),
    sentCount: Number(row.sentCount),
    sentAtMost: row.sentAtMost,
    firstAt: Number(row.first),
    lastAt: Number(row.last),
  };
  return { id, process, children: new Set(), firstAt: Number(row.first), lastAt: Number(row.last) };
}

/** Each destination once, with what was counted for it where somebody did. */
function sentBy({ sent, counted, sentAtMost }: ProcessRow): HostProcess["sent"] {
  const known = new Map(sent.map(([address, port, atMost]) => [`${address} ${port}`, Number(atMost)]));
  for (const it of Object.keys(counted)) if (!known.has(it)) known.set(it, sentAtMost);
  return [...known].slice(0, maxPerProcess).map(([name, atMost]) => {
    const [address = "", port] = name.split(" ");
    const bytes = counted[name];
    return { address, port: Number(port), atMost, ...(bytes !== undefined && { counted: bytes }) };
  });
}

export function fileOf([path, bytes, operation, to, madeFrom, type, source]: FileRow, onto: Onto): HandledFile {
  const lies = type === "" ? onto(to === "" ? path : to) : `${type} ${source}`.trim();
  return {
    path,
    bytes: Number(bytes),
    did: operation === "write" || operation === "rename" ? operation : "open",
    ...(to !== "" && { to }),
    ...(madeFrom !== "" && { madeFrom: madeFrom.replace(/^file:/, "") }),
    ...(lies !== undefined && { onto: lies }),
  };
}

function parentsOf({ parents }: ProcessRow): z.infer<typeof parentsShape> {
  try {
    return parentsShape.safeParse(JSON.parse(parents === "" ? "[]" : parents)).data ?? [];
  } catch {
    return [];
  }
}

function ancestor(id: number, { pid, cmd_line: name }: { readonly pid: number; readonly cmd_line: string }): Node {
  const process = {
    key: `named:${id}`,
    pid,
    name,
    touched: false,
    models: [],
    events: 0,
    files: [],
    fileCount: 0,
    readAtMost: 0,
    sent: [],
    sentCount: 0,
    sentAtMost: 0,
  };
  return { id, process, children: new Set(), firstAt: Number.POSITIVE_INFINITY, lastAt: 0 };
}
