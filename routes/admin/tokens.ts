/**
 * Tokens in the admin API: issued, listed, rotated and revoked.
 * @module
 */

import { zValidator } from "@hono/zod-validator";
import { Hono } from "hono";
import { z } from "zod";
import { PROFILE_NAMES } from "../../domain/profile.ts";
import { clip } from "../../domain/text.ts";
import { tenantIsGoing } from "../../storage/tenant_settings.ts";
import { DEFAULT_TENANT } from "../../storage/tenants.ts";
import { SCOPES } from "../../storage/tokens.ts";
import { problemResponse } from "../middleware/errors.ts";
import type { Services } from "../services.ts";
import { closed, problemHook, requireJson, tenantId } from "./requests.ts";

const tokenRequest = closed({
  name: z.string(
    "is required; it is a text that tells people what the token is for",
  )
    .trim().min(1, "must not be empty").max(
      200,
      "must have 200 characters at the most",
    ),
  scopes: z.array(z.enum(SCOPES)).min(1)
    .transform((scopes) => [...new Set(scopes)]).default(["scim"]),
  expiresInDays: z.int().min(1).max(3_650).optional(),
  profile: z.enum(PROFILE_NAMES).default("compatible"),
  tenant: tenantId.default(DEFAULT_TENANT),
  userId: z.string().min(1).max(128).optional(),
});

const rotation = closed({
  graceHours: z.number().min(0).max(24 * 365).default(0),
});

/** Builds `/tokens`. */
export function tokenRoutes(services: Services): Hono {
  const { tokens, tenants, clock } = services;
  const app = new Hono();

  app.get("/", async (c) => c.json({ tokens: await tokens.list() }));

  app.post(
    "/",
    requireJson(),
    zValidator("json", tokenRequest, problemHook),
    async (c) => {
      const { expiresInDays, ...request } = c.req.valid("json");
      const now = clock();
      const { tenant, userId } = request;
      if ((await tenants.get(tenant))?.deleting === true) {
        throw tenantIsGoing(tenant);
      }
      if (userId !== undefined && !await userExists(services, tenant, userId)) {
        return problemResponse(
          400,
          `/userId: there is no user "${clip(userId, 80)}" in the tenant ` +
            `"${tenant}"`,
        );
      }
      const issued = await tokens.issue({
        ...request,
        expiresAt: expiresInDays === undefined
          ? null
          : new Date(now.getTime() + expiresInDays * 86_400_000).toISOString(),
      });
      return c.json(issued, 201, { "Cache-Control": "no-store" });
    },
  );

  app.delete("/:id", async (c) => {
    return await tokens.revoke(c.req.param("id"))
      ? c.body(null, 204)
      : noToken(c.req.param("id"));
  });

  app.post(
    "/:id/rotate",
    requireJson({ orNothing: true }),
    zValidator("json", rotation, problemHook),
    async (c) => {
      const issued = await tokens.rotate(
        c.req.param("id"),
        c.req.valid("json").graceHours,
      );
      return issued === undefined
        ? noToken(c.req.param("id"))
        : c.json(issued, 200, { "Cache-Control": "no-store" });
    },
  );

  return app;
}

function noToken(id: string): Response {
  return problemResponse(
    404,
    `There is no token with the id "${
      clip(id, 80)
    }"; GET /admin/tokens lists them`,
  );
}

async function userExists(
  { registries, resources }: Services,
  tenant: string,
  id: string,
): Promise<boolean> {
  const { registry } = await registries.current(tenant);
  const type = registry.byEndpoint("Users");
  return type !== undefined &&
    await resources.get(tenant, type, id) !== undefined;
}
