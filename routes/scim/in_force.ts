/**
 * The schemas and resource types that a request is read by. They can change while
 * it is carried out; then it is read anew.
 * @module
 */

import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { ScimError } from "../../domain/errors.ts";
import { invalidToken } from "../middleware/authenticate.ts";
import type { Services } from "../services.ts";
import type { ScimEnvironment } from "./environment.ts";

/** Sets what is in force for the client's tenant. */
export function readInForce(services: Services) {
  return createMiddleware<ScimEnvironment>(
    async function readInForce(c, next) {
      const { tenant } = c.get("client").token;
      const current = await services.registries.current(tenant);
      const writes = !["GET", "HEAD"].includes(c.req.method);
      if (current.going || writes && !await isLive(services, c)) {
        throw invalidToken();
      }
      c.set("current", current);
      await next();
    },
  );
}

/**
 * Whether the client's token is still there, and with it the tenant that was seen
 * before: another may have got its name since.
 */
function isLive(
  { tokens }: Services,
  c: Context<ScimEnvironment>,
): Promise<boolean> {
  return tokens.isLive(c.get("client").token);
}

/** How often a write is tried while something is about to go, and how long in between. */
const MAX_TRIES = 20;
const PAUSE = 100;

/**
 * Carries the writing part of a request out; again, if it failed while the schemas
 * changed: it may have failed by rules that are outdated, and its commit checks
 * that they are not. A write that would use what is about to go waits a moment for
 * the outcome.
 *
 * @param run ends with the commit, so that nothing is written twice
 */
export async function asInForce<T>(
  services: Services,
  c: Context<ScimEnvironment>,
  run: () => Promise<T>,
): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await run();
    } catch (error) {
      const { tenant } = c.get("client").token;
      const now = await services.registries.current(tenant);
      const isOutdated = now.versionstamp !== c.get("current").versionstamp;
      if (isOutdated && (now.going || !await isLive(services, c))) {
        throw invalidToken();
      }
      const waits = now.leaving.length > 0 && error instanceof ScimError &&
        error.status === 503;
      if (tries === MAX_TRIES || !(isOutdated || waits)) throw error;
      c.set("current", now);
      if (!isOutdated) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  }
}
