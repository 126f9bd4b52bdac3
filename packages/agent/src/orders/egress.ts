// Blocks connections that processes of this host open, by a table of nftables of our own. The kernel lets it expire, also when we are gone.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, statSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import type { BlockedEgress, Order } from "@outweigh/schema";
import { Refused, type Change } from "./outcome.ts";

type BlockOrder = Extract<Order, { verb: "block-egress" }>;

/** Where distributions put it. A path of ours, not of the environment: whoever starts us does not choose what runs as root. */
const programs = ["/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft"];
/** How long it may take, in ms, and how much it may say, in bytes. */
const nftMs = 10_000;
const maxSaid = 256 * 1024;

/** All that carries data to outside. Without ICMP for IPv6, whose neighbour discovery no connection does without. */
const protocols = ["tcp", "udp", "sctp", "dccp", "udplite", "icmp"];

/** @param server Where our own server is: the host stays reachable by it. */
export function blockEgress(server: string): Change<BlockOrder, BlockedEgress> {
  return {
    plan({ whose, minutes }, id) {
      if (program() === undefined) throw new Refused(`nft is not installed here (${programs.join(", ")})`);
      if (whose.of === "uid" && whose.uid === process.geteuid?.())
        throw new Refused("that is the user this agent runs as");
      if (whose.of === "cgroup") levelOf(whose.path);
      if (whose.of === "host") ownServer(server);
      const table = `outweigh_${createHash("sha256").update(id).digest("hex").slice(0, 24)}`;
      return { table, whose, minutes };
    },

    async apply(it) {
      const { code, said } = await nft(["-f", "-"], tableOf(it, server));
      if (code !== 0) throw new Refused(`nft refused: ${said.trim().split("\n")[0] ?? ""}: it takes CAP_NET_ADMIN`);
    },

    async verify({ table }) {
      const { code, said } = await nft(["list", "table", "inet", table]);
      if (code !== 0) return `there is no table ${table}`;
      return /elements = \{[^}]*expires/.test(said) && /\bdrop\b/.test(said)
        ? undefined
        : `the table ${table} does not block any more: it has expired`;
    },

    async undo({ table }) {
      const { code, said } = await nft(["delete", "table", "inet", table]);
      // Deleted by somebody else, or gone with a restart of the host: then nothing is blocked either.
      if (code !== 0 && !/No such file/.test(said)) throw new Error(`nft: ${said.trim().split("\n")[0] ?? ""}`);
    },
  };
}

/**
 * The table as nft reads it. What is dropped expires with the elements of its set: the kernel's clock runs while the host runs.
 * Answers to connections that came in go on, so that nobody is locked out of the host.
 */
export function tableOf({ table, whose, minutes }: BlockedEgress, server: string): string {
  const elements = protocols.map((it) => `${it} timeout ${minutes}m`).join(", ");
  const who =
    whose.of === "uid"
      ? `meta skuid ${whose.uid} `
      : whose.of === "cgroup"
        ? `socket cgroupv2 level ${levelOf(whose.path)} "${whose.path.slice(1)}" `
        : "";
  const own = whose.of === "host" ? ownServer(server) : undefined;
  const lines = [
    `oif "lo" accept`,
    `ct direction reply accept`,
    ...(own === undefined || own === "lo" ? [] : [own]),
    `${who}meta l4proto @until counter drop`,
  ];
  return `table inet ${table} {\n  set until { type inet_proto; flags timeout; elements = { ${elements} } }\n  chain out {\n    type filter hook output priority 0; policy accept;\n    ${lines.join("\n    ")}\n  }\n}\n`;
}

/** How deep a cgroup lies. @throws {Refused} if it is not there. */
function levelOf(path: string): number {
  const parts = path.split("/").filter((it) => it !== "");
  if (parts.some((it) => it === "." || it === "..")) throw new Refused(`${path} is no plain path of a cgroup`);
  if (!statSync(join("/sys/fs/cgroup", ...parts), { throwIfNoEntry: false })?.isDirectory())
    throw new Refused(`there is no cgroup ${path} here`);
  return parts.length;
}

/** The line that keeps us in touch. @throws {Refused} for a server that is known by its name: names are not resolved any more then. */
function ownServer(server: string): string {
  const { hostname, port, protocol } = new URL(server);
  const host = hostname.replace(/^\[|\]$/g, "");
  const version = isIP(host);
  if (host === "localhost" || host === "::1" || host.startsWith("127.")) return "lo";
  if (version === 0)
    throw new Refused(
      `this agent knows its server as ${host}: without names it would fall silent. Block a user or a cgroup`,
    );
  return `${version === 4 ? "ip" : "ip6"} daddr ${host} tcp dport ${port === "" ? (protocol === "https:" ? 443 : 80) : port} accept`;
}

function program(): string | undefined {
  return programs.find((it) => {
    try {
      accessSync(it, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function nft(args: readonly string[], input = ""): Promise<{ code: number | null; said: string }> {
  const path = program();
  if (path === undefined) throw new Refused("nft is not installed here");
  return new Promise((done, failed) => {
    const child = spawn(path, args, { stdio: ["pipe", "pipe", "pipe"], env: {}, timeout: nftMs });
    let said = "";
    const hear = (piece: Buffer): void => {
      if (said.length < maxSaid) said += piece.toString("utf8");
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("error", failed);
    child.once("close", (code) => done({ code, said }));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
