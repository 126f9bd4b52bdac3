/** A mock model server for tests: answers as it is told, and remembers what reached it, byte for byte. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

interface Reached {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly string[];
  readonly body: string;
}

export interface MockUpstream {
  readonly url: string;
  readonly reached: Reached[];
  close(): Promise<void>;
}

export type Answer = (req: IncomingMessage, res: ServerResponse, body: string) => void;

export async function mockUpstream(answer: Answer): Promise<MockUpstream> {
  const reached: Reached[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (it: Buffer) => chunks.push(it));
    req.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      reached.push({ method: req.method ?? "", url: req.url ?? "", headers: req.rawHeaders, body });
      answer(req, res, body);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    reached,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** Answers any request with one JSON document. */
export function saying(value: unknown): Answer {
  return (_, res) => {
    const body = JSON.stringify(value);
    res.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    res.end(body);
  };
}
