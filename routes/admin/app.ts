/**
 * The admin API: JSON, validated with Zod, for the holder of the admin secret.
 * @module
 */

import { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { ScimError } from "../../domain/errors.ts";
import { clip } from "../../domain/text.ts";
import { InUseError } from "../../storage/definitions.ts";
import { bearerToken } from "../middleware/authenticate.ts";
import { problemResponse, renderError } from "../middleware/errors.ts";
import { type BodyLimit, limitBody } from "../middleware/limit_body.ts";
import { limitGuesses } from "../middleware/limit_guesses.ts";
import { limitUrl } from "../middleware/limit_url.ts";
import { requireHost } from "../middleware/require_host.ts";
import type { Services } from "../services.ts";
import { checkRoutes } from "./check.ts";
import { definitionRoutes } from "./definitions.ts";
import { jobRoutes } from "./jobs.ts";
import { tenantRoutes } from "./tenants.ts";
import { tokenRoutes } from "./tokens.ts";

/** The largest body of an admin request, in bytes: a schema with long descriptions. */
const ADMIN_LIMIT: BodyLimit = { maxSize: 262_144 };

/** Builds the admin API. */
export function adminApp(services: Services): Hono {
  const app = new Hono();
  const render = (error: ScimError) => {
    const extra = error instanceof InUseError && error.duplicates.length > 0
      ? { duplicates: error.duplicates }
      : {};
    return problemResponse(error.status, error.message, extra, error.headers);
  };
  app.onError(renderError(services, render));
  app.use(requireHost);
  app.use(limitUrl);
  app.use(limitGuesses(services, render));
  app.use(requireAdmin(services));
  app.use(limitBody(services.limits.bodies, () => ADMIN_LIMIT));

  app.route("/tokens", tokenRoutes(services));
  app.route("/", tenantRoutes(services));
  app.route("/", definitionRoutes(services));
  app.route("/jobs", jobRoutes(services));
  app.route("/check", checkRoutes(services));

  app.all(
    "*",
    (c) =>
      problemResponse(
        404,
        `There is no ${clip(c.req.method, 20)} ${
          clip(c.req.path, 80)
        }; there are ` +
          "/admin/tokens, /admin/tenants, /admin/changes, /admin/schemas, " +
          "/admin/resource-types, /admin/jobs and /admin/check",
      ),
  );
  return app;
}

/** Lets the holder of the admin secret through; default deny. */
function requireAdmin({ adminSecret }: Services) {
  return createMiddleware(async function requireAdmin(c, next) {
    const secret = bearerToken(c.req.header("Authorization"));
    if (secret === undefined || !adminSecret.accepts(secret)) {
      throw new ScimError(
        401,
        undefined,
        'The admin secret is missing or wrong; send it as "Authorization: ' +
          'Bearer <admin secret>"',
        { "WWW-Authenticate": 'Bearer realm="edge-scim admin"' },
      );
    }
    await next();
  });
}
