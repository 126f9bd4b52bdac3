// What a start of several processes ends in when one of them cannot begin: a coded error, in a named time, and none left behind.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gatewaySection } from "@outweigh/schema";
import { GatewayError } from "../error.ts";
import { ringMemory, RingWriter } from "../tap/ring.ts";
import { Tap } from "../tap/tap.ts";
import { Crew } from "./crew.ts";

const skip = process.platform === "linux" ? false : "one port for several processes is dealt out on Linux";

const upstream = { name: "m", protocol: "openai", url: "http://127.0.0.1:9" };

function aCrew(t: TestContext, { section = {}, preload = "", beginMs = 60_000 }) {
  const dataDir = mkdtempSync(join(tmpdir(), "outweigh-crew-"));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const ring = new RingWriter(ringMemory(1 << 20));
  const gone: string[] = [];
  const crew = new Crew({
    processes: 2,
    beginMs,
    // What a process does before its own first line.
    environment: {
      ...process.env,
      NODE_OPTIONS: preload && `--import=data:text/javascript,${encodeURIComponent(preload)}`,
    },
    intake: { ring, tap: new Tap(ring, () => undefined), slotOf: () => undefined },
    makeStart: () => ({
      section: gatewaySection.parse({ port: 0, data: dataDir, processes: 2, upstreams: [upstream], ...section }),
      epoch: 1,
      dataDir,
      isBlind: false,
    }),
    lender: () => ({ forget: () => undefined }) as never,
    denied: () => undefined,
    counted: () => undefined,
    dropped: () => undefined,
    sent: () => undefined,
    gone: (why) => gone.push(why),
    back: () => undefined,
    say: () => undefined,
  });
  /** The error that a start ends in. */
  const failed = async (port = 0) => {
    const error = await crew.start(port).then(
      () => assert.fail("it started"),
      (it: unknown) => it,
    );
    assert.ok(error instanceof GatewayError, String(error));
    assert.deepEqual([crew.pids, gone], [[], []], "none is left, and none is started again");
    return `${error.code} ${error.message}`;
  };
  return { crew, failed };
}

test("a process that dies before it listens ends the start, with its last words", { skip }, async (t) => {
  const { failed } = aCrew(t, { preload: "console.error('no such\\u001b[31m library'); process.exit(7)" });
  assert.match(
    await failed(),
    /^BAD_STATE a process ended before it listened \(code 7\); it said last: no such \[31m library/,
  );
});

test("one that is killed, and says nothing, too", { skip }, async (t) => {
  const { failed } = aCrew(t, { preload: "process.kill(process.pid, 'SIGKILL')" });
  assert.match(await failed(), /^BAD_STATE .*\(SIGKILL\); it said nothing/);
});

test("one that hangs is ended when its time is over", { skip }, async (t) => {
  const { failed } = aCrew(t, { preload: "console.error('hm'); for (;;) ;", beginMs: 3_000 });
  assert.match(await failed(), /^BAD_STATE a process does not listen after 3 s/);
});

test(
  "a port that somebody else has, and what a process refuses of the configuration, are said",
  { skip },
  async (t) => {
    const other = createServer().listen(0, "127.0.0.1");
    t.after(() => other.close());
    await new Promise((ready) => other.once("listening", ready));
    const { port } = other.address() as AddressInfo;
    assert.match(await aCrew(t, {}).failed(port), /^BAD_CONFIG .*EADDRINUSE/);
    const tls = { cert: "/nowhere/cert.pem", key: "/nowhere/key.pem" };
    assert.match(await aCrew(t, { section: { tls } }).failed(), /^BAD_CONFIG .*ENOENT.*nowhere/);
  },
);
