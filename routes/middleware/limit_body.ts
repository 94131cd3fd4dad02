/**
 * Request bodies have an end, and not a far one.
 * @module
 */

import type { MiddlewareHandler } from "hono";
import { invalidSyntax, ScimError } from "../../domain/errors.ts";
import type { Bodies, ReceivedBody } from "./bodies.ts";

/**
 * Reads the body of a request as a whole, so that handlers find it in memory.
 * One that is too large is 413; one whose sender goes away in the middle is 400,
 * and no defect of the server; one that takes too long is 408.
 *
 * @param bodies counts it until the request is answered
 * @param maxSize in bytes
 * @param name the name of the limit, if clients can look it up
 */
export function limitBody(
  bodies: Bodies,
  maxSize: number,
  name?: string,
): MiddlewareHandler {
  const tooLarge = () =>
    new ScimError(
      413,
      undefined,
      `The request body is larger than ${maxSize} bytes, the most that is read` +
        (name === undefined ? "" : ` (${name})`),
    );
  const receive = async (request: Request): Promise<ReceivedBody | null> => {
    const { body, headers } = request;
    if (body === null) return null;
    if (Number(headers.get("Content-Length")) > maxSize) throw tooLarge();
    try {
      return await bodies.receive(body, maxSize, tooLarge);
    } catch (error) {
      if (error instanceof ScimError) throw error;
      throw invalidSyntax(
        "The request body ended before it was complete; send the request again",
      );
    }
  };
  return async function limitBody(c, next) {
    using body = await receive(c.req.raw);
    if (body !== null) {
      // Where the request looks first when a handler asks for its body.
      Object.assign(c.req.bodyCache, {
        arrayBuffer: Promise.resolve(body.bytes),
      });
    }
    await next();
  };
}
