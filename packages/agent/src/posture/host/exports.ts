// Folders that this host gives to other machines: NFS, Samba, rsync.
import { logicalLines, sectionsOf, type Section } from "../lines.ts";
import type { Machine } from "../machine.ts";
import { commandOf, withFix, type Ways } from "../way.ts";

/**
 * Folders in `/etc/exports` that clients mount without Kerberos. Source: exports(5).
 * Blind spot: what a firewall keeps out; exports made by exportfs alone; netgroups and names, which are taken as narrow.
 */
export function findNfs(machine: Machine, ways: Ways): void {
  ways.looked("nfs-export");
  const more = machine.names("/etc/exports.d");
  if (!more) ways.missed("nfs-export", "/etc/exports.d may not be read");
  const paths = [
    "/etc/exports",
    ...(more ?? []).filter((it) => it.endsWith(".exports")).map((it) => `/etc/exports.d/${it}`),
  ];
  for (const path of paths) {
    const told = machine.read(path);
    if (told.state === "closed") ways.missed("nfs-export", `${path}: ${told.why}`);
    if (told.state !== "read") continue;
    for (const { text, line } of logicalLines(told.text)) exportLine(text, path, line, ways);
  }
}

function exportLine(line: string, path: string, number: number, ways: Ways): void {
  const [, quotedFolder, bare, rest = ""] = /^\s*(?:"([^"]+)"|([^\s#]+))\s*(.*)$/.exec(line) ?? [];
  const folder = quotedFolder ?? bare;
  if (folder === undefined || !folder.startsWith("/")) return;
  const clients = rest
    .replace(/#.*$/, "")
    .trim()
    .split(/\s+/)
    .filter((it) => it !== "");
  const shared = clients.find((it) => it.startsWith("-"))?.slice(1) ?? "";
  // No client at all means every client.
  const named = clients.filter((it) => !it.startsWith("-"));
  for (const client of named.length > 0 ? named : ["*"]) {
    const [, host = "*", options = ""] = /^([^()]*)(?:\(([^)]*)\))?$/.exec(client) ?? [];
    const all = `${shared},${options}`;
    if (/sec=(?:krb5[ip]?:?)+(?:,|$)/.test(all) || !isWide(host)) continue;
    ways.add({
      kind: "nfs-export",
      steps: [
        {
          from: host === "*" || host === "" ? "network peer" : `network peer in ${host}`,
          to: "",
          how: `mounts ${folder} by NFS and names itself any user${all.includes("no_root_squash") ? ", root too" : ""}`,
          basis: "verified",
          proof: `${path}:${number}: ${line.trim().slice(0, 200)}`,
          effort: "trick",
        },
      ],
      reaches: { at: "files", paths: [folder] },
      ...withFix(commandOf`sed -i ${`${number}s/^/# /`} ${path} && exportfs -ra`),
    });
  }
}

/** Everybody, a pattern, or a network of more than 256 addresses. */
function isWide(host: string): boolean {
  if (host === "" || /[*?]/.test(host)) return true;
  const [, bits, mask] = /\/(?:(\d+)|(\d+\.\d+\.\d+\.\d+))$/.exec(host) ?? [];
  if (bits !== undefined) return Number(bits) < (host.includes(":") ? 64 : 24);
  return mask !== undefined && !mask.startsWith("255.255.255.");
}

/** Shares of Samba that guests may read, and modules of rsync that ask nobody. Source: smb.conf(5), rsyncd.conf(5). */
export function findShares(machine: Machine, ways: Ways): void {
  ways.looked("share");
  for (const [path, product] of [
    ["/etc/samba/smb.conf", "Samba"],
    ["/etc/rsyncd.conf", "rsync"],
  ] as const) {
    const told = machine.read(path);
    if (told.state === "closed") ways.missed("share", `${path}: ${told.why}`);
    if (told.state !== "read") continue;
    const sections = sectionsOf(told.text);
    const global = sections.find((it) => it.name === "global" || it.name === "");
    for (const it of sections) {
      const folder = it.keys.get("path")?.value;
      const open = product === "Samba" ? guest(it, global) : openModule(it, global);
      if (folder === undefined || open === undefined || it.name === "global") continue;
      ways.add({
        kind: "share",
        steps: [
          {
            from: "network peer",
            to: "",
            how: `${product} gives ${folder} to everybody as ${it.name}`,
            basis: "verified",
            proof: `${path}:${it.line}: [${it.name}] ${open}`,
            effort: "trick",
          },
        ],
        reaches: { at: "files", paths: [folder] },
        ...withFix(
          product === "Samba"
            ? commandOf`sed -i ${`${guestLine(it, global)}s/=.*/= no/`} ${path}`
            : commandOf`sed -i ${`${it.line}a hosts deny = *`} ${path}`,
        ),
      });
    }
  }
}

function guestKey(it: Section, global: Section | undefined): { value: string; line: number } | undefined {
  return it.keys.get("guest ok") ?? it.keys.get("public") ?? global?.keys.get("guest ok");
}

function guestLine(it: Section, global: Section | undefined): number {
  return guestKey(it, global)?.line ?? it.line;
}

function guest(it: Section, global: Section | undefined): string | undefined {
  const value = guestKey(it, global)?.value;
  const closed = it.keys.has("hosts allow") || it.keys.has("valid users") || global?.keys.has("hosts allow");
  return !closed && /^(?:yes|true|1)$/i.test(value ?? "") ? "guest ok = yes" : undefined;
}

function openModule(it: Section, global: Section | undefined): string | undefined {
  const closing = ["auth users", "hosts allow", "hosts deny"];
  return closing.some((key) => it.keys.has(key) || global?.keys.has(key)) ? undefined : "no auth users, no hosts allow";
}
