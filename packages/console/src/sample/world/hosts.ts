// Hosts with an agent: one that the kernel tells of, one that is looked at, one that fell silent.
import type { HostDetail, HostRow } from "@outweigh/schema";
import { day, hour, min, now } from "./time.ts";
import { watched } from "./watched.ts";

export const hosts: HostRow[] = [
  host("h-1", "gpu-9", {
    tier: "T2",
    watchedFiles: 214,
    lastSeenAt: now - 6000,
    may: ["quarantine-file", "stop-process"],
    scan: { phase: "looking", files: 90_000, candidates: 120, done: 40, startedAt: now - min },
  }),
  host("h-2", "build-2", {
    tier: "T0",
    watchedFiles: 12,
    lastSeenAt: now - 11_000,
    problems: ["the kernel's sensor (T2) did not start, the watch is T0"],
  }),
  host("h-3", "nb-eve", {
    state: "silent",
    tier: "T0",
    watchedFiles: 3,
    lastSeenAt: now - 3 * hour,
    problems: ["what is seen cannot be kept: database or disk is full"],
    watched: watched.find((it) => it.kind === "host"),
  }),
];

function host(id: string, name: string, over: Partial<HostRow>): HostRow {
  return {
    id,
    name,
    system: "Debian GNU/Linux 12 (bookworm)",
    state: "reporting",
    dropped: 0,
    enrolledAt: now - 12 * day,
    enrolledBy: "ana",
    problems: [],
    ...over,
  };
}

export function hostDetail(it: HostRow): HostDetail {
  const source = `agent-${it.name}`;
  const facts = {
    name: it.name,
    system: it.system,
    kernel: "6.1.0-28-amd64",
    arch: "x64",
    version: "0.1.0",
    user: "root",
  };
  if (it.id !== "h-1") return { host: it, facts, source, orders: [] };
  const asked = { by: "ana", at: now - 4 * min, expiresAt: now + 56 * min };
  return {
    host: it,
    facts,
    source,
    orders: [
      { ...asked, id: "o-2", order: { verb: "scan", roots: [] }, reason: "is there another copy?", state: "waiting" },
      {
        ...asked,
        id: "o-1",
        order: { verb: "collect", lists: ["processes", "weights"] },
        reason: "INC-214: who has it open?",
        state: "done",
        doneAt: now - 3 * min,
        facts: {
          at: now - 3 * min,
          lists: [
            {
              list: "processes",
              rows: [
                {
                  pid: 1,
                  parent: 0,
                  name: "systemd",
                  exe: "/usr/lib/systemd/systemd",
                  command: "/sbin/init",
                  user: "root",
                },
                {
                  pid: 4711,
                  parent: 4700,
                  name: "curl",
                  exe: "/usr/bin/curl",
                  command: "curl -T \u001b[31mcat.jpg",
                  user: "eve",
                },
              ],
              notSeen: [],
            },
            {
              list: "weights",
              rows: [
                {
                  pid: 4711,
                  process: "curl",
                  user: "eve",
                  path: "/home/eve/cat.jpg",
                  bytes: 26_100_000_000,
                  reads: true,
                  writes: false,
                },
              ],
              notSeen: ["files that a process mapped and closed"],
            },
          ],
        },
      },
    ],
  };
}
