/**
 * Requests have a URL.
 * @module
 */

import { createMiddleware } from "hono/factory";
import { invalidSyntax } from "../../domain/errors.ts";

/** Refuses a request whose Host header cannot stand in a URL. */
export const requireHost = createMiddleware(
  async function requireHost(c, next) {
    if (!URL.canParse(c.req.url)) {
      throw invalidSyntax(
        "The Host header does not name a host; send one such as scim.example.com",
      );
    }
    await next();
  },
);
