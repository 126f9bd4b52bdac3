// Ports for engines that a test starts, and starts again where they were.
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Below those that systems give out by themselves (`net.ipv4.ip_local_port_range`): no connection of another test takes it meanwhile. */
const [lowest, beyond] = [20_000, 32_000];

/** A port of loopback where nobody listens. */
export async function aPort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, beyond);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((found) => {
    const server = createServer();
    server.once("error", () => found(false));
    server.listen(port, "127.0.0.1", () => server.close(() => found(true)));
  });
}
