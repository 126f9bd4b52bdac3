// Another host, as far as the kernel is concerned: a network namespace with an address of its own, and a server in it.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";

/** Why there can be no other host here; false if there can. */
export const noOtherHost =
  process.platform === "linux" && process.geteuid?.() === 0 && ["/usr/sbin/ip", "/sbin/ip"].some((it) => existsSync(it))
    ? false
    : "needs root on Linux and iproute2";

interface OtherHost {
  readonly address: string;
  readonly port: number;
  /** Bytes it has received. */
  received(): number;
  close(): void;
}

const sink = `
let total = 0;
require("node:http").createServer((request, response) => {
  request.on("data", (it) => { total += it.length; });
  request.on("end", () => { console.log(total); response.end(); });
}).listen(8080, "0.0.0.0", () => console.log("ready"))`;

/** Starts a host that takes every upload. */
export async function otherHost(): Promise<OtherHost> {
  const name = `ow${process.pid}`;
  const net = 2 + (process.pid % 250);
  const address = `198.18.${net}.2`;
  const ip = (...args: string[]) => execFileSync("ip", args, { stdio: "pipe" });
  ip("netns", "add", name);
  const remove = () => {
    // The pair of links goes with the namespace.
    execFileSync("ip", ["netns", "delete", name], { stdio: "pipe" });
  };
  try {
    ip("link", "add", `${name}a`, "type", "veth", "peer", "name", `${name}b`);
    ip("link", "set", `${name}b`, "netns", name);
    ip("addr", "add", `198.18.${net}.1/30`, "dev", `${name}a`);
    ip("link", "set", `${name}a`, "up");
    ip("-n", name, "addr", "add", `${address}/30`, "dev", `${name}b`);
    ip("-n", name, "link", "set", `${name}b`, "up");
  } catch (error) {
    remove();
    throw error;
  }
  const child = spawn("ip", ["netns", "exec", name, process.execPath, "-e", sink], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let received = 0;
  child.stdout.on("data", (it: Buffer) => {
    const last = it.toString().trim().split("\n").at(-1) ?? "";
    if (/^\d+$/.test(last)) received = Number(last);
  });
  await once(child.stdout, "data");
  return {
    address,
    port: 8080,
    received: () => received,
    close: () => {
      child.kill("SIGKILL");
      remove();
    },
  };
}
