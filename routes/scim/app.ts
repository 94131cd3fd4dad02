/**
 * The SCIM API (RFC 7644), mounted below a base path.
 * @module
 */

import { type Context, Hono } from "hono";
import {
  MAX_BODY_SIZE,
  MAX_BODY_SIZE_WITH_MEMBERS,
} from "../../domain/limits.ts";
import { authenticate } from "../middleware/authenticate.ts";
import { renderError, scimErrorResponse } from "../middleware/errors.ts";
import { type BodyLimit, limitBody } from "../middleware/limit_body.ts";
import { limitGuesses } from "../middleware/limit_guesses.ts";
import { limitRate } from "../middleware/limit_rate.ts";
import { limitUrl } from "../middleware/limit_url.ts";
import { requireHost } from "../middleware/require_host.ts";
import { SCIM_BASE_PATH, scimBaseUrl } from "../paths.ts";
import type { Services } from "../services.ts";
import { bulk } from "./bulk.ts";
import { discovery } from "./discovery.ts";
import type { ScimEnvironment } from "./environment.ts";
import { forwarder } from "./forward.ts";
import { readInForce } from "./in_force.ts";
import { me } from "./me.ts";
import { noEndpoint } from "./methods.ts";
import { resources } from "./resources.ts";

/** The limit that the server announces. */
const PAYLOAD_LIMIT: BodyLimit = {
  maxSize: MAX_BODY_SIZE,
  remark: "maxPayloadSize",
};

/** The limit for a resource that lists its members. */
const MEMBERS_LIMIT: BodyLimit = {
  maxSize: MAX_BODY_SIZE_WITH_MEMBERS,
  remark: "for resources with members",
};

/** The limit at an endpoint; members make a resource long. */
function bodyLimitOf(c: Context<ScimEnvironment>): BodyLimit {
  const { registry } = c.get("current");
  const [endpoint = "", id] = c.req.path.slice(SCIM_BASE_PATH.length + 1)
    .split("/");
  const hasMembers = registry.byEndpoint(endpoint)?.members !== undefined;
  return hasMembers && id !== ".search" ? MEMBERS_LIMIT : PAYLOAD_LIMIT;
}

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
  app.use(limitBody<ScimEnvironment>(services.limits.bodies, bodyLimitOf));
  const forward = forwarder(services);
  app.route("/", me(forward));
  app.route("/", bulk(forward));
  app.route("/", resources(services));
  app.all("*", noEndpoint);
  return app;
}
