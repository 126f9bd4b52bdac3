/** Sends bytes as they are and reads answers as they come: what no HTTP library would send. */
import { connect } from "node:net";

/** Sends `bytes`, and answers with everything that came back until the peer closed, or was silent for `quietMs`. */
export async function sendRaw(url: string, bytes: string | Buffer, quietMs = 300): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((done, failed) => {
    let said = "";
    let timer: NodeJS.Timeout | undefined;
    const socket = connect(Number(port), hostname, () =>
      socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes),
    );
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      done(said);
    };
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(finish, quietMs);
    };
    socket.on("data", (it) => {
      said += it.toString("latin1");
      wait();
    });
    socket.on("close", finish);
    socket.on("error", (error) =>
      said === "" && !("code" in error && error.code === "ECONNRESET") ? failed(error) : finish(),
    );
    setTimeout(wait, 1500).unref();
  });
}

/** The status codes of all answers in a stream of bytes. */
export function statuses(said: string): number[] {
  return [...said.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, it]) => Number(it));
}
