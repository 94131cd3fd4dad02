/**
 * Answers to endpoints that are not there, and to methods that one does not have.
 * @module
 */

import type { Context } from "hono";
import { notFound, ScimError } from "../../domain/errors.ts";
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

/** 404 for a path that is no endpoint. */
export function noEndpoint(c: Context): never {
  throw notFound(
    `There is no endpoint ${clip(c.req.path, 80)}; /ResourceTypes tells ` +
      "which there are",
  );
}
