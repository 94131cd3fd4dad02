/**
 * Answers to methods that an endpoint does not have.
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
