// An OpenID Connect provider of a test, over real HTTP: it says what a test wants said, right or wrong.
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** What it changes of an honest answer. */
interface Lies {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly alg?: "none" | "HS256";
  /** Signs with a key that it does not show. */
  readonly otherKey?: boolean;
  /** Calls itself so when it leads back (RFC 9207). */
  readonly iss?: string;
}

export interface Issuer {
  readonly url: string;
  /** Says so of the person from now on. */
  say(claims: Readonly<Record<string, unknown>>, lies?: Lies): void;
  /** Requests for tokens that it refused: a wrong verifier, a code twice. */
  readonly refused: string[];
  close(): Promise<void>;
}

interface Asked {
  readonly nonce: string;
  readonly challenge: string;
  readonly redirect: string;
}

export const clientId = "outweigh-test";
export const clientSecret = "hush-hush";

/** Starts one. `/authorize` answers at once: the person has signed in there already. */
export async function anIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const { privateKey: hidden } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const codes = new Map<string, Asked>();
  const refused: string[] = [];
  let said: Readonly<Record<string, unknown>> = { sub: "nobody" };
  let lies: Lies = {};
  let url = "";

  const token = ({ nonce }: Asked): string => {
    const seconds = Math.floor(Date.now() / 1000);
    const claims = { iss: url, aud: clientId, iat: seconds, exp: seconds + 300, nonce, ...said, ...lies.claims };
    return jwt(claims, lies.alg ?? "RS256", lies.otherKey === true ? hidden : privateKey);
  };
  const answerFor = (code: string, verifier: string, redirect: string) => {
    const asked = codes.get(code);
    codes.delete(code);
    const challenge = createHash("sha256").update(verifier).digest("base64url");
    if (!asked || asked.challenge !== challenge || asked.redirect !== redirect) {
      refused.push(code);
      return undefined;
    }
    return { access_token: "none", token_type: "Bearer", expires_in: 60, id_token: token(asked) };
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams: query } = new URL(request.url ?? "/", url);
    const json = (body: unknown, status = 200) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (pathname === "/.well-known/openid-configuration") return json(metadata(url));
    if (pathname === "/jwks")
      return json({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k", use: "sig", alg: "RS256" }] });
    if (pathname === "/authorize") {
      const code = randomBytes(16).toString("hex");
      const redirect = query.get("redirect_uri") ?? "";
      codes.set(code, { nonce: query.get("nonce") ?? "", challenge: query.get("code_challenge") ?? "", redirect });
      const back = new URL(redirect);
      back.search = new URLSearchParams({ code, state: query.get("state") ?? "", iss: lies.iss ?? url }).toString();
      return response.writeHead(303, { location: back.href }).end();
    }
    if (pathname === "/token" && request.method === "POST") {
      return void bodyOf(request).then((form) => {
        const answer = answerFor(
          form.get("code") ?? "",
          form.get("code_verifier") ?? "",
          form.get("redirect_uri") ?? "",
        );
        return answer ? json(answer) : json({ error: "invalid_grant" }, 400);
      });
    }
    return json({}, 404);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  // The port is known once it listens.
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    refused,
    say: (claims, how = {}) => {
      said = claims;
      lies = how;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

function metadata(url: string) {
  return {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    jwks_uri: `${url}/jwks`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    authorization_response_iss_parameter_supported: true,
    token_endpoint_auth_methods_supported: ["client_secret_basic"],
  };
}

function jwt(claims: object, alg: "RS256" | "none" | "HS256", key: KeyObject): string {
  const part = (it: object) => Buffer.from(JSON.stringify(it)).toString("base64url");
  const text = `${part({ alg, kid: "k" })}.${part(claims)}`;
  return alg === "RS256" ? `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}` : `${text}.`;
}

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = "";
  for await (const piece of request) text += String(piece);
  return new URLSearchParams(text);
}
