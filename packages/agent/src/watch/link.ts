// The agent's requests to its server: the only connections it makes.
import { arch, hostname, release, userInfo } from "node:os";
import { readFileSync } from "node:fs";
import {
  apiError,
  enrolAnswer,
  reportAnswer,
  type AgentReport,
  type HostFacts,
  type ReportAnswer,
} from "@outweigh/schema";
import { signerId } from "../scan/signed-scan.ts";
import { readTable } from "../scan/listeners.ts";
import { AgentError } from "./error.ts";
import { makeIdentity, newKey, signedHeaders, type Identity } from "./identity.ts";

/** How long a server may take to answer, in ms. */
const answerMs = 30_000;
/** Longest answer read, in bytes: twenty orders with a hundred folders each. */
const maxAnswerBytes = 16 * 1024 * 1024;

const { version }: { version: string } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
);

function factsOfHost(): HostFacts {
  const name = /^PRETTY_NAME="?([^"\n]*)/m.exec(readTable("/etc/os-release") ?? "")?.[1];
  const user = userInfo().username;
  return { name: hostname(), system: name ?? process.platform, kernel: release(), arch: arch(), version, user };
}

/**
 * Enrols this host: makes its key, shows the token once, and keeps what the server says.
 * @throws {AgentError} REFUSED, UNREACHABLE, ENROLLED
 */
export async function enrol(
  server: string,
  token: string,
  identityFile: string,
): Promise<{ readonly agent: string; readonly key: string }> {
  const { key, publicKey } = newKey();
  const body = Buffer.from(JSON.stringify({ token, publicKey, host: factsOfHost() }));
  let agent = "";
  await makeIdentity(identityFile, async () => {
    const answer = enrolAnswer.parse(await ask(server, "/api/agents/enrol", body, {}));
    agent = answer.agent;
    return { server, key, ...answer };
  });
  return { agent, key: signerId(key) };
}

/** Sends a report. What it held is on the server's disk when this returns. @throws {AgentError} REFUSED, UNREACHABLE */
export async function sendReport(identity: Identity, counter: number, report: AgentReport): Promise<ReportAnswer> {
  const path = "/api/agents/report";
  const body = Buffer.from(JSON.stringify(report));
  return reportAnswer.parse(await ask(identity.server, path, body, signedHeaders(identity, path, counter, body)));
}

async function ask(server: string, path: string, body: Buffer, headers: Record<string, string>): Promise<unknown> {
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(new URL(path, server), {
      method: "POST",
      redirect: "error",
      headers: { ...headers, "content-type": "application/json" },
      body: new Uint8Array(body),
      signal: AbortSignal.timeout(answerMs),
    });
    text = await readAnswer(answer);
  } catch (cause) {
    throw new AgentError("UNREACHABLE", `the server at ${new URL(server).origin} does not answer`, { cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (answer.status < 300 && value !== undefined) return value;
  const said = apiError.safeParse(value);
  const message = said.success ? said.data.message : `it answered ${answer.status}`;
  // These pass, 408 too: whoever slows the line down must not end the agent. What else is refused stays refused.
  const passing = answer.status >= 500 || answer.status === 429 || answer.status === 408;
  throw new AgentError(passing ? "UNREACHABLE" : "REFUSED", `the server at ${new URL(server).origin}: ${message}`);
}

async function readAnswer(answer: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body ?? []) {
    bytes += piece.length;
    if (bytes > maxAnswerBytes) throw new Error(`an answer of more than ${maxAnswerBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
