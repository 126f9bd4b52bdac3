/** What a request means to the model server or registry behind the path: which artifact, and what was asked for. */
import { cleanSegments, decodeOnce, hfAddress, httpAddress, mlflowAddress, ociAddress } from "../artifact.ts";

export interface Meaning {
  readonly dialect: "mlflow" | "hf" | "oci" | "ollama" | "inference" | "plain";
  readonly operation: string;
  readonly artifact?: string;
  /** What the path says beyond the address: a revision, a tag, an upload's id. */
  readonly detail?: Readonly<Record<string, string>>;
}

/** A path taken apart once. */
interface Target {
  readonly method: string;
  /** Decoded and resolved, as most servers see it. */
  readonly path: readonly string[];
  /** Cut before decoding, each segment decoded: an encoded slash stays inside its segment. */
  readonly whole: readonly string[];
  /** Taken apart when first asked for: few requests have one that matters. */
  query(): URLSearchParams;
}

/** Most of a query string read, in UTF-16 units: four times what any usual server accepts, so that padding hides no parameter. */
const maxQueryLength = 256 * 1024;

/** Reads a request's target. Percent-encoding is undone once, as servers do; `..` is resolved without leaving the root. */
export function meaningOf(method: string, uri: string): Meaning {
  const it = target(method, uri);
  return mlflow(it) ?? huggingFace(it) ?? oci(it) ?? ollama(it) ?? inference(it) ?? plain(it);
}

function target(method: string, uri: string): Target {
  const local = uri.startsWith("/") ? uri : uri.replace(/^[a-z]+:\/\/[^/]*/i, "");
  const question = local.indexOf("?");
  const before = question < 0 ? local : local.slice(0, question);
  const mark = before.indexOf("#");
  const raw = mark < 0 ? before : before.slice(0, mark);
  const path = cleanSegments(decodeOnce(raw).split("/"));
  return {
    method,
    path,
    whole: raw.includes("%") ? cleanSegments(raw.split("/").map(decodeOnce)) : path,
    query: () => new URLSearchParams(question < 0 ? "" : local.slice(question + 1, question + 1 + maxQueryLength)),
  };
}

/** Where `needle` starts in `path`, or -1: servers are often mounted below a prefix. */
function find(path: readonly string[], ...needle: readonly string[]): number {
  const [first = ""] = needle;
  for (let at = path.indexOf(first); at >= 0; at = path.indexOf(first, at + 1)) {
    if (needle.every((it, k) => path[at + k] === it)) return at;
  }
  return -1;
}

const reading = (method: string) => method === "GET";

function transfer(method: string): string {
  switch (method) {
    case "GET":
      return "download";
    case "HEAD":
      return "stat";
    case "PUT":
    case "POST":
    case "PATCH":
      return "upload";
    case "DELETE":
      return "delete";
    default:
      return "request";
  }
}

/** mlflow/server: proxied artifacts, the two routes that stream one file, and the searches. Also below `/ajax-api/` and a prefix. */
function mlflow(it: Target): Meaning | undefined {
  const { method, path } = it;
  const artifacts = find(path, "2.0", "mlflow-artifacts");
  if (artifacts >= 0) return mlflowArtifacts(method, path.slice(artifacts + 2), it.query());
  const streamed = path.at(-1) === "get-artifact" ? mlflowFile(it, it.query()) : undefined;
  if (streamed) return streamed;
  const api = find(path, "2.0", "mlflow");
  if (api < 0) return undefined;
  const call = path.slice(api + 2).join("/");
  if (/^(registered-models|model-versions|experiments|runs|logged-models)\/(search|list)$/.test(call)) {
    return { dialect: "mlflow", operation: call.startsWith("registered-models") ? "catalog" : "search" };
  }
  if (call === "artifacts/list") {
    const query = it.query();
    const run = query.get("run_id") ?? query.get("run_uuid") ?? "";
    const file = cleanSegments((query.get("path") ?? "").split("/"));
    return { dialect: "mlflow", operation: "list", artifact: mlflowAddress(["runs", run, "artifacts", ...file]) };
  }
  return { dialect: "mlflow", operation: reading(method) ? "describe" : "request" };
}

function mlflowFile({ method, path }: Target, query: URLSearchParams): Meaning | undefined {
  if (!query.has("path")) return undefined;
  const file = cleanSegments((query.get("path") ?? "").split("/"));
  const name = path.at(-2) === "model-versions" ? (query.get("name") ?? "") : undefined;
  const run = query.get("run_uuid") ?? query.get("run_id") ?? "";
  const place = name === undefined ? ["runs", run, "artifacts"] : ["models", name, query.get("version") ?? ""];
  return { dialect: "mlflow", operation: transfer(method), artifact: mlflowAddress([...place, ...file]) };
}

function mlflowArtifacts(method: string, rest: readonly string[], query: URLSearchParams): Meaning {
  const [kind, ...file] = rest;
  if (kind === "mpu") {
    return { dialect: "mlflow", operation: "upload", artifact: mlflowAddress(file.slice(1)) };
  }
  if (kind === "artifacts" && file.length > 0) {
    return { dialect: "mlflow", operation: transfer(method), artifact: mlflowAddress(file) };
  }
  const listed = cleanSegments((query.get("path") ?? "").split("/"));
  return { dialect: "mlflow", operation: "list", artifact: mlflowAddress(listed) };
}

/** Hugging Face and what speaks like it: `[/owner]/repository/resolve/revision/file`, LFS batches, and the hub's own searches. */
function huggingFace({ method, path, whole }: Target): Meaning | undefined {
  const at = whole.findIndex((it) => it === "resolve" || it === "raw" || it === "resolve-cache");
  if (at >= 1 && whole.length >= at + 3) {
    const before = cleanSegments(whole.slice(0, at).flatMap((it) => it.split("/")));
    const repository = before.slice(-2);
    const kind = before.at(-3);
    // `refs/pr/1` is one revision even when its slashes are not encoded.
    const long = whole[at + 1] === "refs" && whole.length >= at + 5;
    const file = cleanSegments(whole.slice(at + (long ? 4 : 2)).flatMap((it) => it.split("/")));
    const revision = whole.slice(at + 1, at + (long ? 4 : 2)).join("/");
    const names = kind === "datasets" || kind === "spaces" ? [kind, ...repository] : repository;
    return { dialect: "hf", operation: transfer(method), artifact: hfAddress(names, file), detail: { revision } };
  }
  const batch = find(path, "info", "lfs", "objects", "batch");
  if (batch >= 1) {
    const names = path.slice(Math.max(batch - 2, 0), batch).map((it) => it.replace(/\.git$/, ""));
    return { dialect: "hf", operation: "list", artifact: hfAddress(names, []) };
  }
  if (path[0] === "api" && path[1] === "models") {
    const [owner, name, ...more] = path.slice(2);
    if (owner === undefined || name === undefined) return { dialect: "hf", operation: "catalog" };
    const tree = more[0] === "tree" || more[0] === "revision" || more.length === 0;
    return { dialect: "hf", operation: tree ? "list" : "request", artifact: hfAddress([owner, name], []) };
  }
  return undefined;
}

/** OCI distribution specification 1.1: pulls, pushes, tags and the catalogue. */
function oci({ method, path }: Target): Meaning | undefined {
  const root = path.indexOf("v2");
  if (root < 0) return undefined;
  const rest = path.slice(root + 1);
  if (rest.length === 0) return { dialect: "oci", operation: "request" };
  if (rest[0] === "_catalog") return { dialect: "oci", operation: "catalog" };
  const kind = rest.findIndex(
    (it, i) => i > 0 && (it === "manifests" || it === "blobs" || it === "tags" || it === "referrers"),
  );
  if (kind < 0) return undefined;
  const name = rest.slice(0, kind).join("/");
  const reference = rest[kind + 1];
  if (rest[kind] === "tags" || rest[kind] === "referrers") {
    return { dialect: "oci", operation: "list", artifact: ociAddress(name) };
  }
  if (rest[kind] === "blobs" && reference === "uploads") {
    return { dialect: "oci", operation: "upload", artifact: ociAddress(name) };
  }
  if (reference === undefined) return undefined;
  const manifest = rest[kind] === "manifests" && reading(method);
  return {
    dialect: "oci",
    operation: manifest ? "manifest" : transfer(method),
    artifact: ociAddress(name, reference),
  };
}

/** A map, since a path may name `constructor`. */
const ollamaOperations: ReadonlyMap<string, string> = new Map(
  Object.entries({
    push: "push",
    pull: "pull",
    copy: "copy",
    create: "create",
    delete: "delete",
    show: "describe",
    tags: "catalog",
    generate: "complete",
    chat: "complete",
    embed: "embed",
    embeddings: "embed",
  }),
);

/** Ollama: a model leaves by `push`, its blobs by `HEAD`/`POST` of a digest; a list is `tags`. */
function ollama({ method, path }: Target): Meaning | undefined {
  if (path[0] !== "api" || path.length < 2) return undefined;
  const [, call = "", digest] = path;
  if (call === "blobs" && digest !== undefined)
    return { dialect: "ollama", operation: transfer(method), artifact: httpAddress(path) };
  const operation = path.length === 2 ? ollamaOperations.get(call) : undefined;
  return operation === undefined ? undefined : { dialect: "ollama", operation };
}

/** Servers that speak OpenAI's or Anthropic's routes. */
function inference({ method, path }: Target): Meaning | undefined {
  const at = path.indexOf("v1");
  if (at < 0) return undefined;
  const call = path.slice(at + 1).join("/");
  if (call === "models" || call.startsWith("models/")) return { dialect: "inference", operation: "catalog" };
  if (method !== "POST") return undefined;
  if (/^(chat\/completions|completions|responses|messages)$/.test(call))
    return { dialect: "inference", operation: "complete" };
  if (call === "embeddings") return { dialect: "inference", operation: "embed" };
  return undefined;
}

function plain({ method, path }: Target): Meaning {
  return { dialect: "plain", operation: transfer(method), artifact: httpAddress(path) };
}
