import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
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
const apiError = z.object({ error: z.string().optional(), message: z.string() });

/** How long a server may take to answer, in ms: a pack of a large incident takes seconds. */
const answerMs = 60_000;
/** How long a server that says that it is busy is asked again, and how often, in ms. */
const [patienceMs, againMs] = [30_000, 500];

/** The option of every command that asks a running server. */
export const dataOption = {
  data: { type: "string", value: "DIR", about: "The data folder of the running server (default: the configured one)" },
} as const satisfies Options;

/** A server that runs on this machine, reached as the person who owns its data folder. */
interface LocalServer {
  readonly url: string;
  /** A link that signs one browser in, once. */
  link(): Promise<string>;
  /** Signs in; the session is ended again by `end`. */
  signIn(): Promise<Session>;
}

export interface Session {
  /** @throws {CliError} FAILED with the server's own words. */
  get(path: string): Promise<Response>;
  /** @throws {CliError} FAILED with the server's own words. */
  post(path: string, body: object): Promise<Response>;
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
  const makeLink = async (): Promise<string> => {
    const answer = await ask(`${url}/api/links`, { method: "POST", headers: { authorization: `Bearer ${token}` } });
    return url + link.parse(await answer.json()).path;
  };
  return { url, link: makeLink, signIn: async () => signIn(url, await makeLink()) };
}

/** Signs in at the server that works in a data folder, for as long as `work` takes. @throws {CliError} FAILED */
export async function withSession<T>(dataDir: string, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await localServer(dataDir).signIn();
  try {
    return await work(session);
  } finally {
    await session.end();
  }
}

async function signIn(url: string, openLink: string): Promise<Session> {
  const answer = await ask(openLink, { redirect: "manual", headers: { accept: "application/json" } });
  const cookie = (answer.headers.getSetCookie()[0] ?? "").split(";")[0] ?? "";
  const headers = { cookie, origin: url, [sessionHeader]: opened.parse(await answer.json()).key };
  return {
    get: (path) => ask(url + path, { headers }),
    post: (path, body) =>
      ask(url + path, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    end: async () => void (await ask(`${url}/api/session/end`, { method: "POST", headers })),
  };
}

/** Asks, again while the server says that it is busy and did nothing, and turns every answer but a good one into words. */
export async function ask(url: string, init: RequestInit): Promise<Response> {
  for (const began = performance.now(); ; await sleep(againMs)) {
    const answer = await once(url, init);
    if (answer.status < 400) return answer;
    const { data: said } = apiError.safeParse(await answer.json().catch(() => undefined));
    if (said?.error === "BUSY" && performance.now() - began < patienceMs) continue;
    throw new CliError("FAILED", said?.message ?? `the server answered ${answer.status}`);
  }
}

async function once(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(answerMs) });
  } catch (cause) {
    throw new CliError("FAILED", `the server at ${new URL(url).origin} does not answer: is it running?`, { cause });
  }
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
