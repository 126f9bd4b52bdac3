// What changes while one reads: the server's messages, kept until the reader wants to see them.
import { change, type Change } from "@outweigh/schema";
import { useSyncExternalStore } from "react";
import { addresses } from "./address.ts";
import { follow } from "./client.ts";
import { queryClient, type ListName } from "./queries.ts";
import { makeCutter } from "./stream.ts";

/** The list that a noun of the server's messages stands in. */
const listOf: Partial<Record<Change["noun"], ListName>> = {
  incident: "incidents",
  alert: "alerts",
  model: "models",
  source: "sources",
  action: "actions",
  evidence: "evidence",
  scan: "models",
  host: "hosts",
  client: "clients",
  event: "events",
  rule: "own-rules",
  watch: "watched",
};

/** Changes within this time are read together, in ms: a burst of records must not become a burst of requests. */
const gatherMs = 500;

/** Most ids kept for one list: beyond it, "500+ new" says enough. */
export const maxPending = 500;

interface Live {
  /** Since when messages arrive or fail to, in ms; `connecting` only before the first answer. */
  readonly state: "connecting" | "live" | "lost";
  readonly since: number;
  /** For each list, what changed since its rows were read: ids, or `?` for a change that names none. */
  readonly pending: ReadonlyMap<string, ReadonlySet<string>>;
}

let live: Live = { state: "connecting", since: Date.now(), pending: new Map() };
const readers = new Set<() => void>();

function become(next: Live): void {
  live = next;
  for (const it of readers) it();
}

export function useLive(): Live {
  return useSyncExternalStore(
    (reader) => {
      readers.add(reader);
      return () => readers.delete(reader);
    },
    () => live,
  );
}

/** Says that a list's rows are being read again: what was pending for it is no longer news. */
export function clearPending(list: string): void {
  if (!live.pending.get(list)?.size) return;
  become({ ...live, pending: new Map([...live.pending].filter(([it]) => it !== list)) });
}

let gathered: Change[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

function gather(it: Change): void {
  gathered.push(it);
  timer ??= setTimeout(() => {
    timer = undefined;
    const changes = gathered;
    gathered = [];
    apply(changes);
  }, gatherMs);
}

/** Pages of one thing and the frame are read again at once; rows of lists wait for their reader. */
function apply(changes: readonly Change[]): void {
  const pending = new Map([...live.pending].map(([list, ids]) => [list, new Set(ids)]));
  for (const { noun, id } of changes) {
    const list = listOf[noun];
    if (list === undefined) continue;
    const ids = pending.get(list) ?? new Set();
    if (ids.size < maxPending) ids.add(id ?? "?");
    pending.set(list, ids);
  }
  become({ ...live, pending });
  const nouns = new Set(changes.map((it) => it.noun));
  void queryClient.invalidateQueries({ queryKey: ["overview"] });
  if (nouns.has("source") || nouns.has("scan")) void queryClient.invalidateQueries({ queryKey: ["sources", "health"] });
  const one = (list: string) =>
    queryClient.invalidateQueries({ predicate: ({ queryKey: [noun, kind] }) => noun === list && kind === "one" });
  for (const list of new Set([...nouns].flatMap((it) => listOf[it] ?? []))) void one(list);
  if (nouns.has("source")) void queryClient.invalidateQueries({ queryKey: ["tokens"] });
  if (nouns.has("client")) void queryClient.invalidateQueries({ queryKey: ["gateways"] });
  // An incident's page tells its alerts and actions too, and a model's page its incidents.
  if (nouns.has("alert") || nouns.has("action")) void one("incidents");
  if (nouns.has("incident") || nouns.has("action")) void one("models");
}

/** A stream that is silent for so long is dead, in ms: the server says every 20 s that it is there. */
const silentMs = 45_000;

/** Waits before the stream is opened again, in ms; the last one stays. */
const againMs = [1000, 2000, 5000];

/** Listens until the page is left, and connects again by itself; meanwhile the footer says since when it is lost. */
export function listen(): () => void {
  const left = new AbortController();
  void stay(left.signal);
  return () => left.abort();
}

async function stay(left: AbortSignal): Promise<void> {
  for (let failures = 0; !left.aborted; failures++) {
    const opened = () => {
      failures = 0;
      // What happened while nobody listened is not known: read everything that stands still.
      if (live.state === "lost") missed();
      become({ ...live, state: "live", since: Date.now() });
    };
    await hearAll(left, opened).catch(() => undefined);
    if (left.aborted) return;
    if (live.state !== "lost") become({ ...live, state: "lost", since: Date.now() });
    await new Promise((done) => setTimeout(done, againMs[Math.min(failures, againMs.length - 1)]));
  }
}

/** Hears one stream to its end. Not an EventSource: that one sends the cookie without the key. */
async function hearAll(left: AbortSignal, opened: () => void): Promise<void> {
  const dead = new AbortController();
  const signal = AbortSignal.any([left, dead.signal]);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => dead.abort(), silentMs);
  };
  alive();
  try {
    const reader = (await follow(addresses.live, signal)).pipeThrough(new TextDecoderStream()).getReader();
    opened();
    const cut = makeCutter();
    for (let it = await reader.read(); !it.done; it = await reader.read()) {
      alive();
      for (const data of cut(it.value)) hear(data);
    }
  } finally {
    clearTimeout(timer);
  }
}

function hear(data: string): void {
  const read = change.safeParse(parsed(data));
  if (read.success) gather(read.data);
}

function missed(): void {
  for (const noun of change.shape.noun.options) gather({ noun });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
