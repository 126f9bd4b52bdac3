// GitHub's REST API, as far as actions need it. Source: docs.github.com/rest, version 2022-11-28.
import type { GithubConnection, IssuesConnection } from "@outweigh/schema";
import type { Env } from "../../env.ts";
import { ask, refusal, secretOf, wordsOf, type Answered, type Asked } from "../outside.ts";

interface Github {
  /** @param path Behind the API's address, made of checked names. @throws {ServerError} ACTION_REFUSED unless the status is `wanted`. */
  call(asked: Omit<Asked, "url" | "headers"> & { readonly path: string; readonly wanted: number }): Promise<Answered>;
}

export function githubOf(connection: GithubConnection | IssuesConnection, env: Env): Github {
  return {
    async call({ path, wanted, ...asked }) {
      const answer = await ask(connection, {
        ...asked,
        url: `${connection.url.replace(/\/+$/, "")}${path}`,
        headers: {
          accept: "application/vnd.github+json",
          "x-github-api-version": "2022-11-28",
          authorization: `Bearer ${secretOf(connection.token, env)}`,
        },
      });
      if (answer.status === wanted) return answer;
      throw refusal(whyNot(answer, connection.name, path));
    },
  };
}

/** `/repos/owner/name`, whatever the names hold. */
export function repositoryPath(repository: string): string {
  return `/repos/${repository.split("/").map(encodeURIComponent).join("/")}`;
}

function whyNot(answer: Answered, name: string, path: string): string {
  switch (answer.status) {
    case 401:
      return `${name} does not take the token`;
    case 403:
    case 429:
      return `${name} forbids it, or asks to come back later: ${wordsOf(answer)}`;
    case 404:
      return `${name} has nothing at ${path} that this token may see`;
    case 422:
      return `${name} does not accept it: ${wordsOf(answer)}`;
    default:
      return `${name} answered ${answer.status}: ${wordsOf(answer)}`;
  }
}
