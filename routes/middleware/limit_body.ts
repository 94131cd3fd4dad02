/**
 * Request bodies have an end, and not a far one.
 * @module
 */

import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { invalidSyntax, ScimError } from "../../domain/errors.ts";

/**
 * Reads the body of a request as a whole, so that handlers find it in memory.
 * One that is too large is 413; one whose sender goes away in the middle is 400,
 * and no defect of the server.
 *
 * @param maxSize in bytes
 * @param name the name of the limit, if clients can look it up
 */
export function limitBody(maxSize: number, name?: string): MiddlewareHandler {
  const limit = bodyLimit({
    maxSize,
    onError: () => {
      throw new ScimError(
        413,
        undefined,
        `The request body is larger than ${maxSize} bytes, the most that is read` +
          (name === undefined ? "" : ` (${name})`),
      );
    },
  });
  return async function limitBody(c, next) {
    try {
      await limit(c, async () => {
        if (c.req.raw.body !== null) await c.req.arrayBuffer();
      });
    } catch (error) {
      if (error instanceof ScimError) throw error;
      throw invalidSyntax(
        "The request body ended before it was complete; send the request again",
      );
    }
    await next();
  };
}
