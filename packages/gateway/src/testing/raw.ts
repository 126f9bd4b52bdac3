/** Sends bytes as they are and reads answers as they come: what no HTTP library would send. */
import { connect } from "node:net";

/** Longest wait for the first byte of an answer, in ms: a loaded machine takes its time. */
const answerMs = 60_000;

/** Sends `bytes`, and answers with everything that came back until the peer closed, or was silent for a while after so many answers. */
export async function sendRaw(url: string, bytes: string | Buffer, answers = 1): Promise<string> {
  const { hostname, port } = new URL(url);
  // More than was asked for would come at once.
  const quietMs = 300;
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
    timer = setTimeout(finish, answerMs);
    socket.on("data", (it) => {
      said += it.toString("latin1");
      if (statuses(said).length < answers) return;
      clearTimeout(timer);
      timer = setTimeout(finish, quietMs);
    });
    socket.on("close", finish);
    socket.on("error", (error) =>
      said === "" && !("code" in error && error.code === "ECONNRESET") ? failed(error) : finish(),
    );
  });
}

/** The status codes of all answers in a stream of bytes. */
export function statuses(said: string): number[] {
  return [...said.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, it]) => Number(it));
}
