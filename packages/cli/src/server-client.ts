import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ApiError, ask, outweigh, type Api, type Heard } from "@outweigh/client";
import { opened, sessionHeader } from "@outweigh/schema";
import { z } from "zod";
import type { Options } from "./command.ts";
import { CliError } from "./error.ts";

/** What a running server writes into its data folder. */
const owner = z.object({
  pid: z.int().positive(),
  /** When the process began, as the kernel counts; empty where it cannot be told. */
  began: z.string(),
  url: z.string().regex(/^http:\/\/127\.0\.0\.1:\d{1,5}$/, "expected an address of this machine"),
});

const link = z.object({ path: z.string().startsWith("/open?t=") });

/** The option of every command that asks a running server. */
export const dataOption = {
  data: { type: "string", value: "DIR", about: "The data folder of the running server (default: the configured one)" },
} as const satisfies Options;

/** A server that runs on this machine, reached as the person who owns its data folder. */
interface LocalServer {
  readonly url: string;
  /** A link that signs one browser in, once. */
  link(): Promise<string>;
  /** Signs in as the owner of the data folder; the session is ended again by `end`. */
  signIn(): Promise<Session>;
  /** Signs in as a person with an account. */
  signInAs(who: { readonly name: string; readonly password: string; readonly code?: string }): Promise<Session>;
}

export interface Session {
  readonly api: Api;
  end(): Promise<void>;
}

/** The server that works in a data folder. @throws {CliError} FAILED if there is none. */
export function localServer(dataDir: string): LocalServer {
  const url = read(dataDir, "server.json", (text) => {
    const { pid, began, url: at } = owner.parse(JSON.parse(text));
    if (!isAlive(pid, began)) throw new Error(`process ${pid} is gone`);
    return at;
  });
  const token = read(dataDir, "open.token", (text) => text.trim());
  const owned = outweigh({ url, token });
  const makeLink = async () => url + (await known(link, owned.post("/api/links"))).path;
  return {
    url,
    link: makeLink,
    signIn: async () => signIn(url, await makeLink()),
    signInAs: (who) => signInAs(url, who),
  };
}

/**
 * Signs in at the server that works in a data folder, for as long as `work` takes.
 *
 * @throws {CliError} FAILED if there is none. {ApiError} in the server's own words.
 */
export async function withSession<T>(dataDir: string, work: (api: Api) => Promise<T>): Promise<T> {
  const session = await localServer(dataDir).signIn();
  try {
    return await work(session.api);
  } finally {
    await session.end();
  }
}

/** An answer, or a row of one, whose shape this version knows. @throws {ApiError} UNKNOWN_ANSWER */
export async function known<T>(shape: z.ZodType<T>, answer: unknown): Promise<T> {
  const { data, error } = shape.safeParse(await answer);
  if (!error) return data;
  const [{ path = [], message = "" } = {}] = error.issues;
  const where = path.length === 0 ? "" : `${path.join(".")}: `;
  throw new ApiError("UNKNOWN_ANSWER", `the server answers what this version does not know: ${where}${message}`, 200);
}

async function signIn(url: string, openLink: string): Promise<Session> {
  return sessionOf(url, await ask(new URL(openLink), { headers: { accept: "application/json" } }));
}

async function signInAs(url: string, who: object): Promise<Session> {
  const headers = { origin: url, "content-type": "application/json" };
  return sessionOf(
    url,
    await ask(new URL("/api/sign-in", url), { method: "POST", headers, body: JSON.stringify(who) }),
  );
}

async function sessionOf(url: string, { headers, answer }: Heard): Promise<Session> {
  const cookie = (headers.getSetCookie()[0] ?? "").split(";")[0] ?? "";
  const { key } = await known(opened, answer);
  const api = outweigh({ url, headers: { cookie, origin: url, [sessionHeader]: key } });
  return { api, end: () => api.post("/api/session/end") };
}

/** A server that was killed leaves its address behind: somebody else may listen there by now, and must not get our token. */
function isAlive(pid: number, began: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  if (process.platform !== "linux" || began === "") return true;
  // proc_pid_stat(5): the 22nd field, counted after the name in parentheses.
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] === began;
}

function read<T>(folder: string, name: string, parse: (text: string) => T): T {
  try {
    return parse(readFileSync(join(folder, name), "utf8"));
  } catch (cause) {
    throw new CliError(
      "FAILED",
      `no server runs in ${folder}: "npx outweigh up" starts one, --data names another folder`,
      {
        cause,
      },
    );
  }
}
