/** Load for tests: clients that ask one after the other, each on a connection of its own, and remember what came of it. */
import { Agent, request } from "node:http";

/** One request as its client saw it. Times in ms since 1970. */
export interface Asked {
  readonly from: number;
  readonly to: number;
  /** 0: the connection broke. */
  readonly status: number;
}

interface Loop {
  readonly asked: Asked[];
  stop(): Promise<void>;
}

/** So many clients. A connection that was closed while idle is made anew, as every client's library does. */
export function loop(url: string, path: string, key: string, body: string, clients: number): Loop {
  const asked: Asked[] = [];
  const over = new AbortController();
  const running = Array.from({ length: clients }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!over.signal.aborted) {
      const from = Date.now();
      const status = await once(agent, url + path, key, body);
      asked.push({ from, to: Date.now(), status });
    }
    agent.destroy();
  });
  return {
    asked,
    async stop() {
      over.abort();
      await Promise.all(running);
    },
  };
}

export function once(agent: Agent, url: string, key: string, body: string): Promise<number> {
  return new Promise((done) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const req = request(url, { method: "POST", agent, headers }, (res) => {
      res.on("error", () => done(0));
      res.on("end", () => done(res.complete ? (res.statusCode ?? 0) : 0));
      res.resume();
    });
    req.on("error", () => {
      // The peer closed the connection before it read anything of the request.
      if (req.reusedSocket) once(agent, url, key, body).then(done, () => done(0));
      else done(0);
    });
    req.end(body);
  });
}
