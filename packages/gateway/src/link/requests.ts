// The gateway's requests to its server: signed, numbered, bounded.
import { hostname } from "node:os";
import { createPublicKey } from "node:crypto";
import {
  apiError,
  enrolAnswer,
  gatewayReportAnswer,
  type GatewayReport,
  type GatewayReportAnswer,
} from "@outweigh/schema";
import { newIdentityKey, signedHeaders, type Identity } from "./identity.ts";
import { parsed } from "../json/parsed.ts";

/** How long a server may take, in ms: it holds a report for five seconds while it has nothing to say. */
const answerMs = 30_000;
/** Longest answer that is read, in bytes: twenty orders of half a MiB. */
const maxAnswerBytes = 16 * 1024 * 1024;
const reportPath = "/api/gateways/report";

/** Why a request came to nothing: `away` passes by itself, `unknown` does not, `stale` wants a higher number. */
export class LinkError extends Error {
  override readonly name = "LinkError";
  readonly why: "away" | "unknown" | "stale" | "refused";
  constructor(why: LinkError["why"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.why = why;
  }
}

interface Enrolling {
  readonly server: string;
  readonly token: string;
  /** What tells this gateway from others of the installation. */
  readonly name: string;
  /** The origin of its evidence. */
  readonly origin: string;
}

/** Makes a key and shows the token once. @throws {LinkError} */
export async function enrolAt({ server, token, name, origin }: Enrolling): Promise<Identity> {
  const { key, publicKey } = newIdentityKey();
  const body = Buffer.from(JSON.stringify({ token, publicKey, gateway: { name, origin, host: hostname() } }));
  const { agent, serverKey } = enrolAnswer.parse(await ask(server, "/api/gateways/enrol", body, {}));
  const der = { key: Buffer.from(serverKey, "base64"), type: "spki", format: "der" } as const;
  return { server, id: agent, key, serverKey: createPublicKey(der) };
}

/** What the report held is on the server's disk when this resolves. @throws {LinkError} */
export async function sendReport(
  identity: Identity,
  counter: number,
  report: GatewayReport,
  news: AbortSignal,
): Promise<GatewayReportAnswer> {
  const body = Buffer.from(JSON.stringify(report));
  const headers = signedHeaders(identity, reportPath, counter, body);
  return gatewayReportAnswer.parse(await ask(identity.server, reportPath, body, headers, news));
}

async function ask(
  server: string,
  path: string,
  body: Buffer,
  headers: Record<string, string>,
  news?: AbortSignal,
): Promise<unknown> {
  let answer: Response;
  let text: string;
  try {
    const late = AbortSignal.timeout(answerMs);
    answer = await fetch(new URL(path, server), {
      method: "POST",
      redirect: "error",
      headers: { ...headers, "content-type": "application/json" },
      body: new Uint8Array(body),
      signal: news ? AbortSignal.any([late, news]) : late,
    });
    text = await readAnswer(answer);
  } catch (cause) {
    throw new LinkError("away", `the server at ${server} does not answer`, { cause });
  }
  const value = parsed(text);
  if (answer.status < 300 && value !== undefined) return value;
  const said = apiError.safeParse(value);
  const message = `the server at ${server}: ${said.success ? said.data.message : `it answered ${answer.status}`}`;
  if (answer.status === 401) throw new LinkError("unknown", message);
  if (answer.status === 409 && path === reportPath) throw new LinkError("stale", message);
  const passing = answer.status >= 500 || answer.status === 429 || answer.status === 408;
  throw new LinkError(passing ? "away" : "refused", message);
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
