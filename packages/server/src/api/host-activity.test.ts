// What an agent told of its host, over real engines: the tree, where weights can have gone, and what was not seen.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { after, before, test } from "node:test";
import {
  agentHeaders,
  enrolAnswer,
  hostActivity,
  hostPage,
  hostProcessPage,
  hostScans,
  signedText,
  type ActivityRecord,
  type AgentReport,
  type HostProcess,
} from "@outweigh/schema";
import type { Running } from "../start.ts";
import { aFolder, aServer, eventually, signIn, type Visitor } from "../testing/a-server.ts";

const folder = aFolder("host-activity");
let server: Running;
let visitor: Visitor;
let agent: { id: string; key: KeyObject };
let host = "";

before(async () => {
  const models = [
    { name: "acme", class: "private" as const, places: ["file:/srv/acme"], bytes: 1000 },
    { name: "far", class: "private" as const, places: ["file:/srv/far"] },
  ];
  server = await aServer(folder.path, { models });
  visitor = await signIn(server.openUrl);
  const { token } = (await visitor.post("/api/hosts/enrolments", {})).body;
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const facts = { name: "gpu-1", system: "Debian", kernel: "6.1", arch: "x64", version: "0", user: "root" };
  const der = publicKey.export({ type: "spki", format: "der" }).toString("base64");
  const answer = await fetch(`${server.url}/api/agents/enrol`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token, publicKey: der, host: facts }),
  });
  agent = { id: enrolAnswer.parse(await answer.json()).agent, key: privateKey };
  host = hostPage.parse((await visitor.get("/api/hosts")).body).items[0]?.id ?? "";
});
after(async () => {
  await server.close();
  folder.remove();
});

let counter = 0;

async function report(over: Partial<AgentReport>): Promise<void> {
  const health = { tier: "T2", watchedFiles: 2, dropped: 0, waiting: 0, rssBytes: 1, problems: [] } as const;
  const said = { sentAt: Date.now(), health, lines: [], results: [], ...over };
  const body = Buffer.from(JSON.stringify(said));
  const text = signedText("/api/agents/report", ++counter, createHash("sha256").update(body).digest("hex"));
  const answer = await fetch(`${server.url}/api/agents/report`, {
    method: "POST",
    headers: {
      [agentHeaders.agent]: agent.id,
      [agentHeaders.counter]: String(counter),
      [agentHeaders.signature]: sign(null, Buffer.from(text), agent.key).toString("base64url"),
    },
    body,
  });
  assert.equal(answer.status, 200, await answer.text());
}

const began = Date.now() - 600_000;
const shell = [
  { pid: 5, name: "bash" },
  { pid: 1, name: "systemd" },
];

function line(at: number, pid: number, name: string, over: Partial<ActivityRecord>): ActivityRecord {
  const startedAt = began + pid * 10;
  return {
    activity: 1,
    id: `l-${at}-${pid}`,
    host: "gpu-1",
    time: began + 10_000 + at * 1000,
    sensor: "fanotify",
    what: "open",
    process: { pid, startedAt, name, command: [name, "-x"], uid: 7, user: "eve", login: "eve", parents: shell },
    file: { path: "/srv/acme/w", bytes: 600 },
    atMost: 600,
    ...over,
  };
}

const theft = [
  line(1, 70, "tar", { sensor: "poll" }),
  line(2, 70, "tar", { file: { path: "/srv/acme/v", bytes: 400 }, atMost: 400 }),
  line(3, 70, "tar", {
    what: "write",
    file: { path: "/media/usb/a.tgz", bytes: 900, madeFrom: "/srv/acme/w" },
    atMost: 900,
  }),
  line(4, 71, "curl", {
    file: { path: "/media/usb/a.tgz", bytes: 900, madeFrom: "/srv/acme/w" },
    atMost: 900,
    process: {
      pid: 71,
      name: "curl",
      command: ["curl"],
      container: "c0ffee",
      pod: { uid: "0f2a1b3c-1111-4222-8333-0123456789ab", namespace: "ml", name: "notebook-0" },
      parents: [{ pid: 70, name: "tar" }, ...shell],
    },
  }),
  line(5, 71, "curl", {
    what: "send",
    file: { path: "/media/usb/a.tgz", bytes: 900, madeFrom: "/srv/acme/w" },
    atMost: 900,
    peer: { address: "203.0.113.9", port: 443 },
  }),
];

const processes = async (query = "") =>
  hostProcessPage.parse((await visitor.get(`/api/hosts/${host}/processes?${query}`)).body);
const activity = async (query = "") =>
  hostActivity.parse((await visitor.get(`/api/hosts/${host}/activity?${query}`)).body);
const named = (items: readonly HostProcess[], name: string) => items.filter((it) => it.name === name);

test("before anything was seen, both say so", async () => {
  assert.deepEqual(await processes(), { items: [], total: 0, left: 0 });
  const { events, egress, sights, carried, mounts } = await activity();
  assert.deepEqual([events, egress, sights, carried, mounts], [0, [], [], [], undefined]);
  assert.equal((await visitor.get("/api/hosts/none/processes")).status, 404);
  assert.equal((await visitor.get("/api/hosts/none/activity")).status, 404);
});

test("a theft is a tree of who did what, with its files and the most that can have left", async () => {
  await report({ lines: theft });
  const { items } = await eventually(processes, (it) => named(it.items, "curl").some((one) => one.sentCount > 0));
  assert.deepEqual(
    items.slice(0, 3).map((it) => [it.depth, it.name, it.touched]),
    [
      [0, "systemd", false],
      [1, "bash", false],
      [2, "tar", true],
    ],
  );
  const [tar] = named(items, "tar");
  assert.deepEqual([tar?.principal, tar?.readAtMost, tar?.fileCount, tar?.models], ["eve@gpu-1", 1000, 3, ["acme"]]);
  const inPod = named(items, "curl").find((it) => it.container === "c0ffee");
  assert.deepEqual([inPod?.readAtMost, inPod?.pod], [900, "ml/notebook-0"]);
  const sent = named(items, "curl").find((it) => it.sentCount > 0);
  assert.deepEqual([sent?.sent, sent?.sentAtMost], [[{ address: "203.0.113.9", port: 443, atMost: 900 }], 900]);
  const first = await processes("limit=1");
  assert.deepEqual([first.items.length, first.total, named(first.items, "systemd").length], [1, items.length, 1]);
  assert.deepEqual((await processes(`limit=1&after=${first.next}`)).items, items.slice(1, 2));
  assert.deepEqual(
    (await processes("filter=pid:70")).items.filter((it) => it.touched).map((it) => it.name),
    ["tar"],
  );
  assert.equal((await visitor.get("/api/events?filter=pid:70")).body.total, 3);
});

test("bytes out stand against the model that was read, and changes of sight are told", async () => {
  const { egress, sights, events } = await activity();
  assert.equal(events, 5);
  assert.deepEqual(
    egress.map(({ address, model, atMost, readAtMost, modelBytes }) => [
      address,
      model,
      atMost,
      readAtMost,
      modelBytes,
    ]),
    [["203.0.113.9", "acme", 900, 1000, 1000]],
  );
  assert.deepEqual(
    sights.map((it) => it.sensor),
    ["poll", "fanotify"],
  );
  assert.equal((await activity("filter=operation:open")).egress.length, 0);
  assert.equal((await visitor.get(`/api/hosts/${host}/activity?filter=no:such`)).status, 400);
});

test("bytes that the kernel counted stand beside the most; a process that nobody counted is told as such", async () => {
  const to = { address: "203.0.113.77", port: 22 };
  const send = (at: number, pid: number, over: Partial<ActivityRecord> = {}) =>
    line(at, pid, "scp", { what: "send", atMost: 600, peer: to, ...over });
  await report({ lines: [send(20, 90), send(21, 90, { sent: 300 }), send(22, 90, { sent: 500 }), send(23, 91)] });
  const rows = async () => (await activity()).egress.filter((it) => it.address === to.address);
  const [row, ...more] = await eventually(rows, ([it]) => it?.processes === 2 && it.counted === 500);
  assert.deepEqual([row?.atMost, row?.counted, row?.uncounted, more.length], [1200, 500, 1, 0]);
  const other = (await activity()).egress.find((it) => it.address === "203.0.113.9");
  assert.deepEqual([other?.counted, other?.uncounted], [undefined, 1]);
  const { items } = await processes("filter=pid:90");
  const [scp] = named(items, "scp");
  assert.deepEqual([scp?.sent, scp?.sentCount], [[{ ...to, atMost: 600, counted: 500 }], 1]);
});

test("what lies on a disk that leaves is told once the host's mounts were asked for", async () => {
  const order = { verb: "collect", lists: ["mounts"] };
  const { id } = (await visitor.post(`/api/hosts/${host}/orders`, { order, reason: "where did it go?" })).body;
  const rows = [
    { point: "/", device: "8:1", root: "/", type: "ext4" },
    { point: "/media/usb", device: "8:17", root: "/", type: "vfat" },
    { point: "/data", device: "0:40", root: "/", type: "nfs4" },
  ];
  const facts = { at: Date.now(), lists: [{ list: "mounts" as const, rows, notSeen: [] }] };
  await report({ results: [{ id, state: "done", facts }] });
  const { carried, mounts } = await activity();
  assert.deepEqual(
    mounts?.rows.map((it) => it.path),
    ["/media/usb", "/data"],
  );
  assert.deepEqual(
    carried.map((it) => [it.path, it.did, it.onto]),
    [["/media/usb/a.tgz", "write", "vfat"]],
  );
});

test("what was written to a disk that leaves is bytes out of its host, each file once, and its file is told so", async () => {
  const onto = { mount: "/media/stick", kind: "removable", type: "exfat", source: "/dev/sdc1" } as const;
  const write = (at: number, pid: number, name: string, bytes: number) => {
    const file = { path: `/media/stick/${name}`, bytes, madeFrom: "/srv/acme/w" };
    return line(at, pid, "split", { what: "write", file, atMost: bytes, onto: { ...onto, path: file.path } });
  };
  await report({ lines: [write(30, 95, "a", 100), write(31, 95, "a", 500), write(32, 96, "b", 250)] });
  const rows = async () => (await activity()).egress.filter((it) => it.onto !== undefined);
  const [row, ...more] = await eventually(rows, ([it]) => it?.atMost === 750);
  assert.deepEqual([row?.onto, row?.address, row?.port, row?.model], [onto, "/dev/sdc1", undefined, "acme"]);
  assert.deepEqual([row?.counted, row?.processes, row?.modelBytes, more.length], [750, 2, 1000, 0]);
  assert.ok((await activity()).carried.some((it) => it.path === "/media/stick/b" && it.onto === "exfat /dev/sdc1"));
  const [split] = named((await processes("filter=pid:96")).items, "split");
  assert.equal(split?.files[0]?.onto, "exfat /dev/sdc1");
});

test("a lead sets how often a host is scanned, and takes it back", async () => {
  const scans = async () => hostScans.parse((await visitor.get("/api/scans/gpu-1")).body);
  assert.deepEqual([(await scans()).runs, (await scans()).schedule], [[], undefined]);
  const set = (everyHours: number) =>
    visitor.post(`/api/hosts/${host}/schedule`, { everyHours, reason: "weights come and go" });
  assert.equal((await set(24)).body.schedule.everyHours, 24);
  assert.equal((await scans()).schedule?.everyHours, 24);
  assert.equal((await set(-1)).status, 400);
  await set(0);
  assert.equal((await scans()).schedule, undefined);
});
