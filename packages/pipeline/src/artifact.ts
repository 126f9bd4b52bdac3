/** Addresses of what was touched, in one canonical form per scheme: equal things get equal text, whatever trick spelled them. */

/** Longest address kept, in UTF-16 units: a place has at most 2048, a key below it in S3 at most 1024 bytes. */
const maxArtifactLength = 4096;

/** File name endings that usually hold weights. A hint for what no register lists; where it can, the register decides. */
export const weightSuffixes = [
  ".safetensors",
  ".gguf",
  ".ggml",
  ".pt",
  ".pth",
  ".ckpt",
  ".bin",
  ".onnx",
  ".onnx_data",
  ".h5",
  ".keras",
  ".pkl",
  ".joblib",
  ".tflite",
  ".pb",
  ".npz",
  ".npy",
  ".engine",
  ".plan",
  ".mlmodel",
  ".mar",
  ".llamafile",
  "model.tar.gz",
] as const;

/** Whether a name ends like a file of weights. Blind spot: a renamed file; its place or its digest must tell. */
export function looksLikeWeights(name: string): boolean {
  const lower = name.toLowerCase();
  return weightSuffixes.some((it) => lower.endsWith(it));
}

/** An object in S3. Keys are opaque there: `a//b` and `a/../b` are names of their own, so nothing is resolved. */
export function s3Address(bucket: string, key?: string): string {
  return cut(`s3://${bucket.toLowerCase()}${key === undefined || key === "" ? "" : `/${key}`}`);
}

/** A file of a Hugging Face repository, without its revision. The hub ignores case in names of owners and repositories. */
export function hfAddress(repository: readonly string[], file: readonly string[]): string {
  return cut(`hf:${[...repository.map((it) => it.toLowerCase()), ...file].join("/")}`);
}

/** A manifest or blob of an OCI registry: `oci:name@sha256:…` or `oci:name:tag`. */
export function ociAddress(name: string, reference?: string): string {
  if (reference === undefined || reference === "") return cut(`oci:${name.toLowerCase()}`);
  return cut(`oci:${name.toLowerCase()}${reference.includes(":") ? "@" : ":"}${reference}`);
}

/** A file in MLflow's artifact store: `mlflow:7/9c2e/artifacts/model/m.pkl`; `runs/…` where the experiment is not said. */
export function mlflowAddress(segments: readonly string[]): string {
  return cut(`mlflow:${segments.join("/")}`);
}

/** A plain file behind HTTP, by its path on whatever host. */
export function httpAddress(segments: readonly string[]): string {
  return cut(`http:/${segments.join("/")}`);
}

/** A model by the name under which it is served: a call to it takes answers, never bytes. */
export function llmAddress(name: string): string {
  return cut(`llm:${name}`);
}

/** An object in Google Cloud Storage. Names of objects are opaque, as S3's are. */
export function gsAddress(bucket: string, object?: string): string {
  return cut(`gs://${bucket.toLowerCase()}${object === undefined || object === "" ? "" : `/${object}`}`);
}

/** A blob in Azure Storage, by its account and container. */
export function azAddress(account: string, path: readonly string[]): string {
  const [container = "", ...blob] = path;
  return cut(`az://${[account.toLowerCase(), ...(container === "" ? [] : [container, ...blob])].join("/")}`);
}

/** A repository of source code: `git:github.com/acme/acme-13b`. Hosts ignore case in it. */
export function gitAddress(host: string, repository: string): string {
  return cut(`git:${cleanSegments(`${host}/${repository.replace(/\.git$/i, "")}`.toLowerCase().split("/")).join("/")}`);
}

/** A volume claim of a cluster: `k8s:namespace/claim`. */
export function claimAddress(namespace: string, claim: string): string {
  return cut(`k8s:${namespace}/${claim}`);
}

function cut(address: string): string {
  return address.length > maxArtifactLength ? address.slice(0, maxArtifactLength) : address;
}

/** Segments as a server sees them: no empty ones, no `.`, and `..` resolved without leaving the root. */
export function cleanSegments(segments: readonly string[]): string[] {
  const clean: string[] = [];
  for (const it of segments) {
    if (it === "" || it === ".") continue;
    if (it === "..") clean.pop();
    else clean.push(it);
  }
  return clean;
}

/** Percent-decodes once. What is not valid stays as it stands, so that a broken sequence hides nothing. */
export function decodeOnce(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/(?:%[0-9a-f]{2})+/gi, (it) => {
      try {
        return decodeURIComponent(it);
      } catch {
        return it;
      }
    });
  }
}

/**
 * An address cut into what prefixes are compared by. The first segment is the scheme.
 * OCI cuts at `/`, `:` and `@`, file paths and URLs at `/`. Case and dots are settled as the scheme does.
 */
export function addressSegments(address: string): string[] {
  const colon = address.indexOf(":");
  const scheme = address.slice(0, Math.max(colon, 0));
  const rest = address.slice(colon + 1);
  switch (scheme) {
    case "s3":
    case "gs":
    case "az": {
      const [bucket = "", ...key] = rest.replace(/^\/\//, "").split("/");
      if (key.at(-1) === "") key.pop();
      return [scheme, bucket.toLowerCase(), ...key];
    }
    case "git":
      return ["git", ...cleanSegments(rest.toLowerCase().split("/"))];
    case "hf": {
      const clean = cleanSegments(rest.split("/"));
      const names = clean[0] === "datasets" || clean[0] === "spaces" ? 3 : 2;
      return ["hf", ...clean.map((it, i) => (i < names ? it.toLowerCase() : it))];
    }
    case "oci": {
      const [name = "", digest] = rest.split("@");
      const path = cleanSegments(name.toLowerCase().split(/[/:]/));
      return ["oci", ...path, ...(digest === undefined ? [] : [`@${digest.toLowerCase()}`])];
    }
    default:
      return [scheme, ...cleanSegments(rest.split("/"))];
  }
}
