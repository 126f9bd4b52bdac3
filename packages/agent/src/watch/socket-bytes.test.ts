import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { aFolder } from "../testing/a-disk.ts";
import { buildHelper } from "./fanotify.ts";
import { connectionOf, countedIn, SocketBytes, type Counted } from "./socket-bytes.ts";

const skip = process.platform === "linux" && existsSync("/usr/bin/cc") ? false : "needs Linux and a C compiler";

/** The ends of the socket with this port here, as the kernel writes them. */
function endsOf(port: number): [string, string] {
  const local = port.toString(16).toUpperCase().padStart(4, "0");
  const row = readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((it) => it.trim().split(/\s+/))
    .find((it) => it[1]?.endsWith(`:${local}`) && it[3] !== "0A");
  assert.ok(row?.[1] !== undefined && row[2] !== undefined);
  return [row[1], row[2]];
}

test("the bytes of a connection are counted to the last, also when it ends at once after them", { skip }, async (t) => {
  const helper = join(aFolder(t), "helper");
  assert.equal(await buildHelper(helper), undefined);
  const seen: Counted[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const sockets = new SocketBytes({
    path: helper,
    see: (it) => {
      seen.push(it);
      if (it.how !== "lasts") resolve();
    },
    problem: (it) => assert.fail(it),
  });
  const server = createServer((it) => it.resume()).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    sockets.stop();
    server.close();
  });
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await once(client, "connect");
  const connection = connectionOf(...endsOf(client.localPort ?? 0));
  assert.ok(connection !== undefined);
  assert.equal(sockets.follow(connection), true);
  assert.equal(sockets.follow(connection), false, "it is followed already");
  client.end(Buffer.alloc(1_234_567));
  await promise;
  assert.deepEqual(seen.at(-1), { connection, bytes: 1_234_567, how: "over" });
  assert.equal(sockets.follow(connection), true, "the same ends may belong to another connection by now");
});

test("when the helper fails, that is said, and no connection is left waiting", { skip }, async () => {
  const seen: Counted[] = [];
  const { promise, resolve } = Promise.withResolvers<string>();
  const sockets = new SocketBytes({ path: "/nonexistent", see: (it) => void seen.push(it), problem: resolve });
  const connection = connectionOf("0100007F:1F90", "0100007F:1F91") ?? "";
  sockets.follow(connection);
  assert.match(await promise, /not counted any more/);
  assert.equal(sockets.follow(connection), false);
  assert.deepEqual(seen, [{ connection, bytes: 0, how: "gone" }]);
});

test("a connection is named by its ends in the order of the network, with the kernel's numbers of the machine", () => {
  assert.equal(
    connectionOf("0A000002:D431", "057100CB:01BB"),
    `02000000${"d431"}${"01bb"}${"0200000a"}${"0".repeat(24)}${"cb007105"}${"0".repeat(24)}`,
  );
  assert.equal(connectionOf("0A000002:D431", "00:01BB"), undefined);
  assert.equal(connectionOf("0A000002:D431", "zz7100CB:01BB"), undefined);
  assert.match(
    connectionOf(`${"0".repeat(24)}01000000:0016`, `${"0".repeat(24)}01000000:01BB`) ?? "",
    /^0a000000001601bb/,
  );
});

test("any bytes of a helper are whole records and a rest; a count is never more than a number holds", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const { counted, rest } = countedIn(Buffer.from(bytes));
      assert.equal(rest.length, bytes.length % 56);
      assert.ok(counted.every((it) => Number.isSafeInteger(it.bytes)));
    }),
  );
});
