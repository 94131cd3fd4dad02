/**
 * The SCIM API (RFC 7644), mounted below a base path.
 * @module
 */

import { Hono } from "hono";
import { MAX_BODY_SIZE } from "../../domain/limits.ts";
import { authenticate } from "../middleware/authenticate.ts";
import { renderError, scimErrorResponse } from "../middleware/errors.ts";
import { limitBody } from "../middleware/limit_body.ts";
import { limitGuesses } from "../middleware/limit_guesses.ts";
import { limitRate } from "../middleware/limit_rate.ts";
import { limitUrl } from "../middleware/limit_url.ts";
import { requireHost } from "../middleware/require_host.ts";
import { scimBaseUrl } from "../paths.ts";
import type { Services } from "../services.ts";
import { bulk } from "./bulk.ts";
import { discovery } from "./discovery.ts";
import type { ScimEnvironment } from "./environment.ts";
import { forwarder } from "./forward.ts";
import { readInForce } from "./in_force.ts";
import { me } from "./me.ts";
import { noEndpoint } from "./methods.ts";
import { resources } from "./resources.ts";

/** Builds the SCIM app. Discovery is public; everything else needs a token. */
export function scimApp(services: Services): Hono<ScimEnvironment> {
  const app = new Hono<ScimEnvironment>();
  app.onError(renderError(services, scimErrorResponse));
  app.use(requireHost);
  app.use(limitUrl);
  app.use(async function base(c, next) {
    c.set("base", scimBaseUrl(c.req.url, services.publicUrl));
    await next();
  });
  app.route("/", discovery(services));
  app.use(limitGuesses(services, scimErrorResponse));
  app.use(authenticate(services.tokens));
  app.use(readInForce(services));
  app.use(limitRate(services));
  app.use(limitBody(services.limits.bodies, MAX_BODY_SIZE, "maxPayloadSize"));
  const forward = forwarder(services);
  app.route("/", me(forward));
  app.route("/", bulk(forward));
  app.route("/", resources(services));
  app.all("*", noEndpoint);
  return app;
}
