// Signing in by an OpenID Connect provider: authorization code with PKCE, state and nonce, by a well-kept library.
import { randomBytes } from "node:crypto";
import { personAddress, type Grant, type ProviderEntry } from "@outweigh/schema";
import * as client from "openid-client";
import { z } from "zod";
import { secretFrom, type Env } from "../env.ts";
import { ServerError } from "../error.ts";
import { decrypt, encrypt } from "./second-factor.ts";
import { newSecret } from "./tokens.ts";

/** How long somebody may take at the provider, in ms. */
const awayMs = 10 * 60_000;
/** How long the provider may take to answer us, in seconds. */
const answerSeconds = 10;
/** How long what it says of itself is believed, in ms: its keys are read anew when a signature asks for one we have not. */
const believedMs = 60 * 60_000;

/** A sign-in that is under way. Its browser keeps it, encrypted: whoever begins thousands ends nobody else's. */
const away = z.object({ state: z.string(), verifier: z.string(), nonce: z.string(), expiresAt: z.number() });

/** Whom the provider vouches for. */
interface Provided {
  /** Issuer and subject: what an account is known by. */
  readonly subject: string;
  /** What people call them. Two may have the same. */
  readonly name: string;
  /** None, where nothing of what the provider says gives a role. */
  readonly grants: readonly Grant[];
  /** Where mail for them goes, if the provider says that it verified it. */
  readonly address?: string;
}

interface ProviderOptions {
  /** Where browsers reach us, if not on this machine. */
  readonly url: string | undefined;
  readonly env: Env;
}

export class Provider {
  readonly name: string;
  readonly #entry: ProviderEntry;
  readonly #options: ProviderOptions;
  /** Seals what browsers keep. A restart ends what is under way. */
  readonly #key = randomBytes(32);
  #asking: Promise<client.Configuration> | undefined;
  #configuration: { readonly it: client.Configuration; readonly until: number } | undefined;

  constructor(entry: ProviderEntry, options: ProviderOptions) {
    this.name = entry.name;
    this.#entry = entry;
    this.#options = options;
  }

  /** Where to send a browser, and what it must bring back in a cookie. @throws {ServerError} PROVIDER_UNAVAILABLE */
  async begin(own: string, now: number): Promise<{ readonly to: URL; readonly kept: string }> {
    const configuration = await this.#discover(now);
    const [state, nonce, verifier] = [newSecret(), newSecret(), client.randomPKCECodeVerifier()];
    const kept = encrypt(JSON.stringify({ state, verifier, nonce, expiresAt: now + awayMs }), this.#key);
    const to = client.buildAuthorizationUrl(configuration, {
      redirect_uri: this.#back(own),
      scope: this.#entry.scope,
      response_type: "code",
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      nonce,
    });
    return { to, kept };
  }

  /**
   * Whom the provider vouches for, from the address that the browser came back to. `kept` is its cookie; that it is used once is the
   * provider's to see, by the code.
   *
   * @throws {ServerError} BAD_SIGN_IN, PROVIDER_UNAVAILABLE
   */
  async finish(search: string, { kept, own, now }: { kept: string | undefined; own: string; now: number }) {
    const it = this.#decrypted(kept);
    if (!it || it.expiresAt <= now) throw notVouched();
    const configuration = await this.#discover(now);
    let claims: client.IDToken | undefined;
    try {
      const tokens = await client.authorizationCodeGrant(configuration, new URL(this.#back(own) + search), {
        pkceCodeVerifier: it.verifier,
        expectedState: it.state,
        expectedNonce: it.nonce,
        idTokenExpected: true,
      });
      claims = tokens.claims();
    } catch (cause) {
      throw notVouched(cause);
    }
    if (!claims) throw notVouched();
    return this.#provided(claims);
  }

  #decrypted(kept: string | undefined): z.infer<typeof away> | undefined {
    if (kept === undefined) return undefined;
    try {
      return away.parse(JSON.parse(decrypt(kept, this.#key)));
    } catch {
      return undefined; // Not ours, or of before a restart.
    }
  }

  #provided(claims: client.IDToken): Provided {
    const { claim, roles, issuer } = this.#entry;
    const values = [claims[claim]].flat();
    const grants = roles.flatMap(({ value, ...grant }) => (values.includes(value) ? [grant] : []));
    const said = claims["preferred_username"];
    const name = (typeof said === "string" ? said : claims.sub).toLowerCase().replace(/[^a-z0-9._@-]/g, "-");
    const address = claims["email_verified"] === true ? personAddress.safeParse(claims["email"]).data : undefined;
    return {
      subject: JSON.stringify([issuer, claims.sub]),
      name: name.slice(0, 64) || "unnamed",
      grants,
      ...(address !== undefined && { address }),
    };
  }

  /** Where the provider sends browsers back to: registered there, to the letter. */
  #back(own: string): string {
    return new URL("/api/sign-in/back", this.#options.url ?? own).href;
  }

  /** However many sign in, the provider is asked once. */
  #discover(now: number): Promise<client.Configuration> {
    if (this.#configuration && this.#configuration.until > now) return Promise.resolve(this.#configuration.it);
    return (this.#asking ??= this.#ask(now).finally(() => (this.#asking = undefined)));
  }

  async #ask(now: number): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret } = this.#entry;
    const secret = secretFrom(this.#options.env, clientSecret, unavailable);
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
