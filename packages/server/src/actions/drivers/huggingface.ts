// Makes a repository of models on a Hugging Face hub private: PUT /api/models/{repo}/settings, as huggingface_hub does.
import type { HuggingfaceConnection } from "@outweigh/schema";
import { includesAddress, touchedBy } from "@outweigh/schema";
import { z } from "zod";
import type { Env } from "../../env.ts";
import { done, notDone, type Planned } from "../action.ts";
import { ask, refusal, secretOf, wordsOf, type Answered } from "../outside.ts";
import type { Driver } from "./driver.ts";

const plan = z.object({ connection: z.string(), repository: z.string() });
/** What the hub says of a repository. Of everything else it says, nothing is needed. */
const told = z.object({ private: z.boolean(), downloads: z.number().optional(), gated: z.unknown().optional() });

interface HuggingfaceOptions {
  readonly connection: HuggingfaceConnection;
  readonly modelsAt: (address: string) => readonly string[];
  readonly env: Env;
}

/** Blind spot: tokens that others have go on; the hub has no documented way to revoke one. */
export function privateHuggingface({ connection, modelsAt, env }: HuggingfaceOptions): Driver {
  const { name, url } = connection;
  const at = (repository: string, rest = "") => `${url.replace(/\/+$/, "")}/api/models/${escaped(repository)}${rest}`;
  const headers = () => ({ authorization: `Bearer ${secretOf(connection.token, env)}` });
  const look = async (repository: string) => {
    const answer = await ask(connection, { url: at(repository), headers: headers() });
    if (answer.status !== 200) throw refusal(whyNot(answer, { name, repository }));
    const read = told.safeParse(answer.json);
    if (!read.success) throw refusal(`${name} answers about ${repository} in another form than a hub does`);
    return read.data;
  };
  const set = async (repository: string, isPrivate: boolean) => {
    const asked = {
      method: "PUT",
      url: at(repository, "/settings"),
      headers: headers(),
      json: { private: isPrivate },
    } as const;
    const answer = await ask(connection, asked);
    if (answer.status !== 200) throw refusal(whyNot(answer, { name, repository }));
  };
  return {
    connection: name,
    covers: (target) => touchedBy(connection).some((it) => includesAddress(it, target)),

    async preview(target): Promise<Planned> {
      const repository = target.slice("hf:".length);
      const title = `Make ${repository} private on ${new URL(url).host}`;
      const now = await look(repository);
      if (now.private) return { ok: false, title, refused: "it is private already" };
      const models = modelsAt(target);
      return {
        ok: true,
        plan: {
          title,
          effects: [
            "Only its owner, or members of its organisation, can see and download it",
            `Everybody else gets "not found", pipelines without a token too${models.length === 0 ? "" : `: it is a place of ${models.join(", ")}`}`,
            "What was downloaded before stays where it is; likes, files and history stay as they are",
          ],
          undoable: true,
          stays: true,
          touches: target,
          models,
          plan: { connection: name, repository },
        },
      };
    },

    async apply(agreed) {
      const it = plan.parse(agreed);
      await set(it.repository, true);
      return it;
    },

    async verify(record) {
      const { repository } = plan.parse(record);
      const now = await look(repository);
      return now.private ? done(`${name} says that ${repository} is private`) : notDone(`${repository} is public`);
    },

    async undo(record) {
      const { repository } = plan.parse(record);
      if (!(await look(repository)).private) return;
      await set(repository, false);
      if ((await look(repository)).private) throw refusal(`${name} says that ${repository} is private still`);
    },
  };
}

function escaped(repository: string): string {
  return repository.split("/").map(encodeURIComponent).join("/");
}

function whyNot(
  answer: Answered,
  { name, repository }: { readonly name: string; readonly repository: string },
): string {
  switch (answer.status) {
    case 401:
    case 404:
      return `${name} knows no ${repository}, or does not take the token: it needs to write this repository's settings`;
    case 403:
      return `${name} forbids it: the token needs to write the settings of ${repository}: ${wordsOf(answer)}`;
    case 429:
      return `${name} asks to come back later: too many requests`;
    default:
      return `${name} answered ${answer.status}: ${wordsOf(answer)}`;
  }
}
