/**
 * How many requests each token may send.
 * @module
 */

import { createMiddleware } from "hono/factory";
import { ScimError } from "../../domain/errors.ts";
import type { ScimEnvironment } from "../scim/environment.ts";
import type { Services } from "../services.ts";
import { retryAfter } from "./buckets.ts";

/** How many seconds' worth of requests a token may send at once. */
const BURST_SECONDS = 10;

/**
 * Lets a token's requests through at the rate of its tenant: 429 with Retry-After
 * beyond it. Each HTTP request counts as one, a bulk request too: its operations
 * are limited by their number. The count is kept by each process for itself.
 */
export function limitRate({ limits, clock }: Services) {
  return createMiddleware<ScimEnvironment>(
    async function limitRate(c, next) {
      const { requestsPerSecond = limits.requestsPerSecond } =
        c.get("current").settings;
      const wait = limits.rates.take(c.get("client").token.id, {
        burst: requestsPerSecond * BURST_SECONDS,
        perSecond: requestsPerSecond,
      }, clock().getTime());
      if (wait > 0) throw tooMany(requestsPerSecond, wait);
      await next();
    },
  );
}

function tooMany(requestsPerSecond: number, wait: number): ScimError {
  return new ScimError(
    429,
    undefined,
    `This token has sent more than ${requestsPerSecond} requests a second; wait ` +
      "as long as Retry-After says, or ask the administrator to raise " +
      '"requestsPerSecond" of the tenant',
    { "Retry-After": retryAfter(wait) },
  );
}
