/**
 * The endpoints of the resource types for requests that come from within: the
 * operations of a bulk request, and /Me.
 * @module
 */

import { Hono } from "hono";
import { renderError, scimErrorResponse } from "../middleware/errors.ts";
import type { Services } from "../services.ts";
import type { Client, ScimEnvironment } from "./environment.ts";
import { resources } from "./resources.ts";

/** On whose behalf a request is forwarded. */
export interface Sender {
  /** The SCIM base URL, without a slash at its end. */
  readonly base: string;
  readonly client: Client;
}

/** Sends a request to the resource at a path below the base URL. */
export type Forward = (
  path: string,
  init: RequestInit,
  sender: Sender,
) => Promise<Response>;

/** Builds a way to send requests of a client that is authenticated already. */
export function forwarder(services: Services): Forward {
  const app = new Hono<ScimEnvironment & { Bindings: Sender }>();
  app.onError(renderError(services, scimErrorResponse));
  app.use(async function sender(c, next) {
    c.set("base", c.env.base);
    c.set("client", c.env.client);
    await next();
  });
  app.route("/", resources(services));
  return async (path, init, sender) => await app.request(path, init, sender);
}
