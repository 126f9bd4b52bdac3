// Debian's docker-registry, with users, and with its notifications sent to Outweigh.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";

const bin = "/usr/bin/docker-registry";

/** Why there can be no registry here; false if there can. */
export const noDockerRegistry: string | false = existsSync(bin)
  ? false
  : "no docker-registry on this machine (Debian: apt-get install docker-registry)";

/** Users and their passwords, as bcrypt: the registry takes nothing else. */
const users = {
  deployer: ["deployer-of-the-story", "$2b$04$BWAs91Rl7LfgVKPdn7GtPeU2rkAK5oosBN6ATkluUBouhN6UhcMEC"],
  stranger: ["stranger-of-the-story", "$2b$04$Lo8GMk6T6D5RfStwRFSvweAinhWqZ/WckNcFfUf.IDkwtsZTjXi8G"],
} as const;
export type User = keyof typeof users;

interface DockerRegistry {
  readonly url: string;
  /** Where it keeps its blobs. */
  readonly storage: string;
  readonly pid: number;
  /** A request as one of its users, or as nobody. */
  ask(user: User | undefined, path: string, init?: RequestInit): Promise<Response>;
  close(): void;
}

interface Options {
  readonly folder: string;
  readonly address?: string;
  /** Where notifications go, and with which token. Without it, there are none. */
  readonly notify?: { readonly url: string; readonly token: string };
  /** Without users anybody may do anything. */
  readonly open?: boolean;
}

export async function startDockerRegistry({
  folder,
  address = "127.0.0.1",
  notify,
  open,
}: Options): Promise<DockerRegistry> {
  const storage = join(folder, "registry");
  mkdirSync(storage, { recursive: true });
  const port = await freePort();
  const htpasswd = join(folder, "htpasswd");
  writeFileSync(
    htpasswd,
    Object.entries(users)
      .map(([name, [, hash]]) => `${name}:${hash}\n`)
      .join(""),
  );
  const config = join(folder, "registry.yml");
  writeFileSync(
    config,
    `version: 0.1
log: { level: error }
storage: { filesystem: { rootdirectory: ${JSON.stringify(storage)} } }
http: { addr: "${address}:${port}" }
${open ? "" : `auth: { htpasswd: { realm: story, path: ${JSON.stringify(htpasswd)} } }\n`}${
      notify
        ? `notifications:
  endpoints:
    - { name: outweigh, url: "${notify.url}", headers: { Authorization: ["Bearer ${notify.token}"] }, timeout: 5s, threshold: 3, backoff: 1s }
`
        : ""
    }`,
  );
  const child = spawn(bin, ["serve", config], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const it of [child.stdout, child.stderr]) it.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const url = `http://127.0.0.1:${port}`;
  for (const until = Date.now() + 90_000; ;) {
    if (child.exitCode !== null || Date.now() > until)
      throw new Error(`docker-registry does not answer; it said:\n${said}`);
    if (
      await fetch(`${url}/v2/`).then(
        () => true,
        () => false,
      )
    )
      break;
    await new Promise((done) => setTimeout(done, 100));
  }
  return {
    url,
    storage,
    pid: child.pid ?? 0,
    ask: (user, path, init = {}) => {
      const password = user && users[user][0];
      const authorization = user && `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
      return fetch(new URL(path, url), {
        ...init,
        headers: { ...init.headers, ...(authorization && { authorization }) },
      });
    },
    close: () => child.kill("SIGKILL"),
  };
}

/** Uploads a blob, as the distribution specification says. @returns Its digest. */
async function pushBlob(
  registry: DockerRegistry,
  user: User | undefined,
  repository: string,
  body: Buffer,
): Promise<string> {
  const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
  const started = await registry.ask(user, `/v2/${repository}/blobs/uploads/`, { method: "POST" });
  const location = new URL(started.headers.get("location") ?? "", registry.url);
  location.searchParams.set("digest", digest);
  const put = await registry.ask(user, location.href, {
    method: "PUT",
    body: new Uint8Array(body),
    headers: { "content-type": "application/octet-stream" },
  });
  if (put.status !== 201) throw new Error(`${repository}: ${put.status} ${await put.text()}`);
  return digest;
}

interface Layer {
  readonly body: Buffer;
  readonly mediaType: string;
}

/** Pushes an image of these layers under a tag. */
export async function pushImage(
  registry: DockerRegistry,
  user: User | undefined,
  repository: string,
  layers: readonly Layer[],
): Promise<string[]> {
  const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
  const described = [];
  for (const { body, mediaType } of [
    { body: config, mediaType: "application/vnd.oci.image.config.v1+json" },
    ...layers,
  ]) {
    described.push({ mediaType, size: body.length, digest: await pushBlob(registry, user, repository, body) });
  }
  const type = "application/vnd.oci.image.manifest.v1+json";
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: type,
    config: described[0],
    layers: described.slice(1),
  });
  const put = await registry.ask(user, `/v2/${repository}/manifests/latest`, {
    method: "PUT",
    body: manifest,
    headers: { "content-type": type },
  });
  if (put.status !== 201) throw new Error(`${repository}: ${put.status} ${await put.text()}`);
  return described.slice(1).map((it) => it.digest);
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((done) => server.close(() => done()));
  return port;
}
