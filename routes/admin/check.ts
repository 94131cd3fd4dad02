/**
 * The store check in the admin API, beside the requests that are being served.
 * @module
 */

import { zValidator } from "@hono/zod-validator";
import { Hono } from "hono";
import { z } from "zod";
import { checkStore } from "../../storage/check/check.ts";
import { problemResponse } from "../middleware/errors.ts";
import type { Services } from "../services.ts";
import { closed, problemHook, requireJson, tenantId } from "./requests.ts";
import { noTenant } from "./tenants.ts";

/** How many disagreements one answer lists. */
const MAX_LISTED = 100;

/** When to ask again while another check is under way, in seconds. */
const RETRY_AFTER = 10;

const checkRequest = closed({
  mend: z.boolean({ error: "must be a boolean: true or false" })
    .default(false),
  tenant: tenantId.optional(),
});

/** Builds `/check`. */
export function checkRoutes(services: Services): Hono {
  const { store, tenants, clock } = services;
  const app = new Hono();
  let isRunning = false;

  app.post(
    "/",
    requireJson({ orNothing: true }),
    zValidator("json", checkRequest, problemHook),
    async (c) => {
      const { mend, tenant } = c.req.valid("json");
      if (tenant !== undefined && await tenants.get(tenant) === undefined) {
        return noTenant(tenant);
      }
      if (isRunning) {
        return problemResponse(
          409,
          "Another check is under way; ask again when it has ended",
          {},
          { "Retry-After": String(RETRY_AFTER) },
        );
      }
      isRunning = true;
      try {
        const options = { mend, tenant, clock, limit: MAX_LISTED };
        return c.json(await checkStore(store, options));
      } finally {
        isRunning = false;
      }
    },
  );

  return app;
}
