import type { ModelEntry } from "@outweigh/schema";
import { addressSegments, cleanSegments, looksLikeWeights } from "./artifact.ts";
import { Networks, ownNetworks } from "./networks.ts";

/** Where an address lies in the register. */
export interface Located {
  readonly model: string;
  /** The declared place it lies in, as configured; undefined when only its digest told which model it is. */
  readonly place?: string;
  /** Which of the model's files: as the register lists it, else its path below the place. */
  readonly part?: string;
  /** The size of that file in bytes, if the register lists it. */
  readonly partBytes?: number;
  /** Whether it holds weights; undefined when neither the register nor the name can tell. */
  readonly weights?: boolean;
}

/** What is declared: models, their places, who may read, which networks are own. Immutable. */
export interface Register {
  readonly models: readonly ModelEntry[];
  readonly networks: Networks;
  readonly trustedProxies: Networks;
  model(name: string): ModelEntry | undefined;
  /** The model that an artifact address belongs to, by the longest declared place, else by a digest in the address. */
  locate(artifact: string): Located | undefined;
  /** Models with a place at, above or below the address: what a change of a bucket or repository concerns. */
  within(artifact: string): readonly string[];
  isReader(model: string, principal: string): boolean;
  /** True when the address is in no own network; undefined for what is no address. */
  isExternal(address: string): boolean | undefined;
}

export interface RegisterOptions {
  readonly networks?: readonly string[];
  readonly trustedProxies?: readonly string[];
}

interface Node {
  readonly children: Map<string, Node>;
  place?: { readonly model: ModelEntry; readonly text: string };
}

/** Longest principal compared with patterns, in UTF-16 units: an ARN has at most 2048. */
const maxPrincipalLength = 4096;

export function makeRegister(models: readonly ModelEntry[], options: RegisterOptions = {}): Register {
  const root: Node = { children: new Map() };
  const byDigest = new Map<string, { model: ModelEntry; part: string; bytes: number }>();
  const byName = new Map(models.map((it) => [it.name, it]));
  for (const model of models) {
    for (const place of model.places) {
      for (const path of spellings(place)) plant(root, path, model, place);
    }
    for (const { path, bytes, sha256 } of model.files ?? []) {
      if (sha256 !== undefined) byDigest.set(sha256, { model, part: path, bytes });
    }
  }
  const readers = new Map(models.map((it) => [it.name, it.readers.map(pattern)]));
  const networks = ownNetworks(options.networks ?? []);
  return {
    models,
    networks,
    trustedProxies: new Networks(options.trustedProxies ?? []),
    model: (name) => byName.get(name),
    locate: (artifact) => locate(root, byDigest, artifact) ?? served(byName, artifact),
    within: (artifact) => within(root, artifact),
    isReader: (model, principal) =>
      principal.length <= maxPrincipalLength && (readers.get(model) ?? []).some((it) => it(principal)),
    isExternal: (address) => {
      const own = networks.has(address);
      return own === undefined ? undefined : !own;
    },
  };
}

/** A place's segments; for a run's folder in MLflow also as the routes that name no experiment spell it. */
function spellings(place: string): string[][] {
  const path = addressSegments(place);
  const [scheme, experiment, run, kind, ...rest] = path;
  const alias = scheme === "mlflow" && experiment !== "runs" && run !== undefined && kind === "artifacts";
  return alias ? [path, ["mlflow", "runs", run, kind, ...rest]] : [path];
}

function plant(root: Node, path: readonly string[], model: ModelEntry, text: string): void {
  let at = root;
  for (const it of path) {
    let next = at.children.get(it);
    if (!next) at.children.set(it, (next = { children: new Map() }));
    at = next;
  }
  at.place ??= { model, text };
}

function locate(
  root: Node,
  byDigest: ReadonlyMap<string, { model: ModelEntry; part: string; bytes: number }>,
  artifact: string,
): Located | undefined {
  const path = addressSegments(artifact);
  let at: Node | undefined = root;
  let found: { place: NonNullable<Node["place"]>; depth: number } | undefined;
  for (const [depth, it] of path.entries()) {
    at = at.children.get(it);
    if (!at) break;
    if (at.place) found = { place: at.place, depth };
  }
  // Content-addressed stores give a file the same digest wherever it is copied to: the address itself names the bytes.
  const named =
    byDigest.size === 0
      ? undefined
      : byDigest.get(/(?:^|[^0-9a-f])([0-9a-f]{64})$/i.exec(artifact)?.[1]?.toLowerCase() ?? "");
  if (named && (!found || found.place.model === named.model)) {
    const { model, part, bytes } = named;
    return {
      model: model.name,
      ...(found && { place: found.place.text }),
      part,
      partBytes: bytes,
      weights: true,
    };
  }
  return found && inPlace(found.place.model, found.place.text, path.slice(found.depth + 1));
}

/** A model that is served under its own name needs no place for that. */
function served(byName: ReadonlyMap<string, ModelEntry>, artifact: string): Located | undefined {
  const model = artifact.startsWith("llm:") ? byName.get(artifact.slice("llm:".length)) : undefined;
  return model && { model: model.name };
}

function inPlace(model: ModelEntry, place: string, rest: readonly string[]): Located {
  const located = { model: model.name, place };
  const relative = rest.join("/");
  const files = model.files;
  if (!files) return guess(located, rest);
  const [only] = files;
  const file = rest.length === 0 && files.length === 1 ? only : filesOf(model, files).get(relative);
  if (file) return { ...located, part: file.path, partBytes: file.bytes, weights: true };
  return guess(located, rest);
}

/** A model's files by their clean paths; of two with one path, the first. Made once: this is asked for every event about a model. */
const cleanFiles = new WeakMap<ModelEntry, Map<string, ModelFile>>();
type ModelFile = NonNullable<ModelEntry["files"]>[number];

function filesOf(model: ModelEntry, files: readonly ModelFile[]): Map<string, ModelFile> {
  const known = cleanFiles.get(model);
  if (known) return known;
  const made = new Map<string, ModelFile>();
  for (const it of files) {
    const path = cleanSegments(it.path.split("/")).join("/");
    if (!made.has(path)) made.set(path, it);
  }
  cleanFiles.set(model, made);
  return made;
}

/** What the name says of a file that the register does not list: it is told apart by its path. A digest says nothing of weights. */
function guess(located: { model: string; place: string }, rest: readonly string[]): Located {
  const name = rest.at(-1);
  if (name === undefined) return located;
  const part = rest.join("/");
  return name.startsWith("@") ? { ...located, part } : { ...located, part, weights: looksLikeWeights(name) };
}

function within(root: Node, artifact: string): readonly string[] {
  const models = new Set<string>();
  let at: Node | undefined = root;
  for (const it of addressSegments(artifact)) {
    if (at.place) models.add(at.place.model.name);
    at = at.children.get(it);
    if (!at) return [...models];
  }
  const open = [at];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.place) models.add(node.place.model.name);
    open.push(...node.children.values());
  }
  return [...models];
}

/** Compiles a reader's pattern: `*` matches any run of characters; linear in the text, unlike a regular expression. */
function pattern(text: string): (principal: string) => boolean {
  const pieces = text.split("*");
  if (pieces.length === 1) return (it) => it === text;
  const first = pieces[0] ?? "";
  const last = pieces.at(-1) ?? "";
  const middle = pieces.slice(1, -1);
  return (it) => {
    if (it.length < first.length + last.length || !it.startsWith(first) || !it.endsWith(last)) return false;
    let at = first.length;
    for (const piece of middle) {
      const found = it.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return at <= it.length - last.length;
  };
}
