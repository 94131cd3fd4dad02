/**
 * Answers to methods and endpoints that are not there.
 * @module
 */

import type { Context } from "hono";
import { ScimError } from "../../domain/errors.ts";
import { clip } from "../../domain/text.ts";

/** 405 with the methods that an endpoint has (RFC 9110 section 15.5.6). */
export function methodNotAllowed(...methods: readonly string[]) {
  const allow = methods.join(", ");
  return (c: Context): never => {
    throw new ScimError(
      405,
      undefined,
      `This endpoint does not have the method ${clip(c.req.method, 20)}; ` +
        `it has ${allow}`,
      { Allow: allow },
    );
  };
}

/** 501: part of the RFC, but not of this server. */
export function notImplemented(what: string) {
  return (): never => {
    throw new ScimError(
      501,
      undefined,
      `${what} is not supported; /ServiceProviderConfig tells what is`,
    );
  };
}
