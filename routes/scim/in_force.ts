/**
 * The schemas and resource types that a request is read by. They can change while
 * it is carried out; then it is read anew.
 * @module
 */

import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { retrying } from "../../storage/concurrency.ts";
import type { Services } from "../services.ts";
import type { ScimEnvironment } from "./environment.ts";

/** Sets what is in force for the client's tenant. */
export function readInForce({ registries }: Services) {
  return createMiddleware<ScimEnvironment>(
    async function readInForce(c, next) {
      const { tenant } = c.get("client").token;
      c.set("current", await registries.current(tenant));
      await next();
    },
  );
}

/**
 * Carries the writing part of a request out; again, if it failed while the schemas
 * changed: it may have failed by rules that are outdated, and its commit checks
 * that they are not.
 *
 * @param run ends with the commit, so that nothing is written twice
 */
export async function asInForce<T>(
  { registries }: Services,
  c: Context<ScimEnvironment>,
  run: () => Promise<T>,
): Promise<T> {
  return await retrying(async () => {
    try {
      return await run();
    } catch (error) {
      const { tenant } = c.get("client").token;
      const now = await registries.current(tenant);
      if (now.versionstamp === c.get("current").versionstamp) throw error;
      c.set("current", now);
      return undefined;
    }
  });
}
