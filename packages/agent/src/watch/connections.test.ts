import assert from "node:assert/strict";
import { test } from "node:test";
import { peersOf, socketsIn, unixSocketsIn } from "./connections.ts";

const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const row = (local: string, remote: string, state: string, inode: number) =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000 20 4 30 10 -1`;

const table = [
  head,
  row("00000000:1F90", "00000000:0000", "0A", 1), // listens on 8080
  row("0A000002:1F90", "057100CB:C000", "01", 2), // its client at 203.0.113.5
  row("0A000002:D431", "097100CB:01BB", "01", 3), // ours to 203.0.113.9:443
  row("0A000002:D432", "0A7100CB:0016", "02", 4), // opening to 203.0.113.10:22
  row("0100007F:D433", "0100007F:1F90", "01", 5), // stays on this host
].join("\n");

test("clients' connections are not sends, ours are, also while they open", () => {
  const peers = peersOf([table], new Set(["1", "2", "3", "4", "5"]));
  assert.deepEqual(peers, [
    { address: "203.0.113.9", port: 443 },
    { address: "203.0.113.10", port: 22 },
  ]);
});

test("sockets of other processes are not looked at", () => {
  assert.deepEqual(peersOf([table], new Set(["9"])), []);
});

test("a socket that listens or is connected is settled, whoever began it; one that is being connected is not yet", () => {
  assert.deepEqual(socketsIn([table], new Set(["1", "2", "3", "4"])).settled, ["1", "2", "3"]);
});

test("a Unix socket's path passes for no other socket", () => {
  const unix = [
    "Num       RefCount Protocol Flags    Type St Inode Path",
    "0000000000000000: 00000002 00000000 00010000 0001 01   777 /run/x 3 4",
    "0000000000000000: 00000003 00000000 00000000 0001 03 88888",
  ].join("\n");
  assert.deepEqual(unixSocketsIn(unix), ["777", "88888"]);
});
