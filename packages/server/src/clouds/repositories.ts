// What Hugging Face and GitHub say of repositories that the register names.
import type { CloudEntry, ModelEntry } from "@outweigh/schema";
import type { Asker } from "./ask.ts";
import type { AnsweredFile } from "./clouds.ts";
import { maxPlaces } from "./limits.ts";

/** Names of an owner and a repository, as both hosts allow them. */
const named = /^[\w.-]{1,100}\/[\w.-]{1,100}/;

/** One question for each repository. */
export async function repositoryFiles(
  { kind, name }: Extract<CloudEntry, { kind: "huggingface" | "github" }>,
  register: readonly ModelEntry[],
  ask: Asker,
): Promise<AnsweredFile[]> {
  const [scheme, path] = kind === "huggingface" ? ["hf:", "api/models/"] : ["git:github.com/", "repos/"];
  const places = register.flatMap((it) => it.places).filter((it) => it.startsWith(scheme));
  const repositories = new Set(places.flatMap((it) => named.exec(it.slice(scheme.length))?.[0] ?? []));
  const files: AnsweredFile[] = [];
  for (const it of [...repositories].filter((one) => !one.split("/").includes("..")).slice(0, maxPlaces)) {
    const answer = await ask.get(path + it);
    if ("text" in answer) files.push({ path: `${name}/${it}.json`, text: answer.text });
  }
  return files;
}
