/**
 * Bearer tokens (RFC 6750) in front of every SCIM route that is not discovery.
 * @module
 */

import { ScimError } from "../../domain/errors.ts";
import { PROFILES } from "../../domain/profile.ts";
import type { TokenRepository } from "../../storage/tokens.ts";
import { createMiddleware } from "hono/factory";
import type { Client, ScimEnvironment } from "../scim/environment.ts";

const REALM = 'Bearer realm="edge-scim"';

/** The token of an Authorization header; the scheme is read without case. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header ?? "")?.[1];
}

/** The client that a request comes from; undefined when it sends no valid token. */
export async function identify(
  header: string | undefined,
  tokens: TokenRepository,
): Promise<Client | undefined> {
  const secret = bearerToken(header);
  const token = secret === undefined ? undefined : await tokens.find(secret);
  return token && { token, profile: PROFILES[token.profile] };
}

/**
 * Lets requests with a valid token through: 401 without one, 403 for a write
 * with a token that may only read.
 */
export function authenticate(tokens: TokenRepository) {
  return createMiddleware<ScimEnvironment>(
    async function authenticate(c, next) {
      const header = c.req.header("Authorization");
      const client = await identify(header, tokens);
      if (client === undefined) throw unauthorized(header);
      const searches = c.req.method === "POST" &&
        c.req.path.endsWith("/.search");
      const reads = searches || ["GET", "HEAD"].includes(c.req.method);
      if (!reads && !client.token.scopes.includes("scim")) {
        throw new ScimError(
          403,
          undefined,
          'This token may only read (scope "scim:read"); writing needs a token ' +
            'with the scope "scim"',
          {
            "WWW-Authenticate":
              `${REALM}, error="insufficient_scope", scope="scim"`,
          },
        );
      }
      c.set("client", client);
      await next();
    },
  );
}

function unauthorized(header: string | undefined): ScimError {
  if (bearerToken(header) === undefined) {
    return new ScimError(
      401,
      undefined,
      'A bearer token is missing; send it as "Authorization: Bearer <token>"',
      { "WWW-Authenticate": REALM },
    );
  }
  return invalidToken();
}

/** 401 for a token that is not valid, or not any more. */
export function invalidToken(): ScimError {
  return new ScimError(
    401,
    undefined,
    "The bearer token is unknown, expired or revoked; ask the administrator " +
      "for a new one",
    {
      "WWW-Authenticate":
        `${REALM}, error="invalid_token", error_description="unknown, expired or revoked"`,
    },
  );
}
