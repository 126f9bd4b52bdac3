// GitHub and a Hugging Face hub, as far as one repository's privacy and deploy keys go. Sources: docs.github.com/rest; huggingface_hub.
import { isSignedIn, json, outside, type Outside, type Reply, type Request } from "./outside.ts";
import { fieldIn, parseJson } from "../values.ts";

interface DeployKey {
  id: number;
  title: string;
  key: string;
  read_only: boolean;
}

export interface Hosted {
  visibility: string;
  keys: DeployKey[];
}

interface RepositoryHost extends Outside {
  readonly repository: Hosted;
}

const repository = "acme/acme-13b";

export async function aGithub(it: Hosted): Promise<RepositoryHost> {
  let next = 1000;
  const keys = ({ method, path, query, body }: Request): Reply => {
    if (method === "POST") {
      const { title, key, read_only } = parseJson(body) as DeployKey;
      if (it.keys.some((one) => one.key === key)) return json(422, { message: "key is already in use" });
      it.keys.push({ id: next++, title, key, read_only });
      return json(201, it.keys.at(-1));
    }
    if (method === "DELETE") {
      const id = Number(path.split("/").at(-1));
      if (!it.keys.some((one) => one.id === id)) return json(404, { message: "Not Found" });
      it.keys = it.keys.filter((one) => one.id !== id);
      return { status: 204 };
    }
    const [size, page] = [Number(query.get("per_page") ?? 30), Number(query.get("page") ?? 1)];
    return json(200, it.keys.slice((page - 1) * size, page * size));
  };
  const answer = (request: Request): Reply => {
    if (!isSignedIn(request)) return json(401, { message: "Bad credentials" });
    if (request.path === "/repos/acme/renamed") return { status: 301, headers: { location: "/repositories/7" } };
    if (request.path === `/repos/${repository}`) {
      if (request.method === "PATCH") it.visibility = String(fieldIn(parseJson(request.body), "visibility"));
      const { visibility } = it;
      const facts = {
        private: visibility !== "public",
        visibility,
        forks_count: 3,
        has_issues: true,
        permissions: { admin: true },
      };
      return json(200, { full_name: repository, ...facts });
    }
    if (request.path.startsWith(`/repos/${repository}/keys`)) return keys(request);
    return json(404, { message: "Not Found" });
  };
  return {
    ...(await outside({ answer, forbidden: json(403, { message: "Must have admin rights to Repository." }) })),
    repository: it,
  };
}

export async function aHub(it: Hosted): Promise<RepositoryHost> {
  const answer = (request: Request): Reply => {
    if (!isSignedIn(request)) return json(401, { error: "Invalid username or password." });
    if (request.path === "/api/whoami-v2") return json(200, { type: "user", name: "acme-bot" });
    if (request.path === `/api/models/${repository}/settings` && request.method === "PUT") {
      it.visibility = fieldIn(parseJson(request.body), "private") === true ? "private" : "public";
      return json(200, { private: it.visibility === "private" });
    }
    if (request.path === `/api/models/${repository}`)
      return json(200, { id: repository, private: it.visibility === "private", gated: false, downloads: 12 });
    return json(404, { error: "Repository not found" });
  };
  return { ...(await outside({ answer, forbidden: json(403, { error: "Forbidden" }) })), repository: it };
}
