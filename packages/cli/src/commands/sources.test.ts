// Sources by the command line: as declared while no server runs, as they fare while one does.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessLine, aFolder, aServer, eventually } from "../../../server/src/testing/a-server.ts";
import { run as inProcess } from "../testing/run.ts";

const folder = aFolder("sources-command");
const file = join(folder.path, "outweigh.yml");
const data = join(folder.path, "data");
let server: Awaited<ReturnType<typeof aServer>>;
before(async () => {
  writeFileSync(
    file,
    [
      "sources:",
      "  - { name: edge, kind: http-access, syslog: { tcp: 0 } }",
      "  - { name: trail, kind: cloudtrail, s3: { bucket: acme-logs, prefix: AWSLogs/ } }",
    ].join("\n"),
  );
  server = await aServer(data, {
    sources: [
      { name: "edge", kind: "http-access", syslog: { tcp: 0 } },
      { name: "web", kind: "http-access" },
    ],
  });
});
after(async () => {
  await server.close();
  folder.remove();
});

const run = (...args: readonly string[]) => inProcess("sources", "--config", file, ...args);

test("while no server runs, it tells what the configuration declares and what that cannot show", async () => {
  const { code, stdout } = await run("--data", join(folder.path, "nowhere"));
  assert.equal(code, 0);
  assert.match(stdout, /^No server runs in .*npx outweigh up starts one/);
  assert.match(stdout, /\nedge +http-access +syslog tcp 127\.0\.0\.1:0\n/);
  assert.match(stdout, /\ntrail +cloudtrail +s3:\/\/acme-logs\/AWSLogs\/\n +cannot see: /);
});

test("of a running server it tells volume, delay, rejects with a reason, and how collecting goes", async () => {
  const ask = async () => JSON.parse((await run("--data", data, "--json")).stdout);
  const edge = (it: { sources: { name: string }[] }) => Object(it.sources.find(({ name }) => name === "edge"));
  const { at } = edge(await ask()).collector;
  const socket = connect(Number(/:(\d+)$/.exec(at)?.[1]), "127.0.0.1");
  socket.end(`<13>${accessLine("a.safetensors", { at: Date.now() - 600_000 })}\nnothing\n`);
  await eventually(ask, (it) => edge(it).events === 1 && edge(it).rejects === 1);
  const { code, stdout } = await run("--data", data);
  assert.equal(code, 0);
  assert.match(stdout, /edge +http-access +sending · last seen 20.*, 10 min late · 1 event in 24 h of 1 event\n/);
  assert.match(stdout, /tcp 127\.0\.0\.1:\d+: 1 message since the start\n/);
  assert.match(stdout, /1 reject, the last: syslog from 127\.0\.0\.1: no syslog message/);
  assert.match(stdout, /cannot see: /);
  const [, afterWeb] = stdout.split("\nweb ");
  assert.match(afterWeb ?? "", /^.*\n {3}cannot see what the other http-access above cannot$/m, "once for each kind");
});
