/**
 * Wrong secrets are guesses, and nobody may guess without end.
 * @module
 */

import type { Context, MiddlewareHandler } from "hono";
import { ScimError } from "../../domain/errors.ts";
import type { Services } from "../services.ts";
import { bearerToken } from "./authenticate.ts";
import { type Rate, retryAfter } from "./buckets.ts";

/** How many wrong secrets one address may send. */
const GUESSES: Rate = { burst: 20, perSecond: 20 / 60 };

/**
 * Answers 429 with Retry-After instead of 401 when wrong secrets have come from
 * the same address more than 20 times in a minute. A right secret always gets
 * through, so that nobody can lock out those who share the address; a request
 * without a secret is no guess.
 *
 * @param render makes the answer
 */
export function limitGuesses(
  { limits, clock }: Services,
  render: (error: ScimError) => Response,
): MiddlewareHandler {
  return async function limitGuesses(c, next) {
    await next();
    if (c.res.status !== 401) return;
    if (bearerToken(c.req.header("Authorization")) === undefined) return;
    const address = addressOf(c);
    if (address === undefined) return;
    const wait = limits.guesses.take(address, GUESSES, clock().getTime());
    if (wait === 0) return;
    // Otherwise the headers of the answer that it replaces would stay.
    c.res = undefined;
    c.res = render(tooManyGuesses(wait));
  };
}

/** The address of the client; undefined where the runtime does not tell it. */
function addressOf({ env }: Context): string | undefined {
  const hostname: unknown = env?.remoteAddr?.hostname;
  return typeof hostname === "string" ? hostname : undefined;
}

function tooManyGuesses(wait: number): ScimError {
  return new ScimError(
    429,
    undefined,
    `More than ${GUESSES.burst} wrong tokens or secrets came from your address ` +
      "in a minute; wait as long as Retry-After says and send a right one, which " +
      "is taken at any time",
    { "Retry-After": retryAfter(wait) },
  );
}
