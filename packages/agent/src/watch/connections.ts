import { addressOf } from "../scan/sockets.ts";
import type { Peer } from "./story.ts";

/** One row of the kernel's tables of sockets. */
interface Row {
  readonly localPort: number;
  readonly peer: Peer;
  readonly state: string;
  readonly inode: string;
}

/** States of `/proc/net/tcp`: established and being established; listening. UDP shows connected sockets as established. */
const [established, opening, listening] = ["01", "02", "0A"];

/**
 * To whom the sockets with these inodes are connected as clients: a connection to a port that this host listens on is a client's
 * of ours, and one to a loopback address stays here. Source: proc_pid_net(5).
 *
 * Blind spot: bytes that leave as the answer to a connection from outside; UDP without a connection; Unix sockets and vsock.
 */
export function peersOf(tables: readonly string[], inodes: ReadonlySet<string>): Peer[] {
  const rows = tables.flatMap(rowsOf);
  const served = new Set(rows.filter((it) => it.state === listening).map((it) => it.localPort));
  return rows
    .filter((it) => inodes.has(it.inode) && (it.state === established || it.state === opening))
    .filter((it) => !served.has(it.localPort) && it.peer.port !== 0 && !staysHere(it.peer.address))
    .map((it) => it.peer);
}

function staysHere(address: string): boolean {
  return address === "::1" || address === "::" || address === "0.0.0.0" || address.startsWith("127.");
}

function rowsOf(table: string): Row[] {
  return table.split("\n").flatMap((line) => {
    const [, local = "", remote = "", state = "", , , , , , inode = ""] = line.trim().split(/\s+/);
    const [, localPort = ""] = local.split(":");
    const [address = "", port = ""] = remote.split(":");
    if (!/^(?:[0-9A-F]{8}){1,4}$/.test(address) || !/^[0-9A-F]{4}$/.test(port)) return [];
    const peer = { address: addressOf(address), port: Number.parseInt(port, 16) };
    return [{ localPort: Number.parseInt(localPort, 16), peer, state, inode }];
  });
}
