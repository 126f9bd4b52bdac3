// `npm run bench -- bad-tokens [--json] [seconds] [guess]`: how long a watcher waits for /healthz while strangers knock with bad tokens and, with `guess`, guess passwords,
// and what one bad token costs the server in processor time, which is the same however busy the machine is.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { aFolder, spawnServer } from "../packages/server/src/testing/a-server.ts";

/** Connections that knock, and requests that each has under way. */
const knockers = 8;
const depth = 8;
/** Ticks of /proc/PID/stat in a second, on every Linux. */
const ticks = 100;

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const seconds = Number(args[0] ?? 10);
  const folder = aFolder("bad-tokens");
  const { child, ready } = await spawnServer(folder.path, {});
  const { url } = await ready;
  const knocking = knock(url);
  const guessing = args.includes("guess") ? guess(url) : { stop: () => 0 };
  const before = { cpu: cpuOf(child.pid), refused: knocking.refused() };
  const began = performance.now();
  const waits = await watched(url, seconds);
  const took = (performance.now() - began) / 1000;
  const refused = knocking.refused() - before.refused;
  const cpuPerRefusalUs = Math.round(((cpuOf(child.pid) - before.cpu) / refused) * 1e6);
  const guesses = guessing.stop();
  knocking.stop();
  const at = (share: number) =>
    Number((waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0).toFixed(1));
  const measured = {
    refusedPerSecond: Math.round(refused / took),
    cpuPerRefusalUs,
    guesses,
    p50: at(0.5),
    p99: at(0.99),
    waits: waits.length,
  };
  if (json) process.stdout.write(`${JSON.stringify(measured)}\n`);
  else {
    process.stdout.write(
      `${measured.refusedPerSecond} bad tokens/s refused, ${cpuPerRefusalUs} µs of processor each; ${guesses} passwords guessed\n` +
        `/healthz: p50 ${measured.p50} ms, p99 ${measured.p99} ms, of ${waits.length}\n`,
    );
  }
  const ended = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await ended;
  folder.remove();
}

/** All that the process used so far, in seconds: proc_pid_stat(5), utime and stime. */
function cpuOf(pid: number | undefined): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}

function knock(url: string) {
  const { host, port } = new URL(url);
  const bad = `GET /api/incidents HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer 0123456789abcdef0123456789abcdef\r\n\r\n`;
  let refused = 0;
  let over = false;
  const sockets = Array.from({ length: knockers }, () => {
    const socket = connect(Number(port), "127.0.0.1", () => void socket.write(bad.repeat(depth)));
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      const done = bytes.toString("latin1").split("HTTP/1.1 401").length - 1;
      refused += done;
      if (!over && done > 0) socket.write(bad.repeat(done));
    });
    return socket;
  });
  return {
    refused: () => refused,
    stop: () => {
      over = true;
      for (const it of sockets) it.destroy();
    },
  };
}

/** Strangers who try passwords, one after the other. */
function guess(url: string) {
  const state = { tried: 0, over: false };
  const headers = { origin: url, "content-type": "application/json" };
  void (async () => {
    while (!state.over) {
      const body = JSON.stringify({ name: `n${state.tried++}`, password: "a guess, and a long one" });
      const answer = await fetch(`${url}/api/sign-in`, { method: "POST", headers, body }).catch(() => undefined);
      await answer?.text();
    }
  })();
  return {
    stop: () => {
      state.over = true;
      return state.tried;
    },
  };
}

/** How long /healthz took each time, in ms, the shortest first. */
async function watched(url: string, seconds: number): Promise<number[]> {
  const waits: number[] = [];
  const began = performance.now();
  while (performance.now() - began < seconds * 1000) {
    const asked = performance.now();
    const answer = await fetch(`${url}/healthz`);
    await answer.text();
    if (answer.status !== 200) throw new Error(`/healthz answered ${answer.status}`);
    waits.push(performance.now() - asked);
    await new Promise((done) => setTimeout(done, 10));
  }
  return waits.sort((a, b) => a - b);
}
