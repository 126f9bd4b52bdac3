// Tokens for places of models that lie on the disk: that they are there, what they open, and who can read them. Never what they are.
import type { FoundToken } from "@outweigh/schema";
import { octal, readersOf } from "../../scan/readable-by.ts";
import type { Machine, Told } from "../machine.ts";
import { maxHomes } from "../limits.ts";
import { sectionsOf } from "../lines.ts";
import { isRecord, recordOf, textOf } from "../values.ts";
import { commandOf, withFix, type Ways } from "../way.ts";
import { whoIs } from "./rights.ts";

/** What a file says of a token: what it opens, and what its shape tells. */
interface Shape {
  readonly opens: string;
  readonly scope: string;
}

/** Where a tool keeps its token, below a home, and how to tell that there is one. */
interface Keeper {
  readonly path: string;
  shapes(text: string): readonly Shape[];
}

const unknownScope = "what it may do cannot be told offline";

const keepers: readonly Keeper[] = [
  ...[".cache/huggingface/token", ".huggingface/token", ".cache/huggingface/stored_tokens"].map((path) => ({
    path,
    shapes: huggingFace,
  })),
  { path: ".aws/credentials", shapes: aws },
  { path: ".docker/config.json", shapes: docker },
  { path: ".config/containers/auth.json", shapes: docker },
  {
    path: ".mlflow/credentials",
    shapes: (text) =>
      /mlflow_tracking_(?:password|token)/i.test(text)
        ? [{ opens: "mlflow", scope: `a login of MLflow; ${unknownScope}` }]
        : [],
  },
  { path: ".netrc", shapes: netrc },
  { path: ".kube/config", shapes: kube },
  {
    path: ".config/gh/hosts.yml",
    shapes: (text) =>
      /oauth_token\s*:\s*\S/.test(text)
        ? [{ opens: "git", scope: `a token of GitHub${gitHubKind(text)}; ${unknownScope}` }]
        : [],
  },
  { path: ".git-credentials", shapes: gitCredentials },
  {
    path: ".config/wandb/settings",
    shapes: (text) =>
      /api_key\s*=/.test(text) ? [{ opens: "wandb", scope: `a key of Weights & Biases: all that its user may` }] : [],
  },
  { path: ".config/gcloud/application_default_credentials.json", shapes: gcloud },
  {
    path: ".azure/msal_token_cache.json",
    shapes: (text) =>
      text.includes("RefreshToken") ? [{ opens: "az", scope: "a sign-in of Azure: all that its user may" }] : [],
  },
  { path: ".env", shapes: environment },
];

function huggingFace(text: string): Shape[] {
  return /\bhf_[A-Za-z0-9]{20,}/.test(text) || /\bapi_org_[A-Za-z0-9]{20,}/.test(text)
    ? [
        {
          opens: "hf",
          scope: `a token of Hugging Face${text.includes("api_org_") ? ", of an organisation" : ""}; ${unknownScope}`,
        },
      ]
    : [];
}

function aws(text: string): Shape[] {
  const found = sectionsOf(text).filter((it) => it.keys.has("aws_secret_access_key"));
  if (found.length === 0) return [];
  const lasting = found.filter((it) => !it.keys.has("aws_session_token")).length;
  const kind = lasting > 0 ? `${lasting} that never expire${lasting === 1 ? "s" : ""}` : "temporary";
  return [{ opens: "s3", scope: `keys of AWS for ${found.length} profiles, ${kind}; ${unknownScope}` }];
}

function docker(text: string): Shape[] {
  const auths = Object.entries(recordOf(json(text)["auths"])).filter(
    ([, it]) => isRecord(it) && (textOf(it["auth"]) || textOf(it["identitytoken"])),
  );
  if (auths.length === 0) return [];
  return [
    {
      opens: "oci",
      scope: `logins of ${auths
        .map(([host]) => host.slice(0, 80))
        .slice(0, 3)
        .join(", ")}; ${unknownScope}`,
    },
  ];
}

function netrc(text: string): Shape[] {
  const hosts: string[] = [];
  let host: string | undefined;
  // Word by word, not by a pattern that looks for a password anew from each machine: anybody may write such a file.
  const words = text.split(/\s+/);
  for (const [i, word] of words.entries()) {
    const next = words[i + 1] ?? "";
    if (word === "machine") host = next;
    if (word !== "password" || host === undefined || next === "") continue;
    hosts.push(host);
    host = undefined;
    if (hosts.length >= 50) break;
  }
  return hosts.flatMap((host): Shape[] => {
    const opens = host.endsWith("huggingface.co")
      ? "hf"
      : /(?:^|\.)(?:github|gitlab)\.com$/.test(host)
        ? "git"
        : host.includes("wandb")
          ? "wandb"
          : undefined;
    return opens === undefined ? [] : [{ opens, scope: `a login of ${host.slice(0, 80)}; ${unknownScope}` }];
  });
}

function kube(text: string): Shape[] {
  const held = /\b(?:token|client-key-data|password)\s*:\s*\S/.exec(text)?.[0].split(":")[0];
  if (held === undefined) return [];
  const server = /\bserver\s*:\s*(\S+)/.exec(text)?.[1]?.slice(0, 100);
  return [{ opens: "k8s", scope: `a ${held} of the cluster at ${server ?? "an address not told"}; ${unknownScope}` }];
}

function gitHubKind(text: string): string {
  if (text.includes("github_pat_")) return " with chosen rights";
  return /\bgh[op]_/.test(text) ? " with the rights of its user" : "";
}

function gitCredentials(text: string): Shape[] {
  const hosts = [...text.matchAll(/^https?:\/\/[^@\s]+@([^/\s]+)/gm)].map(([, it = ""]) => it.slice(0, 80));
  return hosts.slice(0, 20).map((host) => ({
    opens: host.endsWith("huggingface.co") ? "hf" : "git",
    scope: `a login of ${host}${gitHubKind(text)}; ${unknownScope}`,
  }));
}

function gcloud(text: string): Shape[] {
  const kind = textOf(json(text)["type"]);
  return kind === undefined
    ? []
    : [
        {
          opens: "gs",
          scope: `${kind === "service_account" ? "the key of a service account" : "a sign-in"} of Google Cloud; ${unknownScope}`,
        },
      ];
}

/** Variables that tools read tokens from. */
const variables: Readonly<Record<string, string>> = {
  HF_TOKEN: "hf",
  HUGGING_FACE_HUB_TOKEN: "hf",
  AWS_SECRET_ACCESS_KEY: "s3",
  GITHUB_TOKEN: "git",
  GH_TOKEN: "git",
  WANDB_API_KEY: "wandb",
  MLFLOW_TRACKING_PASSWORD: "mlflow",
  MLFLOW_TRACKING_TOKEN: "mlflow",
  AZURE_STORAGE_KEY: "az",
  AZURE_STORAGE_CONNECTION_STRING: "az",
};

function environment(text: string): Shape[] {
  return [...text.matchAll(/^[ \t]*(?:export[ \t]+)?([A-Z_]{4,40})[ \t]*=[ \t]*["']?[^\s"'$]{8,}/gm)].flatMap(
    ([, name = ""]) => {
      const opens = variables[name];
      return opens === undefined ? [] : [{ opens, scope: `the variable ${name}; ${unknownScope}` }];
    },
  );
}

function json(text: string): Readonly<Record<string, unknown>> {
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Homes of all accounts by `/etc/passwd`, root's too. */
function homesOf(
  machine: Machine,
  ways: Ways,
): { readonly home: string; readonly user: string; readonly uid: number }[] {
  const told = machine.read("/etc/passwd", 16 * 1024 * 1024);
  if (told.state !== "read") ways.missed("token-on-disk", "/etc/passwd could not be read");
  const rows = told.state === "read" ? told.text.split("\n").map((it) => it.split(":")) : [];
  const found = rows.flatMap(([user = "", , uid = "", , , home = ""]) =>
    /^\d+$/.test(uid) && home.startsWith("/") && home !== "/" ? [{ home, user, uid: Number(uid) }] : [],
  );
  if (found.length > maxHomes)
    ways.missed("token-on-disk", `${found.length - maxHomes} homes beyond the first ${maxHomes}`);
  return [...new Map(found.slice(0, maxHomes).map((it) => [it.home, it])).values()];
}

/**
 * Tokens in homes, where tools keep them.
 * Blind spot: keyrings, other folders, variables of running processes, and what a token may do, which only its maker can tell.
 */
export function findTokens(machine: Machine, ways: Ways): FoundToken[] {
  ways.looked("token-on-disk");
  const found: (Shape & { path: string; user: string; uid: number })[] = [];
  let closed = 0;
  for (const { home, user, uid } of homesOf(machine, ways)) {
    for (const keeper of keepers) {
      const path = `${home}/${keeper.path}`;
      const told: Told = machine.readLaid(path);
      if (told.state === "closed") closed++;
      if (told.state !== "read") continue;
      for (const shape of keeper.shapes(told.text)) found.push({ path, user, uid, ...shape });
    }
  }
  if (closed > 0) ways.missed("token-on-disk", `${closed} files in homes may not be read, or are no plain files`);
  machine.learn(found.map((it) => it.path));
  return found.map((it) => tokenWay(machine, ways, it));
}

function tokenWay(machine: Machine, ways: Ways, it: Shape & { path: string; user: string; uid: number }): FoundToken {
  const { path, opens, scope } = it;
  const stat = machine.stat(path);
  const readers = readersOf(machine.chain(path) ?? [], machine.accounts).names;
  const [first] = readers;
  const proof = stat && `${path} ${octal(stat.mode)} uid ${stat.uid}: ${scope}`;
  ways.add({
    kind: "token-on-disk",
    steps: [
      {
        from: first === undefined ? `any program that ${it.user} runs` : whoIs(first),
        to: path,
        how: "reads the token",
        basis: "verified",
        ...(proof !== undefined && { proof }),
        // Whoever is not its owner needs only to look; a program of the owner's must first be put there.
        effort: first === undefined ? "look" : "hand",
      },
      { from: path, to: "", how: "signs in with it", basis: "inferred", effort: "trick" },
    ],
    reaches: { at: "place", place: `${opens}:` },
    ...withFix(first === undefined ? commandOf`rm ${path}` : commandOf`chmod go-rwx ${path}`),
  });
  return { path, opens, scope, readableBy: [...readers] };
}
