import type { Server } from "node:http";
import { drainMs } from "../limits.ts";
import type { Surroundings } from "./surroundings.ts";

/** Stops listening, and gives running exchanges their time. */
export async function drain(front: Server | undefined, around: Surroundings): Promise<void> {
  if (!front) return;
  const closed = closeServer(front);
  front.closeIdleConnections();
  const until = Date.now() + drainMs;
  while (around.running > 0 && Date.now() < until) await new Promise((done) => setTimeout(done, 20));
  front.closeAllConnections();
  await closed;
}

export function closeServer(server: Server | undefined): Promise<void> {
  if (!server) return Promise.resolve();
  return new Promise((done) => {
    server.close(() => done());
    server.closeIdleConnections();
  });
}
