// Runs in a network namespace of its own, as its root: blocks connections that are tried there, and opens them again.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Order } from "@outweigh/schema";
import { blockEgress } from "../orders/egress.ts";
import { Refused } from "../orders/outcome.ts";

/** An address behind a link whose other end answers nobody: what leaves for it is counted, what is dropped before is not. */
const outside = "192.0.2.9";
/** The user `nobody`. */
const somebody = 65534;

for (const line of [
  "link set lo up",
  "link add out type veth peer name far",
  "addr add 192.0.2.1/24 dev out",
  "link set far up",
  "link set out up",
]) {
  const { status, stderr } = spawnSync("ip", line.split(" "), { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${line}: ${stderr}`);
}
spawnSync("ip", ["neigh", "replace", outside, "lladdr", "02:00:00:00:00:09", "dev", "out"]);

/** Packets that were tried, and those that left, by TCP and UDP: neighbour discovery does not count. */
const counter = `table inet count {
 chain tried {
  type filter hook output priority -400;
  ip daddr ${outside} counter
 }
 chain left {
  type filter hook postrouting priority 300;
  ip daddr ${outside} counter
 }
}
`;
spawnSync("nft", ["-f", "-"], { input: counter });

function counted(): { readonly tried: number; readonly left: number } {
  const { stdout } = spawnSync("nft", ["list", "table", "inet", "count"], { encoding: "utf8" });
  const [tried = Number.NaN, left = Number.NaN] = [...stdout.matchAll(/packets (\d+)/g)].map(([, it]) => Number(it));
  return { tried, left };
}

/** Whether a try to connect leaves the host. */
async function leaves(uid = 0): Promise<boolean> {
  const before = counted();
  const child = spawn("/bin/bash", ["-c", `exec 3<>/dev/tcp/${outside}/9`], {
    stdio: "ignore",
    ...(uid !== 0 && { uid }),
  });
  // Until it was tried, however slow the machine, and then waits for an answer, or was refused: by then the packet has left or not.
  while (!(counted().tried > before.tried && isAtRest(child))) await new Promise((done) => setTimeout(done, 20));
  child.kill("SIGKILL");
  return counted().left > before.left;
}

function isAtRest({ pid, exitCode }: ChildProcess): boolean {
  return exitCode !== null || /\) [SZ] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

const change = blockEgress("http://127.0.0.1:7700");

async function blocked(
  whose: Extract<Order, { verb: "block-egress" }>["whose"],
  id: string,
): Promise<Record<string, unknown>> {
  const record = await change.plan({ verb: "block-egress", whose, minutes: 1 }, id);
  const uid = whose.of === "uid" ? whose.uid : 0;
  const before = await leaves(uid);
  await change.apply(record);
  const wrong = await change.verify(record);
  const meanwhile = await leaves(uid);
  const others = whose.of === "uid" ? await leaves() : undefined;
  await change.undo(record);
  return {
    before,
    wrong: wrong ?? "nothing",
    meanwhile,
    ...(others !== undefined && { others }),
    after: await leaves(uid),
    gone: (await change.verify(record)) !== undefined,
  };
}

const answers: Record<string, unknown> = { host: await blocked({ of: "host" }, "order-1") };
// In a user namespace there is nobody but its root.
if (process.argv[2] === "root") answers["user"] = await blocked({ of: "uid", uid: somebody }, "order-2");
try {
  await change.plan({ verb: "block-egress", whose: { of: "cgroup", path: "/not/there" }, minutes: 1 }, "order-3");
} catch (error) {
  answers["cgroup"] = error instanceof Refused ? error.message : "failed";
}
process.stdout.write(JSON.stringify(answers));
