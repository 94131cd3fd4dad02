/**
 * /Me (RFC 7644 section 3.11): the user that the client's token is bound to.
 * @module
 */

import { Hono } from "hono";
import { ScimError } from "../../domain/errors.ts";
import type { ScimEnvironment } from "./environment.ts";
import type { Forward } from "./forward.ts";
import { methodNotAllowed } from "./methods.ts";

/** Headers that mean the same at /Me as at the user's own URL. */
const FORWARDED = ["Content-Type", "If-Match", "If-None-Match"];

/** Builds /Me. The Location of its answers is the user's own URL. */
export function me(forward: Forward): Hono<ScimEnvironment> {
  const app = new Hono<ScimEnvironment>();
  app.on(["GET", "PUT", "PATCH", "DELETE"], "/Me", async (c) => {
    const client = c.get("client");
    const { userId } = client.token;
    if (userId === undefined) {
      throw new ScimError(
        501,
        undefined,
        "This token is not bound to a user; /Me is there for tokens that were " +
          'issued with a "userId"',
      );
    }
    const headers = new Headers();
    for (const name of FORWARDED) {
      const value = c.req.header(name);
      if (value !== undefined) headers.set(name, value);
    }
    const { search } = new URL(c.req.url);
    const reads = ["GET", "HEAD"].includes(c.req.method);
    return await forward(`/Users/${encodeURIComponent(userId)}${search}`, {
      method: c.req.method,
      headers,
      ...(reads ? {} : { body: await c.req.arrayBuffer() }),
    }, {
      base: c.get("base"),
      client,
      wantsBody: true,
    });
  });
  app.all("/Me", methodNotAllowed("GET", "PUT", "PATCH", "DELETE"));
  return app;
}
