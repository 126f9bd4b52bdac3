// Ways to the rights of another user, most of all of root: the socket of a container engine, setuid programs, sudo.
import { listText } from "../../scan/access-list.ts";
import { may, octal, readersOf } from "../../scan/readable-by.ts";
import { logicalLines } from "../lines.ts";
import type { Machine } from "../machine.ts";
import { commandOf, withFix, type Ways } from "../way.ts";
import { isReader, programsOf } from "./programs.ts";

/** Where container engines listen that run as root. */
const sockets = [
  "/run/docker.sock",
  "/var/run/docker.sock",
  "/run/podman/podman.sock",
  "/run/containerd/containerd.sock",
];

/** Who can have root's rights by asking a container engine to mount the host's disk. */
export function findSockets(machine: Machine, ways: Ways): void {
  ways.looked("docker-socket");
  const seen = new Set<string>();
  machine.learn(sockets);
  for (const path of sockets) {
    const it = machine.stat(path);
    const chain = machine.chain(path);
    if (!it || !chain || it.uid === undefined) continue;
    if (seen.has(`${it.uid} ${it.gid} ${it.mode} ${path.split("/").at(-1)}`)) continue;
    seen.add(`${it.uid} ${it.gid} ${it.mode} ${path.split("/").at(-1)}`);
    // Whoever may write to the socket may ask.
    const { names, byList, entries } = readersOf(chain, machine.accounts, may.write);
    for (const name of names) {
      const list = it.list ? ` ${listText(it.list)}` : "";
      const bits = `${path} ${octal(it.mode)} uid ${it.uid} gid ${it.gid}${list}`;
      const [listed] = byList.includes(name) ? entries : [];
      ways.add({
        kind: "docker-socket",
        steps: [
          {
            from: whoIs(name),
            to: path,
            how: "may write to the socket",
            basis: "verified",
            proof: bits,
            effort: "hand",
          },
          {
            from: path,
            to: "",
            how: "starts a container that mounts this host's disk, as root",
            basis: "inferred",
            effort: "trick",
          },
        ],
        reaches: { at: "rights", uid: 0 },
        ...withFix(listed ? commandOf`setfacl -n -x ${[...listed[1]].join(",")} ${listed[0]}` : closing(name, path)),
      });
    }
  }
}

function closing(name: string, path: string): string | undefined {
  if (name === "other") return commandOf`chmod o-rw ${path}`;
  const [kind, who = ""] = name.split(":");
  return kind === "group" ? commandOf`chmod g-rw ${path}` : commandOf`gpasswd -d ${who} docker`;
}

/** `other`, `group:ml`, `user:ann` as people say it. */
export function whoIs(name: string): string {
  if (name === "other") return "any local user";
  return name.startsWith("group:") ? `member of ${name.slice("group:".length)}` : name.replace(":", " ");
}

/**
 * Programs that run with their owner's rights and give any file away.
 * Blind spot: programs in other folders; a fault in another setuid program.
 */
export function findSetuid(machine: Machine, ways: Ways): void {
  ways.looked("setuid");
  for (const { name, path } of programsOf(machine, (why) => ways.missed("setuid", why))) {
    const it = isReader(name) ? machine.stat(path) : undefined;
    if (!it?.isFile || (it.mode & 0o4000) === 0) continue;
    const who =
      (it.mode & 0o001) !== 0
        ? "any local user"
        : (it.mode & 0o010) !== 0
          ? `member of group ${groupOf(machine, it.gid)}`
          : undefined;
    if (who === undefined) continue;
    ways.add({
      kind: "setuid",
      steps: [
        {
          from: who,
          to: "",
          how: `runs ${path}, which reads any file with the rights of uid ${it.uid}`,
          basis: "verified",
          proof: `${path} ${octal(it.mode)} uid ${it.uid}`,
          effort: "trick",
        },
      ],
      reaches: { at: "rights", uid: it.uid },
      ...withFix(commandOf`chmod u-s ${path}`),
    });
  }
}

function groupOf(machine: Machine, gid: number): string {
  return machine.accounts.groupName.get(gid) ?? String(gid);
}

/** One rule of sudoers: who, as whom, without a password, which commands. Source: sudoers(5). */
const rule = /^\s*(?<who>[%#+]?[^\s=,:!]+)\s+(?<hosts>[^=]+?)\s*=\s*(?:\((?<as>[^)]*)\)\s*)?(?<rest>.+)$/;

/**
 * Who may run a program that reads any file as another user without being asked for a password. Who is asked is an administrator by intent.
 * Blind spot: aliases of commands and users, LDAP, commands given as digests, programs that give a shell by a side door.
 */
export function findSudo(machine: Machine, ways: Ways): void {
  ways.looked("sudo");
  const names = machine.names("/etc/sudoers.d");
  if (!names) ways.missed("sudo", "/etc/sudoers.d may not be read");
  // A name with a dot or a tilde at its end is not read by sudo either.
  const more = (names ?? []).filter((it) => !it.includes(".") && !it.endsWith("~")).map((it) => `/etc/sudoers.d/${it}`);
  for (const path of ["/etc/sudoers", ...more]) {
    const told = machine.read(path);
    if (told.state === "closed") ways.missed("sudo", `${path}: ${told.why}`);
    if (told.state !== "read") continue;
    for (const { text, line } of logicalLines(told.text)) sudoLine(text, { path, number: line }, machine, ways);
  }
}

function sudoLine(line: string, at: { path: string; number: number }, machine: Machine, ways: Ways): void {
  if (/^\s*(?:#(?!\d)|$|Defaults|\w+_Alias|@include)/.test(line)) return;
  const found = rule.exec(line)?.groups;
  const { who = "", as = "root", rest = "" } = found ?? {};
  if (!found || who === "root" || who === "#0" || !/\bNOPASSWD:/.test(rest)) return;
  const target = as.split(":")[0]?.trim() || "root";
  const uid = target === "ALL" || target === "root" ? 0 : machine.accounts.users.find((it) => it.name === target)?.uid;
  if (uid === undefined) return;
  const commands = rest
    .slice(rest.indexOf("NOPASSWD:") + "NOPASSWD:".length)
    .split(",")
    .map((it) => it.trim());
  const open = commands.find((it) => it === "ALL" || isReader((it.split(/\s+/)[0] ?? "").split("/").at(-1) ?? ""));
  if (open === undefined) return;
  const name = who.startsWith("%") ? `member of group ${who.slice(1)}` : `user ${who}`;
  ways.add({
    kind: "sudo",
    steps: [
      {
        from: name,
        to: "",
        how: `sudo ${open === "ALL" ? "runs anything" : `runs ${open.split(/\s+/)[0]}`} as ${target === "ALL" ? "root" : target} and asks for no password`,
        basis: "verified",
        proof: `${at.path}:${at.number}: ${line.trim().slice(0, 200)}`,
        effort: "trick",
      },
    ],
    reaches: { at: "rights", uid },
    ...withFix(commandOf`sed -i ${`${at.number}s/^/#/`} ${at.path}`),
  });
}
