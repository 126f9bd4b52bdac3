// Connections to our own engine alone. Any local user may stop its listener and take the port: they must not be sent our
// password and every event. Linux tells which process holds a socket; elsewhere it cannot be told, and nothing is checked.
import { Agent, type AgentOptions, type ClientRequestArgs } from "node:http";
import { readdir, readFile, readlink } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Duplex } from "node:stream";

/** How long the engine may take to accept a connection, in ms: before, nobody holds the other end. */
const acceptedWithinMs = 10_000;

/** proc_pid_net(5): states of a socket. */
const established = "01";
const listening = "0A";

/** Whether it is this process that listens on a port of 127.0.0.1. */
export async function isListener(pid: number, port: number): Promise<boolean> {
  if (process.platform !== "linux") return true;
  const found = (await sockets()).find((it) => it.local === loopback(port) && it.state === listening);
  return found !== undefined && (await holds(pid, found.inode));
}

/** An HTTP agent whose connections are given out only once this process holds their other end. Not a byte is sent before. */
export class OwnAgent extends Agent {
  readonly #pid: number;

  constructor(pid: number, options: AgentOptions) {
    super(options);
    this.#pid = pid;
  }

  override createConnection(
    { host, port }: ClientRequestArgs,
    given: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    const socket = connect({ host: host ?? "127.0.0.1", port: Number(port) });
    const failed = (error: Error) => {
      socket.destroy();
      given(error, socket);
    };
    socket.once("error", failed);
    socket.once("connect", () => {
      const done = () => {
        socket.off("error", failed);
        given(null, socket);
      };
      checkPeer(this.#pid, socket).then(done, failed);
    });
  }
}

async function checkPeer(pid: number, socket: Socket): Promise<void> {
  if (process.platform !== "linux") return;
  const [here, there] = [loopback(socket.localPort ?? 0), loopback(socket.remotePort ?? 0)];
  for (const began = Date.now(); Date.now() - began < acceptedWithinMs; await sleep(5)) {
    const peer = (await sockets()).find(
      (it) => it.local === there && it.remote === here && it.state === established && it.inode !== "0",
    );
    if (!peer) continue;
    if (await holds(pid, peer.inode)) return;
    throw new Error("the event engine's port is held by another process");
  }
  throw new Error("the event engine did not accept a connection");
}

/** proc_pid_net(5): per line a number, local and remote address, state, …, the tenth field is the inode. */
async function sockets() {
  const lines = (await readFile("/proc/net/tcp", "utf8")).split("\n");
  return lines.map((line) => {
    const [, local = "", remote = "", state = "", , , , , , inode = "0"] = line.trim().split(/\s+/);
    return { local, remote, state, inode };
  });
}

/** 127.0.0.1 as the kernel writes it on the little-endian machines that the engine exists for. */
function loopback(port: number): string {
  return `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
}

async function holds(pid: number, inode: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const open = await readdir(folder).catch(() => []);
  const links = await Promise.all(open.map((it) => readlink(`${folder}/${it}`).catch(() => "")));
  return links.includes(`socket:[${inode}]`);
}
