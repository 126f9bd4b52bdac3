import type { Socket } from "node:net";

/** Requests up to this many bytes are put together: Node copies texts of this length on the stack. */
const maxTogetherBytes = 12 * 1024;

/**
 * Lets a socket send what is written between `cork` and `uncork`, a head and its body, as one Latin-1 text, byte for byte the same: one
 * plain write costs the kernel and Node less than a gathered one. Longer bodies go as they would.
 */
export function inOneWrite(socket: Socket): Socket {
  const { cork, uncork, write } = socket;
  let held: (string | Buffer)[] | undefined;
  socket.cork = () => {
    held = [];
  };
  socket.write = ((chunk: string | Uint8Array, ...rest: []): boolean => {
    if (!held || rest.length > 1 || !(typeof chunk === "string" || Buffer.isBuffer(chunk)))
      return write.call(socket, chunk, ...rest);
    held.push(chunk);
    return true;
  }) as Socket["write"];
  socket.uncork = () => {
    const parts = held ?? [];
    held = undefined;
    const length = parts.reduce((sum, it) => sum + it.length, 0);
    if (parts.length > 1 && length <= maxTogetherBytes) {
      write.call(socket, parts.map((it) => (typeof it === "string" ? it : it.toString("latin1"))).join(""), "latin1");
      return;
    }
    cork.call(socket);
    for (const it of parts) {
      if (typeof it === "string") write.call(socket, it, "latin1");
      else write.call(socket, it);
    }
    uncork.call(socket);
  };
  return socket;
}
