// Makes a repository on GitHub private: PATCH /repos/{owner}/{repo}.
import { includesAddress, touchedBy, type GithubConnection } from "@outweigh/schema";
import { z } from "zod";
import type { Env } from "../../env.ts";
import { done, notDone, type Planned } from "../action.ts";
import { refusal } from "../outside.ts";
import type { Driver } from "./driver.ts";
import { githubOf, repositoryPath } from "./github-api.ts";

/** `internal`: for everybody of an enterprise. */
const visibility = z.enum(["public", "internal", "private"]);
const plan = z.object({ connection: z.string(), repository: z.string(), before: visibility });
const told = z.object({
  private: z.boolean(),
  visibility: visibility.optional(),
  forks_count: z.number().default(0),
  archived: z.boolean().default(false),
});

export interface GithubOptions {
  readonly connection: GithubConnection;
  readonly modelsAt: (address: string) => readonly string[];
  readonly env: Env;
}

/** Blind spot: forks that are public stay public. */
export function privateGithub({ connection, modelsAt, env }: GithubOptions): Driver {
  const { name } = connection;
  const github = githubOf(connection, env);
  const look = async (repository: string) => {
    const { json } = await github.call({ path: repositoryPath(repository), wanted: 200 });
    const read = told.safeParse(json);
    if (!read.success) throw refusal(`${name} answers about ${repository} in another form than GitHub does`);
    return { ...read.data, visibility: read.data.visibility ?? (read.data.private ? "private" : "public") };
  };
  const set = (repository: string, wanted: z.infer<typeof visibility>) =>
    github.call({ method: "PATCH", path: repositoryPath(repository), json: { visibility: wanted }, wanted: 200 });
  return {
    connection: name,
    covers: (target) => touchedBy(connection).some((it) => includesAddress(it, target)),

    async preview(target): Promise<Planned> {
      const repository = repositoryIn(target);
      const title = `Make ${repository} private on ${target.slice("git:".length).split("/", 1)[0]}`;
      const now = await look(repository);
      if (now.visibility === "private") return { ok: false, title, refused: "it is private already" };
      if (now.archived) return { ok: false, title, refused: "it is archived, so nothing of it can be changed" };
      const models = modelsAt(target);
      return {
        ok: true,
        plan: {
          title,
          effects: [
            `Only those who were given access can see and clone it; it was ${now.visibility}`,
            // No counts: they move, and what is agreed to must not.
            now.forks_count > 0 ? "Forks were made of it: public ones stay public, on their own" : "It has no forks",
            `Stars, and who watches it, are lost: undoing makes it ${now.visibility} again, and brings those not back`,
            ...(models.length === 0 ? [] : [`It is a place of ${models.join(", ")}`]),
          ],
          undoable: true,
          stays: true,
          touches: target,
          models,
          plan: { connection: name, repository, before: now.visibility },
        },
      };
    },

    async apply(agreed) {
      const it = plan.parse(agreed);
      await set(it.repository, "private");
      return it;
    },

    async verify(record) {
      const { repository } = plan.parse(record);
      const { visibility: now } = await look(repository);
      return now === "private"
        ? done(`${name} says that ${repository} is private`)
        : notDone(`${repository} is ${now}`);
    },

    async undo(record) {
      const { repository, before } = plan.parse(record);
      const { visibility: now } = await look(repository);
      if (now === before) return;
      if (now !== "private") throw refusal(`${repository} is ${now} by now, which is not our doing: look at it there`);
      await set(repository, before);
    },
  };
}

/** `owner/name` of `git:github.com/owner/name`. */
export function repositoryIn(target: string): string {
  return target.slice("git:".length).split("/").slice(1).join("/");
}
