/**
 * URLs have an end.
 * @module
 */

import { createMiddleware } from "hono/factory";
import { ScimError } from "../../domain/errors.ts";
import { MAX_URL_LENGTH } from "../../domain/limits.ts";

/** Refuses a URL that is too long: 414. */
export const limitUrl = createMiddleware(async function limitUrl(c, next) {
  if (c.req.url.length > MAX_URL_LENGTH) {
    throw new ScimError(
      414,
      undefined,
      `The URL is longer than ${MAX_URL_LENGTH} characters; send a long query ` +
        "by POST /.search",
    );
  }
  await next();
});
