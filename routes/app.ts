/**
 * The site map.
 * @module
 */

import { Hono } from "hono";
import { getPath } from "hono/utils/url";
import { ScimError } from "../domain/errors.ts";
import { clip } from "../domain/text.ts";
import { inTime } from "../storage/concurrency.ts";
import { metaKey } from "../storage/keys.ts";
import { keepAnswers } from "./middleware/keep_answers.ts";
import {
  problemResponse,
  renderError,
  scimErrorResponse,
} from "./middleware/errors.ts";
import { otherVersion, routingPath, SCIM_BASE_PATH } from "./paths.ts";
import { scimApp } from "./scim/app.ts";
import type { ScimEnvironment } from "./scim/environment.ts";
import type { Services } from "./services.ts";

/** How long the readiness probe waits for the store, in milliseconds. */
const READY_WITHIN = 2_000;

/** How paths are read, by all apps. */
const PATHS = {
  getPath: (request: Request) => routingPath(getPath(request)),
};

/** Builds the app that answers every request of the server. */
export function createApp(services: Services): Hono<ScimEnvironment> {
  const app = new Hono<ScimEnvironment>(PATHS);
  app.onError(
    renderError(
      services,
      (error) => problemResponse(error.status, error.message),
    ),
  );
  app.fetch = keepAnswers(app, services, services.answerMemory);
  app.use(async function headers(c, next) {
    await next();
    c.res.headers.set("X-Content-Type-Options", "nosniff");
  });

  app.get("/", (c) => {
    return c.text(`edge-scim: the SCIM 2.0 base path is ${SCIM_BASE_PATH}\n`);
  });
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", async (c) => {
    return await isReady(services)
      ? c.text("ready\n")
      : c.text("not ready\n", 503);
  });
  const admin = adminWhenNeeded(services);
  for (const path of ["/admin", "/admin/*"]) {
    app.all(path, async (c) => await (await admin()).fetch(c.req.raw, c.env));
  }
  app.route(SCIM_BASE_PATH, scimApp(services));
  app.notFound((c) => {
    const version = otherVersion(c.req.path);
    if (version !== undefined) {
      return scimErrorResponse(
        new ScimError(
          400,
          "invalidVers",
          `The protocol version "${
            clip(version, 20)
          }" is not served; SCIM 2.0 is ` +
            `at ${SCIM_BASE_PATH}`,
        ),
      );
    }
    return problemResponse(
      404,
      `There is nothing at ${
        clip(c.req.path, 80)
      }; SCIM is at ${SCIM_BASE_PATH}`,
    );
  });
  return app;
}

/**
 * The admin API, loaded with the first request to it: a tenth of the start would
 * be for what an identity provider never asks for.
 */
function adminWhenNeeded(services: Services): () => Promise<Hono> {
  let app: Promise<Hono> | undefined;
  const load = async () => {
    const { adminApp } = await import("./admin/app.ts");
    return new Hono(PATHS).route("/admin", adminApp(services));
  };
  return () => app ??= load();
}

async function isReady({ store }: Services): Promise<boolean> {
  try {
    await inTime(store.get(metaKey("format")), READY_WITHIN);
    return true;
  } catch {
    return false;
  }
}
