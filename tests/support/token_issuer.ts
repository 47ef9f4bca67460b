/** Runs an issuer of tokens: an OpenID provider on a loopback address. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { assertEquals } from "@std/assert";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";
import { readAnswer } from "./answer.ts";

const CLIENT = "door", SECRET = "for-tests-alone-for-tests-alone";
/** Name of the service in requests for tokens. */
const RESOURCE = "urn:face-it";

/** An issuer. Disposing of it ends it. */
export interface TokenIssuer extends AsyncDisposable {
  /** Settings of a service that accepts tokens of this issuer. */
  readonly env: Readonly<Record<string, string>>;
  /** Gets a token as a program does: with its client id and secret. */
  token(options: TokenOptions): Promise<string>;
}

/** Options of a token. */
export interface TokenOptions {
  /** Scopes, separated by spaces. */
  readonly scope: string;
  /** Another audience than the service. */
  readonly audience?: string;
}

/** Starts an issuer. Its tokens are signed with RS256. */
export async function startTokenIssuer(): Promise<TokenIssuer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const scopes = "verify authenticate enrol admin audit";
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...await exportJWK(privateKey), kid: "1", alg: "RS256", use: "sig" }] },
    clients: [{
      client_id: CLIENT,
      client_secret: SECRET,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    }],
    scopes: scopes.split(" "),
    ttl: { ClientCredentials: 300 },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: scopes,
          audience: resource === RESOURCE ? "face-it" : resource,
          accessTokenFormat: "jwt",
          accessTokenTTL: 300,
        }),
      },
    },
  });
  server.on("request", provider.callback());
  return {
    env: { JWT_ISSUER: issuer, JWT_AUDIENCE: "face-it", JWT_KEYS_URL: `${issuer}/jwks` },
    async token({ scope, audience = RESOURCE }) {
      const { status, text } = await readAnswer(fetch(`${issuer}/token`, {
        method: "POST",
        headers: { Authorization: `Basic ${btoa(`${CLIENT}:${SECRET}`)}` },
        body: new URLSearchParams({ grant_type: "client_credentials", scope, resource: audience }),
      }));
      assertEquals(status, 200, text);
      return JSON.parse(text).access_token;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
