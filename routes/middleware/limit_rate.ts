/**
 * How many requests each token may send.
 * @module
 */

import { createMiddleware } from "hono/factory";
import { ScimError } from "../../domain/errors.ts";
import type { TenantRegistry } from "../../storage/registries.ts";
import type { Client, ScimEnvironment } from "../scim/environment.ts";
import type { Services } from "../services.ts";
import { retryAfter } from "./buckets.ts";

/** How many seconds' worth of requests a token may send at once. */
const BURST_SECONDS = 10;

/**
 * Counts a request of a client.
 *
 * @returns how long the client has to wait, in seconds; 0: it may go on
 */
export function takeTurn(
  { limits, clock }: Pick<Services, "limits" | "clock">,
  { token }: Client,
  { settings }: Pick<TenantRegistry, "settings">,
): number {
  const { requestsPerSecond = limits.requestsPerSecond } = settings;
  return limits.rates.take(token.id, {
    burst: requestsPerSecond * BURST_SECONDS,
    perSecond: requestsPerSecond,
  }, clock().getTime());
}

/**
 * Lets a token's requests through at the rate of its tenant: 429 with Retry-After
 * beyond it. Each HTTP request counts as one, a bulk request too: its operations
 * are limited by their number. The count is kept by each process for itself.
 */
export function limitRate(services: Services) {
  return createMiddleware<ScimEnvironment>(
    async function limitRate(c, next) {
      const current = c.get("current");
      const wait = takeTurn(services, c.get("client"), current);
      if (wait > 0) {
        const { requestsPerSecond = services.limits.requestsPerSecond } =
          current.settings;
        throw tooMany(requestsPerSecond, wait);
      }
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
