/**
 * Request bodies have an end, and not a far one.
 * @module
 */

import type { Context, Env, MiddlewareHandler } from "hono";
import { invalidSyntax, ScimError } from "../../domain/errors.ts";
import type { Bodies, ReceivedBody } from "./bodies.ts";

/** A limit of the size of bodies. */
export interface BodyLimit {
  /** The largest body that is read, in bytes. */
  readonly maxSize: number;
  /** Says in the error what the limit is of: its name, or what it holds for. */
  readonly remark?: string;
}

/**
 * Reads the body of a request as a whole, so that handlers find it in memory.
 * One that is too large is 413; one whose sender goes away in the middle is 400,
 * and no defect of the server; one that takes too long is 408; one that a
 * stopping server reads no further is 503.
 *
 * @param bodies counts it until the request is answered
 * @param limitOf the limit for a request
 */
export function limitBody<E extends Env>(
  bodies: Bodies,
  limitOf: (c: Context<E>) => BodyLimit,
): MiddlewareHandler<E> {
  return async function limitBody(c, next) {
    using body = await receive(bodies, c.req.raw, limitOf(c));
    if (body !== null) {
      // Where the request looks first when a handler asks for its body.
      Object.assign(c.req.bodyCache, {
        arrayBuffer: Promise.resolve(body.bytes),
      });
    }
    await next();
  };
}

async function receive(
  bodies: Bodies,
  { body, headers }: Request,
  { maxSize, remark }: BodyLimit,
): Promise<ReceivedBody | null> {
  if (body === null) return null;
  const tooLarge = () =>
    new ScimError(
      413,
      undefined,
      `The request body is larger than ${maxSize} bytes, the most that is read` +
        (remark === undefined ? "" : ` (${remark})`),
    );
  if (Number(headers.get("Content-Length")) > maxSize) throw tooLarge();
  try {
    return await bodies.receive(body, maxSize, tooLarge);
  } catch (error) {
    if (error instanceof ScimError) throw error;
    if (error instanceof Deno.errors.BadResource) throw stopping();
    throw invalidSyntax(
      "The request body ended before it was complete; send the request again",
    );
  }
}

/**
 * 503: Deno ends the reading of bodies when the server shuts down. It says the
 * same when the sender has gone away, who gets no answer then.
 */
function stopping(): ScimError {
  return new ScimError(
    503,
    undefined,
    "The server is stopping and did not read the request; send it again",
    { "Retry-After": "2" },
  );
}
