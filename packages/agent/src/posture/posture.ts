// Every way to weights that configuration shows: this host's, and what was exported of others.
import type { FoundToken, Looked, ModelEntry } from "@outweigh/schema";
import type { NotSeen } from "../scan/not-seen.ts";
import { Buckets } from "./exported/buckets.ts";
import { Cluster } from "./exported/cluster.ts";
import { exportedFiles, type ExportedOptions } from "./exported/file.ts";
import { Identities } from "./exported/identities.ts";
import { findLinks } from "./exported/links.ts";
import { Repositories } from "./exported/repositories.ts";
import { findWorkflow } from "./exported/workflows.ts";
import { findCapabilities } from "./host/capabilities.ts";
import { findContainers } from "./host/containers.ts";
import { findNfs, findShares } from "./host/exports.ts";
import { findSetuid, findSockets, findSudo } from "./host/rights.ts";
import { findTokens } from "./host/tokens.ts";
import { findApache, findNginx } from "./host/web.ts";
import type { Machine } from "./machine.ts";
import { Ways, type Way } from "./way.ts";

/** Where people paste links, below a home. */
const notes = [".bash_history", ".zsh_history", ".python_history", ".profile", ".bashrc", ".env"];

export interface Posture {
  readonly ways: readonly Way[];
  readonly looked: readonly Looked[];
  readonly tokens: readonly FoundToken[];
}

interface PostureOptions {
  readonly machine: Machine;
  readonly register: readonly ModelEntry[];
  readonly exported?: ExportedOptions | undefined;
  readonly notSeen: NotSeen;
  /** In ms since 1970: what has expired is no way. */
  readonly now: number;
}

/** Reads what there is. Opens nothing for writing, runs nothing but our helper, contacts nobody. */
export function readPosture({ machine, register, exported, notSeen, now }: PostureOptions): Posture {
  const ways = new Ways();
  findSockets(machine, ways);
  findSetuid(machine, ways);
  findCapabilities(machine, ways);
  findSudo(machine, ways);
  findContainers(machine, ways);
  findNfs(machine, ways);
  findShares(machine, ways);
  findNginx(machine, ways);
  findApache(machine, ways);
  const tokens = findTokens(machine, ways);
  for (const home of ["/root", ...(machine.names("/home") ?? []).map((it) => `/home/${it}`)]) {
    for (const name of notes) {
      const told = machine.readLaid(`${home}/${name}`);
      if (told.state === "read") findLinks({ path: `${home}/${name}`, text: told.text }, ways, now);
    }
  }
  if (exported) readExported(exported, { register, ways, notSeen, now });
  return { ways: ways.list(), looked: ways.lookedFor(), tokens };
}

interface ExportedTask {
  readonly register: readonly ModelEntry[];
  readonly ways: Ways;
  readonly notSeen: NotSeen;
  readonly now: number;
}

function readExported(exported: ExportedOptions, { register, ways, notSeen, now }: ExportedTask): void {
  ways.looked(
    "signed-link",
    "bucket-public",
    "iam-grant",
    "iam-unused",
    "cluster-grant",
    "cluster-mount",
    "repository-public",
  );
  const [buckets, identities, cluster, repositories] = [
    new Buckets(),
    new Identities(),
    new Cluster(),
    new Repositories(),
  ];
  for (const file of exportedFiles(exported, notSeen)) {
    findLinks(file, ways, now);
    if (file.value === undefined && !file.path.includes(".github/")) continue;
    const known =
      findWorkflow(file, register, ways) ||
      cluster.take(file) ||
      identities.take(file) ||
      buckets.take(file) ||
      repositories.take(file);
    if (!known && file.path.endsWith(".json")) notSeen.add("exported file", "is none that is known", file.path);
  }
  buckets.find(register, ways, notSeen);
  identities.find(register, ways, now);
  cluster.find(register, ways);
  repositories.find(register, ways);
}
