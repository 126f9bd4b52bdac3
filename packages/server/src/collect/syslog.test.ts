// Syslog over real sockets, from Node and from a program of others.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { connect as connectTls } from "node:tls";
import { syslogEntry, type SyslogEntry } from "@outweigh/schema";
import type { z } from "zod";
import { aCertificate, noOpenssl } from "../testing/a-certificate.ts";
import { aFolder, eventually } from "../testing/a-server.ts";
import type { Intake } from "./collector.ts";
import { maxConnectionsPerSender } from "./limits.ts";
import { SyslogCollector } from "./syslog.ts";

interface Heard {
  readonly collector: SyslogCollector;
  /** Port of each way: `tcp`, `udp`, `tls`. */
  port(how: string): number;
  readonly records: string[];
  readonly rejects: string[];
  /** On which way each write came. */
  readonly ways: string[];
  /** Whether the disk takes anything. */
  full: boolean;
  until(count: number): Promise<string[]>;
}

async function listening(t: TestContext, entry: z.input<typeof syslogEntry>): Promise<Heard> {
  const collector = new SyslogCollector("edge", syslogEntry.parse(entry) as SyslogEntry);
  const heard: Heard = {
    collector,
    records: [],
    rejects: [],
    ways: [],
    full: false,
    port: (how) => Number(new RegExp(`${how} \\S+:(\\d+)`).exec(collector.health().at)?.[1]),
    until: async (count) => {
      await eventually(
        async () => heard.records.length + heard.rejects.length,
        (now) => now >= count,
      );
      return heard.records;
    },
  };
  const intake: Intake = {
    deliver: async (body, way) => {
      heard.ways.push(way);
      heard.records.push(...body.toString().split("\n"));
    },
    told: async () => undefined,
    refuse: ({ reason }) => void heard.rejects.push(reason),
    isFull: () => heard.full,
    changed: () => undefined,
    warn: () => undefined,
    now: () => Date.now(),
  };
  await collector.start(intake);
  t.after(() => collector.stop());
  return heard;
}

const shed = (it: Heard) => Object.fromEntries(it.collector.health().shed.map(({ reason, count }) => [reason, count]));

async function send(port: number, text: string, host = "127.0.0.1"): Promise<void> {
  const socket = connect(port, host);
  await once(socket, "connect");
  socket.end(text);
  await once(socket, "close");
}

const hasLogger = spawnSync("logger", ["--version"]).status === 0;

test(
  "logger's messages arrive by TCP and UDP, in both forms and framings",
  { skip: hasLogger ? false : "logger is not here" },
  async (t) => {
    const it = await listening(t, { tcp: 0, udp: 0 });
    const say = (how: string, ...more: string[]) =>
      execFileSync("logger", ["-n", "127.0.0.1", how, "-P", String(it.port(how === "-T" ? "tcp" : "udp")), ...more]);
    say("-T", "--rfc5424", "one");
    say("-T", "--rfc5424", "--octet-count", "two");
    say("-T", "--rfc3164", "-t", "nginx", "three");
    say("-d", "--rfc5424", "--sd-id", "a@1", "--sd-param", 'b="c"', "four");
    say("-d", "--rfc3164", "five");
    assert.deepEqual((await it.until(5)).sort(), ["five", "four", "one", "three", "two"]);
    assert.deepEqual(it.rejects, []);
  },
);

test("what is no message is refused with its reason, and costs the others nothing", async (t) => {
  const it = await listening(t, { tcp: 0 });
  await send(it.port("tcp"), `GET / HTTP/1.1\r\n<13>good\n${70_000} ${"x".repeat(70_000)}<13>better\n99 <13>cut`);
  await it.until(5);
  assert.deepEqual(it.records, ["good", "better"]);
  assert.equal(it.rejects.length, 3);
  assert.match(it.rejects.join("\n"), /127\.0\.0\.1: no syslog message.*\n.*70000 bytes.*\n.*inside a message/);
});

test("only senders of the named networks are heard, and one has so many connections", async (t) => {
  const it = await listening(t, { tcp: 0, udp: 0, from: ["127.0.0.2/31", "127.0.0.9"] });
  await send(it.port("tcp"), "<13>no\n").catch(() => undefined);
  const socket = createSocket("udp4");
  await new Promise<void>((done) => socket.send("<13>no", it.port("udp"), "127.0.0.1", () => done()));
  socket.close();
  const reason = "from an address that is not allowed";
  assert.equal(
    (await eventually(
      async () => shed(it)[reason],
      (now) => now === 2,
    )) ?? 0,
    2,
  );

  const sockets: Socket[] = [];
  t.after(() => sockets.forEach((each) => each.destroy()));
  for (let i = 0; i <= maxConnectionsPerSender; i++) {
    const each = connect({ port: it.port("tcp"), host: "127.0.0.1", localAddress: "127.0.0.9" });
    each.on("error", () => undefined);
    await once(each, "connect");
    sockets.push(each);
  }
  sockets[0]?.write("<13>yes\n");
  assert.deepEqual(await it.until(1), ["yes"]);
  assert.equal(
    await eventually(
      async () => shed(it)["too many connections"],
      (now) => now === 1,
    ),
    1,
  );
});

test("a sender by TCP waits while the disk is busy and loses nothing; what is sent by UDP meanwhile is counted", async (t) => {
  const it = await listening(t, { tcp: 0, udp: 0 });
  it.full = true;
  const line = `<13>${"x".repeat(8000)}\n`;
  const socket = connect(it.port("tcp"), "127.0.0.1");
  await once(socket, "connect");
  for (let i = 0; i < 3000; i++) socket.write(line);
  socket.end();
  const datagrams = createSocket("udp4");
  t.after(() => datagrams.close());
  const busy = async () => {
    datagrams.send("<13>lost", it.port("udp"), "127.0.0.1");
    return shed(it)["while too much waited to be read"] ?? 0;
  };
  assert.ok((await eventually(busy, (now) => now > 0)) > 0);
  it.full = false;
  const whole = async () => it.records.filter((each) => each !== "lost").length;
  assert.equal(await eventually(whole, (now) => now >= 3000), 3000);
});

test(
  "over TLS only who shows a certificate of the named authority is heard",
  { skip: noOpenssl ?? false },
  async (t) => {
    const folder = aFolder("syslog");
    t.after(() => folder.remove());
    const server = aCertificate(folder.path, "server");
    const client = aCertificate(folder.path, "client");
    const it = await listening(t, { tls: { port: 0, ...server, clientCa: client.cert } });
    const trust = { port: it.port("tls"), host: "127.0.0.1", ca: readFileSync(server.cert) };
    const stranger = connectTls(trust, () => stranger.write("<13>stranger\n"));
    stranger.on("error", () => undefined);
    const known = connectTls({ ...trust, key: readFileSync(client.key), cert: readFileSync(client.cert) }, () =>
      known.end("<13>known\n"),
    );
    assert.deepEqual(await it.until(1), ["known"]);
    assert.deepEqual(it.ways, ["client-certificate"]);
    assert.equal(
      await eventually(
        async () => shed(it)["no TLS handshake"],
        (now) => now === 1,
      ),
      1,
    );
    await send(it.port("tls"), "<13>plain\n").catch(() => undefined);
    assert.equal(
      await eventually(
        async () => shed(it)["no TLS handshake"],
        (now) => now === 2,
      ),
      2,
    );
    assert.deepEqual(it.records, ["known"]);
  },
);

test(
  "what came on two ways at once is written apart; TLS without a client's certificate is no better than plain",
  { skip: noOpenssl ?? false },
  async (t) => {
    const folder = aFolder("syslog");
    t.after(() => folder.remove());
    const server = aCertificate(folder.path, "server");
    const it = await listening(t, { tcp: 0, tls: { port: 0, ...server } });
    it.full = true;
    const client = connectTls({ port: it.port("tls"), host: "127.0.0.1", ca: readFileSync(server.cert) }, () =>
      client.end("<13>by tls\n"),
    );
    await once(client, "close");
    await send(it.port("tcp"), "<13>by tcp\n");
    it.full = false;
    assert.deepEqual([...(await it.until(2))].sort(), ["by tcp", "by tls"]);
    assert.deepEqual([...it.ways].sort(), ["tcp", "tls"]);
  },
);

test("a port that is taken, and a file that is not there, are said at the start", async (t) => {
  const it = await listening(t, { tcp: 0 });
  for (const [entry, why] of [
    [{ tcp: it.port("tcp") }, /tcp 127\.0\.0\.1:\d+: another program listens there/],
    [{ tls: { port: 0, cert: "/nowhere/a.crt", key: "/nowhere/a.key" } }, /\/nowhere\/a\.crt cannot be read/],
  ] as const) {
    await assert.rejects(listening(t, entry), (error) => {
      assert.ok(error instanceof Error && "code" in error && error.code === "SOURCE_REFUSED");
      assert.match(error.message, why);
      return true;
    });
  }
});

test("an address that others reach needs the networks that are heard", () => {
  assert.equal(syslogEntry.safeParse({ tcp: 0, address: "0.0.0.0" }).success, false);
  assert.equal(syslogEntry.safeParse({ tcp: 0, address: "0.0.0.0", from: ["10.0.0.0/8"] }).success, true);
  assert.equal(syslogEntry.safeParse({}).success, false);
});
