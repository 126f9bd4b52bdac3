import type { Server } from "node:http";
import { drainMs, silentMs } from "../limits.ts";
import type { Surroundings } from "./surroundings.ts";

/** What a short turn of the event loop takes, and how long one is waited for, in ms. */
const shortTurnMs = 0.5;
const quietMs = 1_000;

/**
 * Stops listening, and gives running exchanges their time; a connection that came just before and has not asked yet gets a moment, so that
 * its request is not broken.
 */
export async function drain(front: Server | undefined, around: Surroundings): Promise<void> {
  if (!front) return;
  const closed = closeServer(front);
  const from = Date.now();
  for (;;) {
    await new Promise((done) => setTimeout(done, 20));
    front.closeIdleConnections();
    const waited = Date.now() - from;
    if (waited > drainMs || (around.running === 0 && (waited > silentMs || (await connectionsOf(front)) === 0))) break;
  }
  front.closeAllConnections();
  await closed;
}

/** Stops listening at a moment when nobody waits at the door, then lets idle connections go. */
export async function closeServer(server: Server | undefined): Promise<void> {
  if (!server?.listening) return;
  await quiet(server);
  const closed = new Promise<void>((done) => server.close(() => done()));
  server.closeIdleConnections();
  return closed;
}

/**
 * Until a turn of the event loop was short and no connection came in it: the kernel breaks those that wait to be accepted when their
 * listener is closed. What comes within the rest of such a turn is still broken, unless `net.ipv4.tcp_migrate_req` is 1.
 */
async function quiet(server: Server): Promise<void> {
  const until = Date.now() + quietMs;
  let came = 0;
  const count = () => void came++;
  server.on("connection", count);
  for (let calm = false; !calm && Date.now() < until;) {
    const before = came;
    const from = performance.now();
    await new Promise((done) => setImmediate(done));
    calm = came === before && performance.now() - from < shortTurnMs;
  }
  server.off("connection", count);
}

function connectionsOf(server: Server): Promise<number> {
  return new Promise((done) => server.getConnections((error, count) => done(error ? 0 : count)));
}
