/**
 * The endpoints of the resource types for requests that come from within: the
 * operations of a bulk request, and /Me.
 * @module
 */

import { Hono } from "hono";
import { getPath } from "hono/utils/url";
import { fixedEndpoint } from "../../domain/endpoints.ts";
import { renderError, scimErrorResponse } from "../middleware/errors.ts";
import { routingPath, SCIM_BASE_PATH } from "../paths.ts";
import type { Services } from "../services.ts";
import type { Client, ScimEnvironment } from "./environment.ts";
import { readInForce } from "./in_force.ts";
import { noEndpoint } from "./methods.ts";
import { resources } from "./resources.ts";

/** On whose behalf a request is forwarded. */
export interface Sender {
  /** The SCIM base URL, without a slash at its end. */
  readonly base: string;
  readonly client: Client;
  /** Whether it reads the resources in the answers; else they have no body. */
  readonly wantsBody: boolean;
}

/** Sends a request to the resource at a path below the base URL. */
export type Forward = (
  path: string,
  init: RequestInit,
  sender: Sender,
) => Promise<Response>;

/** Builds a way to send requests of a client that is authenticated already. */
export function forwarder(services: Services): Forward {
  const app = new Hono<ScimEnvironment & { Bindings: Sender }>({
    getPath: (request) => routingPath(getPath(request)),
  });
  app.onError(renderError(services, scimErrorResponse));
  app.use(async function sender(c, next) {
    c.set("base", c.env.base);
    c.set("client", c.env.client);
    c.set("wantsBody", c.env.wantsBody);
    await next();
  });
  app.use(readInForce(services));
  app.route(SCIM_BASE_PATH, resources(services));
  app.all("*", noEndpoint);
  return async (path, init, sender) =>
    await app.request(`${SCIM_BASE_PATH}${path}`, init, sender);
}

/**
 * Whether a path can be that of resources, however it is spelt: no other endpoint
 * of the server, and no search.
 */
export function isResourcePath(path: string): boolean {
  const url = new URL(`${SCIM_BASE_PATH}${path}`, "http://localhost");
  const [endpoint = "", ...rest] = routingPath(getPath(new Request(url)))
    .slice(SCIM_BASE_PATH.length + 1).split("/");
  return fixedEndpoint(endpoint) === undefined && rest.at(-1) !== ".search";
}
