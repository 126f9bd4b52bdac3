import { addressOf } from "../scan/sockets.ts";
import { connectionOf, type Connection } from "./socket-bytes.ts";
import type { Peer } from "./story.ts";

/** One row of the kernel's tables of sockets. */
interface Row {
  readonly localPort: number;
  readonly peer: Peer;
  /** Both ends as the kernel writes them, of TCP. */
  readonly ends?: readonly [string, string];
  readonly state: string;
  readonly inode: string;
}

/** States of `/proc/net/tcp`: established and being established; listening. UDP shows connected sockets as established. */
const [established, opening, listening] = ["01", "02", "0A"];

/** What tables of sockets say of some of them. */
interface SeenSockets {
  readonly peers: readonly (Peer & { readonly connection?: Connection | undefined })[];
  /** Sockets that have come to what they are: they listen, or are connected, whoever began it. */
  readonly settled: readonly string[];
}

/**
 * To whom the sockets with these inodes are connected as clients: a connection to a port that this host listens on is a client's
 * of ours, and one to a loopback address stays here. Source: proc_pid_net(5).
 *
 * Blind spot: bytes that leave as the answer to a connection from outside; UDP without a connection; Unix sockets and vsock.
 */
export function peersOf(tables: readonly string[], inodes: ReadonlySet<string>): readonly Peer[] {
  return socketsIn(tables, inodes).peers.map(({ address, port }) => ({ address, port }));
}

/** The same with what names each connection, and which sockets have settled. Of UDP there is nothing to count. */
export function socketsIn(
  tcp: readonly string[],
  inodes: ReadonlySet<string>,
  udp: readonly string[] = [],
): SeenSockets {
  const rows = [...tcp.flatMap((it) => rowsOf(it, true)), ...udp.flatMap((it) => rowsOf(it, false))];
  const served = new Set(rows.filter((it) => it.state === listening).map((it) => it.localPort));
  const own = rows.filter((it) => inodes.has(it.inode));
  return {
    peers: own
      .filter((it) => it.state === established || it.state === opening)
      .filter((it) => !served.has(it.localPort) && it.peer.port !== 0 && !staysHere(it.peer.address))
      .map(({ peer, ends }) => ({ ...peer, connection: ends && connectionOf(...ends) })),
    settled: own.filter((it) => it.state === established || it.state === listening).map((it) => it.inode),
  };
}

/** The inodes in the text of `/proc/net/unix`. What follows in a line is a path, which may look like anything. */
export function unixSocketsIn(table: string): string[] {
  const inodes = table.split("\n").map((line) => line.trim().split(/\s+/, 7)[6] ?? "");
  return inodes.filter((it) => /^\d+$/.test(it));
}

function staysHere(address: string): boolean {
  return address === "::1" || address === "::" || address === "0.0.0.0" || address.startsWith("127.");
}

function rowsOf(table: string, isTcp: boolean): Row[] {
  return table.split("\n").flatMap((line) => {
    const [, local = "", remote = "", state = "", , , , , , inode = ""] = line.trim().split(/\s+/);
    const [, localPort = ""] = local.split(":");
    const [address = "", port = ""] = remote.split(":");
    if (!/^(?:[0-9A-F]{8}){1,4}$/.test(address) || !/^[0-9A-F]{4}$/.test(port)) return [];
    const peer = { address: addressOf(address), port: Number.parseInt(port, 16) };
    const ends = isTcp ? { ends: [local, remote] as const } : {};
    return [{ localPort: Number.parseInt(localPort, 16), peer, state, inode, ...ends }];
  });
}
