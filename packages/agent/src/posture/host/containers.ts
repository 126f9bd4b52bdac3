// What containers of this host can reach: folders mounted into them, and rights that are the host's own.
import { containerIdOf } from "../../scan/container-id.ts";
import { isUnder, parseMounts, type Mount } from "../../scan/mounts.ts";
import { maxProcesses, maxTableBytes } from "../../scan/limits.ts";
import { productOf } from "../../scan/products.ts";
import { basename } from "node:path";
import type { Machine } from "../machine.ts";
import { maxItems } from "../limits.ts";
import { isRecord, listOf, recordOf, textOf } from "../values.ts";
import { commandOf, withFix, type Ways } from "../way.ts";

/** Containers whose processes are known servers of models may hold weights: that is their work. */
interface Container {
  readonly id: string;
  readonly name: string;
  readonly programs: string[];
  serves: boolean;
  mounts: readonly Mount[];
}

const dockerFolder = "/var/lib/docker/containers";
/** A socket that gives the host away wherever it is mounted. */
const engineSocket = /(?:^|\/)(?:docker|podman|containerd|crio)\.sock$/;

/**
 * Folders of this host that running containers mount, by the kernel's own table of their mounts, and by Docker's configuration where it
 * may be read.
 * Blind spot: containers of other users unless we may look at their processes; what an image itself holds, which a scan finds as a copy.
 */
export function findContainers(machine: Machine, ways: Ways): void {
  ways.looked("container-mount", "container-rights");
  const running = runningContainers(machine, ways);
  const own = machine.read("/proc/self/mountinfo", maxTableBytes);
  const hostMounts = own.state === "read" ? parseMounts(own.text) : [];
  for (const it of running.values()) mountWays(it, hostMounts, ways);
  configured(machine, ways, running);
}

function runningContainers(machine: Machine, ways: Ways): Map<string, Container> {
  const found = new Map<string, Container>();
  const pids = (machine.names("/proc", maxProcesses) ?? []).filter((it) => /^\d+$/.test(it));
  let hidden = 0;
  for (const pid of pids) {
    const group = machine.read(`/proc/${pid}/cgroup`, 64 * 1024);
    const id = group.state === "read" ? containerIdOf(group.text) : undefined;
    if (id === undefined) continue;
    const words = machine.read(`/proc/${pid}/cmdline`, 64 * 1024);
    const [program = "", ...args] = words.state === "read" ? words.text.split("\0").filter((it) => it !== "") : [];
    const table = machine.read(`/proc/${pid}/mountinfo`, maxTableBytes);
    if (table.state !== "read") {
      hidden++;
      continue;
    }
    const it = found.get(id) ?? {
      id,
      name: id.slice(0, 12),
      programs: [],
      serves: false,
      mounts: parseMounts(table.text),
    };
    it.programs.push(basename(program));
    it.serves ||= productOf(basename(program), args)?.kind === "server";
    found.set(id, it);
    if (found.size >= maxItems) break;
  }
  if (hidden > 0) ways.missed("container-mount", `the mounts of ${hidden} processes in containers are not shown to us`);
  return found;
}

/** A bind mount shows a folder of one of the host's file systems: the same device, and its folder there. */
function mountWays(container: Container, hostMounts: readonly Mount[], ways: Ways): void {
  if (container.serves) return;
  for (const it of container.mounts) {
    if (
      /^(?:overlay|proc|sysfs|tmpfs|cgroup2?|devpts|mqueue)$/.test(it.type) ||
      /^\/(?:etc|dev|proc|sys)(?:\/|$)/.test(it.point)
    )
      continue;
    const home = hostMounts
      .filter((host) => host.device === it.device && isUnder(it.root, host.root))
      .toSorted((a, b) => b.root.length - a.root.length)[0];
    if (!home) continue;
    const below = home.root === "/" ? it.root : it.root.slice(home.root.length) || "/";
    const folder = home.point === "/" ? below : `${home.point}${below === "/" ? "" : below}`;
    ways.add({
      kind: "container-mount",
      steps: [
        {
          from: `a process of container ${container.name}`,
          to: "",
          how: `sees ${folder} as ${it.point}; it runs ${[...new Set(container.programs)].slice(0, 3).join(", ")}`,
          basis: "verified",
          proof: `mountinfo of the container: ${it.device} ${it.root} ${it.point}`,
          effort: "hand",
        },
      ],
      reaches: { at: "files", paths: [folder] },
      ...withFix(commandOf`docker rm -f ${container.name}`),
    });
  }
}

/** Docker's own record of each container, also of those that do not run now. Root may read it. */
function configured(machine: Machine, ways: Ways, running: ReadonlyMap<string, Container>): void {
  const ids = machine.names(dockerFolder);
  if (!ids) {
    ways.missed("container-rights", `${dockerFolder} may not be read: that takes root`);
    ways.missed("container-mount", `${dockerFolder} may not be read: that takes root`);
    return;
  }
  for (const id of ids) {
    const path = `${dockerFolder}/${id}/hostconfig.json`;
    const told = machine.read(path);
    if (told.state === "closed") ways.missed("container-rights", `${path}: ${told.why}`);
    if (told.state !== "read") continue;
    const it = parsed(told.text);
    if (it === undefined) {
      ways.missed("container-rights", `${path}: is no JSON`);
      continue;
    }
    const name = nameOf(machine, id);
    rightsOf(it, { name, path }, ways);
    if (!running.has(id)) bindsOf(it, { name, path }, ways);
  }
}

function rightsOf(
  config: Readonly<Record<string, unknown>>,
  { name, path }: { name: string; path: string },
  ways: Ways,
): void {
  const caps = listOf(config["CapAdd"]).map(String);
  const socket = listOf(config["Binds"])
    .map(String)
    .find((it) => engineSocket.test(it.split(":")[0] ?? ""));
  const why =
    config["Privileged"] === true
      ? "Privileged: true"
      : socket !== undefined
        ? `Binds: ${socket}`
        : caps.some((it) => /^(?:CAP_)?(?:SYS_ADMIN|DAC_READ_SEARCH|SYS_PTRACE|SYS_MODULE|ALL)$/.test(it))
          ? `CapAdd: ${caps.join(", ")}`
          : undefined;
  if (why === undefined) return;
  ways.add({
    kind: "container-rights",
    steps: [
      {
        from: `a process of container ${name}`,
        to: "root on this host",
        how: "has rights that are the host's own",
        basis: "verified",
        proof: `${path}: ${why}`,
        effort: "trick",
      },
      { from: "root on this host", to: "", how: "reads every file", basis: "inferred", effort: "hand" },
    ],
    reaches: { at: "rights", uid: 0 },
    ...withFix(commandOf`docker rm -f ${name}`),
  });
}

function bindsOf(
  config: Readonly<Record<string, unknown>>,
  { name, path }: { name: string; path: string },
  ways: Ways,
): void {
  for (const bind of listOf(config["Binds"]).map(String).slice(0, 100)) {
    const [folder = "", inside = ""] = bind.split(":");
    if (!folder.startsWith("/") || engineSocket.test(folder)) continue;
    ways.add({
      kind: "container-mount",
      steps: [
        {
          from: `a process of container ${name}`,
          to: "",
          how: `sees ${folder} as ${inside} when it runs`,
          basis: "verified",
          proof: `${path}: Binds ${bind}`,
          effort: "look",
        },
      ],
      reaches: { at: "files", paths: [folder] },
      ...withFix(commandOf`docker rm -f ${name}`),
    });
  }
}

function nameOf(machine: Machine, id: string): string {
  const told = machine.read(`${dockerFolder}/${id}/config.v2.json`, 16 * 1024 * 1024);
  const name = told.state === "read" ? textOf(recordOf(parsed(told.text))["Name"]) : undefined;
  return name?.replace(/^\//, "").slice(0, 128) || id.slice(0, 12);
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
