// A mail server as far as RFC 5321 goes for one message: greets, takes or refuses, and keeps what it took.
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

export interface MailServer {
  readonly port: number;
  /** Whole messages, headers and all. */
  readonly taken: string[];
  /** Addresses that it knows nobody at. */
  readonly unknown: Set<string>;
  /** Takes the next message, and hangs up before saying so. */
  loseNext(): void;
  close(): Promise<void>;
}

export async function aMailServer(): Promise<MailServer> {
  const taken: string[] = [];
  const unknown = new Set<string>();
  let isLost = false;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket)).on("error", () => undefined);
    const say = (line: string) => socket.write(`${line}\r\n`);
    let body: string[] | undefined;
    const hear = (line: string): void => {
      if (body) {
        if (line !== ".") return void body.push(line);
        taken.push(body.join("\n"));
        body = undefined;
        if (isLost) return ((isLost = false), void socket.destroy());
        return void say("250 taken");
      }
      if (/^(EHLO|HELO)/i.test(line)) return void say("250 mail.example");
      if (/^MAIL/i.test(line)) return void say("250 go on");
      if (/^RCPT/i.test(line))
        return void say([...unknown].some((it) => line.includes(it)) ? "550 nobody there" : "250 go on");
      if (/^DATA/i.test(line)) return ((body = []), void say("354 send it"));
      if (/^QUIT/i.test(line)) return void socket.end("221 bye\r\n");
      say("500 what?");
    };
    let rest = "";
    socket.on("data", (piece) => {
      const lines = (rest + piece.toString("utf8")).split("\r\n");
      rest = lines.pop() ?? "";
      lines.forEach(hear);
    });
    say("220 mail.example ESMTP");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    port: (server.address() as AddressInfo).port,
    taken,
    unknown,
    loseNext: () => (isLost = true),
    close: () => {
      for (const it of open) it.destroy();
      return new Promise((done) => server.close(() => done()));
    },
  };
}
