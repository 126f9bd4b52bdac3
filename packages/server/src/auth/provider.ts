// Signing in by an OpenID Connect provider: authorization code with PKCE, state and nonce, by a well-kept library.
import type { Grant, ProviderEntry } from "@outweigh/schema";
import * as client from "openid-client";
import { ServerError } from "../error.ts";
import { newSecret } from "./tokens.ts";

/** How long somebody may take at the provider, in ms. */
const awayMs = 10 * 60_000;
/** Sign-ins that may be under way at once; the oldest goes. */
const maxAway = 1000;
/** How long the provider may take to answer us, in seconds. */
const answerSeconds = 10;
/** How long what it says of itself is believed, in ms: its keys are read anew when a signature asks for one we have not. */
const believedMs = 60 * 60_000;

interface Away {
  readonly verifier: string;
  readonly nonce: string;
  readonly expiresAt: number;
}

/** Whom the provider vouches for. */
export interface Provided {
  /** Issuer and subject: what an account is known by. */
  readonly subject: string;
  /** What people call them. Two may have the same. */
  readonly name: string;
  readonly grants: readonly Grant[];
}

export interface ProviderOptions {
  /** Where browsers reach us, if not on this machine. */
  readonly url: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export class Provider {
  readonly name: string;
  readonly #entry: ProviderEntry;
  readonly #options: ProviderOptions;
  readonly #away = new Map<string, Away>();
  #configuration: { readonly it: client.Configuration; readonly until: number } | undefined;

  constructor(entry: ProviderEntry, options: ProviderOptions) {
    this.name = entry.name;
    this.#entry = entry;
    this.#options = options;
  }

  /** Where to send a browser, and what it must bring back in a cookie. @throws {ServerError} PROVIDER_UNAVAILABLE */
  async begin(own: string, now: number): Promise<{ readonly to: URL; readonly state: string }> {
    const configuration = await this.#discover(now);
    for (const [it, { expiresAt }] of this.#away) if (expiresAt <= now) this.#away.delete(it);
    const [oldest] = this.#away.keys();
    if (this.#away.size >= maxAway && oldest !== undefined) this.#away.delete(oldest);
    const [state, nonce, verifier] = [newSecret(), newSecret(), client.randomPKCECodeVerifier()];
    this.#away.set(state, { verifier, nonce, expiresAt: now + awayMs });
    const to = client.buildAuthorizationUrl(configuration, {
      redirect_uri: this.#back(own),
      scope: this.#entry.scope,
      response_type: "code",
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      nonce,
    });
    return { to, state };
  }

  /**
   * Whom the provider vouches for, from the address that the browser came back to. `state` is the one of its cookie.
   *
   * @throws {ServerError} BAD_SIGN_IN, NO_ROLE, PROVIDER_UNAVAILABLE
   */
  async finish(search: string, { state, own, now }: { state: string | undefined; own: string; now: number }) {
    const away = state === undefined ? undefined : this.#away.get(state);
    if (state !== undefined) this.#away.delete(state);
    if (!away || state === undefined || away.expiresAt <= now) throw notVouched();
    const configuration = await this.#discover(now);
    let claims: client.IDToken | undefined;
    try {
      const tokens = await client.authorizationCodeGrant(configuration, new URL(this.#back(own) + search), {
        pkceCodeVerifier: away.verifier,
        expectedState: state,
        expectedNonce: away.nonce,
        idTokenExpected: true,
      });
      claims = tokens.claims();
    } catch (cause) {
      throw notVouched(cause);
    }
    if (!claims) throw notVouched();
    return this.#provided(claims);
  }

  #provided(claims: client.IDToken): Provided {
    const { claim, roles, issuer } = this.#entry;
    const values = [claims[claim]].flat();
    const grants = roles.flatMap(({ value, ...grant }) => (values.includes(value) ? [grant] : []));
    if (grants.length === 0)
      throw new ServerError("NO_ROLE", "the identity provider knows you; nothing gives you a role");
    const said = claims["preferred_username"];
    const name = (typeof said === "string" ? said : claims.sub).toLowerCase().replace(/[^a-z0-9._@-]/g, "-");
    return { subject: JSON.stringify([issuer, claims.sub]), name: name.slice(0, 64) || "unnamed", grants };
  }

  /** Where the provider sends browsers back to: registered there, to the letter. */
  #back(own: string): string {
    return new URL("/api/sign-in/back", this.#options.url ?? own).href;
  }

  async #discover(now: number): Promise<client.Configuration> {
    if (this.#configuration && this.#configuration.until > now) return this.#configuration.it;
    const { issuer, clientId, clientSecret } = this.#entry;
    const secret = this.#options.env[clientSecret.slice(2, -1)];
    if (!secret) throw unavailable(`the environment has no ${clientSecret.slice(2, -1)}`);
    const at = new URL(issuer);
    // In the clear to this machine alone: a provider beside us, and tests.
    const isNear = at.protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(at.hostname);
    try {
      const it = await client.discovery(at, clientId, secret, client.ClientSecretBasic(secret), {
        timeout: answerSeconds,
        ...(isNear && { execute: [client.allowInsecureRequests] }),
      });
      client.enableNonRepudiationChecks(it);
      this.#configuration = { it, until: now + believedMs };
      return it;
    } catch (cause) {
      throw unavailable("it was not reached, or is not what its address says", cause);
    }
  }
}

function notVouched(cause?: unknown): ServerError {
  return new ServerError("BAD_SIGN_IN", "the identity provider did not vouch for you: try again", { cause });
}

function unavailable(why: string, cause?: unknown): ServerError {
  return new ServerError("PROVIDER_UNAVAILABLE", `the identity provider cannot be used: ${why}`, { cause });
}
