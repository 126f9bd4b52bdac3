// Repositories that everybody may read, by what their hosts' own interfaces say of them.
import type { ModelEntry } from "@outweigh/schema";
import { isRecord, recordOf, textOf, type Values } from "../values.ts";
import { commandOf, withFix, type Ways } from "../way.ts";
import type { ExportedFile } from "./file.ts";

interface Seen {
  readonly place: string;
  readonly isPublic: boolean;
  readonly what: string;
  readonly proof: string;
  readonly gated: boolean;
  readonly fix: string | undefined;
}

/**
 * Needs the JSON of the repository: of Hugging Face `/api/models/ID`, GitHub `/repos/OWNER/NAME` (gh api), GitLab `/api/v4/projects/ID`,
 * Docker Hub `/v2/repositories/OWNER/NAME`, Harbor `/api/v2.0/projects/NAME`; a list of them is read too.
 * Blind spot: who is a member, and what was public before.
 */
export class Repositories {
  readonly #seen: Seen[] = [];

  take(file: ExportedFile): boolean {
    const all = Array.isArray(file.value) ? file.value : [file.value];
    const found = all.slice(0, 10_000).flatMap((it) => (isRecord(it) ? (readOne(it, file.path) ?? []) : []));
    this.#seen.push(...found);
    return found.length > 0;
  }

  find(register: readonly ModelEntry[], ways: Ways): void {
    for (const { places } of register) {
      for (const place of places.filter((it) => /^(?:hf|git|oci):/.test(it))) {
        if (!this.#seen.some((it) => covers(it.place, place)))
          ways.missed("repository-public", `nothing of ${place} was exported`);
      }
    }
    for (const it of this.#seen.filter((seen) => seen.isPublic)) {
      ways.add({
        kind: "repository-public",
        steps: [
          {
            from: "anonymous internet client",
            to: "",
            how: it.gated
              ? `asks for access to ${it.what}, which is public but gated, and downloads it`
              : `downloads ${it.what}: it is public`,
            basis: it.gated ? "inferred" : "verified",
            proof: it.proof,
            effort: it.gated ? "look" : "hand",
          },
        ],
        reaches: { at: "place", place: it.place },
        ...withFix(it.fix),
      });
    }
  }
}

/** One is the other, or lies below it. */
export function covers(outer: string, inner: string): boolean {
  const [a, b] = [withoutSlashes(outer), withoutSlashes(inner)];
  return a === b || b.startsWith(`${a}/`) || (a.endsWith(":") && b.startsWith(a));
}

/** Without the slashes at its end. A pattern would look at each run of slashes anew from each of them. */
function withoutSlashes(text: string): string {
  let end = text.length;
  while (text[end - 1] === "/") end--;
  return text.slice(0, end);
}

function readOne(it: Values, file: string): Seen | undefined {
  return huggingFace(it, file) ?? gitHub(it, file) ?? gitLab(it, file) ?? dockerHub(it, file) ?? harbor(it, file);
}

function huggingFace(it: Values, file: string): Seen | undefined {
  const id = textOf(it["id"]) ?? textOf(it["modelId"]);
  if (
    id === undefined ||
    !/^[\w.-]+\/[\w.-]+$/.test(id) ||
    typeof it["private"] !== "boolean" ||
    it["full_name"] !== undefined
  )
    return undefined;
  const settings = `https://huggingface.co/api/models/${id}/settings`;
  const gated = it["gated"] !== undefined && it["gated"] !== false;
  const fix = `curl -X PUT ${settings} -H "Authorization: Bearer $HF_TOKEN" -H "Content-Type: application/json" -d '{"private":true}'`;
  return {
    place: `hf:${id}`,
    isPublic: !it["private"],
    what: `${id} of Hugging Face`,
    gated,
    proof: `${file}: private ${it["private"]}`,
    fix,
  };
}

function gitHub(it: Values, file: string): Seen | undefined {
  const name = textOf(it["full_name"]);
  if (name === undefined || typeof it["private"] !== "boolean") return undefined;
  const fix = commandOf`gh repo edit ${name} --visibility private --accept-visibility-change-consequences`;
  return {
    place: `git:github.com/${name}`,
    isPublic: !it["private"],
    what: `${name} of GitHub`,
    gated: false,
    proof: `${file}: private ${it["private"]}`,
    fix,
  };
}

function gitLab(it: Values, file: string): Seen | undefined {
  const [name, visibility, address] = [
    textOf(it["path_with_namespace"]),
    textOf(it["visibility"]),
    textOf(it["web_url"]),
  ];
  if (name === undefined || visibility === undefined) return undefined;
  const host = /^https?:\/\/([^/]+)/.exec(address ?? "")?.[1] ?? "gitlab.com";
  const api = `https://${host}/api/v4/projects/${encodeURIComponent(name)}`;
  const put = commandOf`curl -X PUT ${api} -d visibility=private -H`;
  return {
    place: `git:${host}/${name}`,
    isPublic: visibility === "public",
    what: `${name} of ${host}`,
    gated: false,
    proof: `${file}: visibility ${visibility}`,
    fix: put && `${put} "PRIVATE-TOKEN: $GITLAB_TOKEN"`,
  };
}

function dockerHub(it: Values, file: string): Seen | undefined {
  const [owner, name] = [textOf(it["namespace"]), textOf(it["name"])];
  if (owner === undefined || name === undefined || typeof it["is_private"] !== "boolean") return undefined;
  return {
    place: `oci:${owner}/${name}`,
    isPublic: !it["is_private"],
    what: `${owner}/${name} of Docker Hub`,
    gated: false,
    proof: `${file}: is_private ${it["is_private"]}`,
    fix: undefined,
  };
}

function harbor(it: Values, file: string): Seen | undefined {
  const [name, open] = [textOf(it["name"]), textOf(recordOf(it["metadata"])["public"])];
  if (name === undefined || open === undefined || it["project_id"] === undefined) return undefined;
  return {
    place: `oci:${name}`,
    isPublic: open === "true",
    what: `the project ${name} of Harbor`,
    gated: false,
    proof: `${file}: metadata.public ${open}`,
    fix: undefined,
  };
}
