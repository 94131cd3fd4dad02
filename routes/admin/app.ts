/**
 * The admin API: JSON, validated with Zod, for the holder of the admin secret.
 * @module
 */

import { zValidator } from "@hono/zod-validator";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { z } from "zod";
import { ScimError } from "../../domain/errors.ts";
import { PROFILE_NAMES } from "../../domain/profile.ts";
import { readLog } from "../../storage/changelog.ts";
import { DEFAULT_TENANT, tenantSettings } from "../../storage/tenants.ts";
import { SCOPES } from "../../storage/tokens.ts";
import { bearerToken } from "../middleware/authenticate.ts";
import { problemResponse, renderError } from "../middleware/errors.ts";
import type { Services } from "../services.ts";

/** The largest body of an admin request, in bytes. */
const MAX_ADMIN_BODY = 65_536;

/** How many records of the change log one answer holds. */
const MAX_LOG_PAGE = 1_000;

const tenantId = z.string().regex(
  /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/,
  "must be 1 to 63 letters, digits, hyphens and underscores",
);

const tokenRequest = z.strictObject({
  name: z.string().trim().min(1).max(200),
  scopes: z.array(z.enum(SCOPES)).min(1).default(["scim"]),
  expiresInDays: z.int().min(1).max(3_650).optional(),
  profile: z.enum(PROFILE_NAMES).default("compatible"),
  tenant: tenantId.default(DEFAULT_TENANT),
});

const rotation = z.strictObject({
  graceHours: z.number().min(0).max(24 * 365).default(0),
});

const logQuery = z.object({
  tenant: tenantId.default(DEFAULT_TENANT),
  after: z.string().max(40).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_LOG_PAGE).default(100),
});

/** Builds the admin API. */
export function adminApp(services: Services): Hono {
  const { tokens, tenants, clock, store } = services;
  const app = new Hono();
  app.onError(renderError(services, (error) => {
    return problemResponse(error.status, error.message, {}, error.headers);
  }));
  app.use(requireAdmin(services));
  app.use(bodyLimit({ maxSize: MAX_ADMIN_BODY, onError: refuseSize }));

  app.get("/tokens", async (c) => c.json({ tokens: await tokens.list() }));

  app.post(
    "/tokens",
    requireJson,
    zValidator("json", tokenRequest, problemHook),
    async (c) => {
      const { expiresInDays, ...request } = c.req.valid("json");
      const now = clock();
      await tenants.ensure(request.tenant, now);
      const issued = await tokens.issue({
        ...request,
        expiresAt: expiresInDays === undefined
          ? null
          : new Date(now.getTime() + expiresInDays * 86_400_000).toISOString(),
      });
      return c.json(issued, 201, { "Cache-Control": "no-store" });
    },
  );

  app.delete("/tokens/:id", async (c) => {
    return await tokens.revoke(c.req.param("id"))
      ? c.body(null, 204)
      : problemResponse(
        404,
        `There is no token "${c.req.param("id").slice(0, 80)}"`,
      );
  });

  app.post(
    "/tokens/:id/rotate",
    requireJson,
    zValidator("json", rotation, problemHook),
    async (c) => {
      const issued = await tokens.rotate(
        c.req.param("id"),
        c.req.valid("json").graceHours,
      );
      return issued === undefined
        ? problemResponse(
          404,
          `There is no token "${c.req.param("id").slice(0, 80)}"`,
        )
        : c.json(issued, 200, { "Cache-Control": "no-store" });
    },
  );

  app.get("/tenants", async (c) => c.json({ tenants: await tenants.list() }));

  app.get("/tenants/:id", async (c) => {
    const tenant = await tenants.get(c.req.param("id"));
    return tenant === undefined ? noTenant(c.req.param("id")) : c.json(tenant);
  });

  app.patch(
    "/tenants/:id",
    requireJson,
    zValidator(
      "json",
      z.strictObject({ settings: tenantSettings.partial().strict() }),
      problemHook,
    ),
    async (c) => {
      const id = c.req.param("id");
      if (await tenants.get(id) === undefined) return noTenant(id);
      const { uniqueGroupNames } = c.req.valid("json").settings;
      if (uniqueGroupNames !== undefined) {
        const duplicates = await tenants.setUniqueGroupNames(
          id,
          uniqueGroupNames,
        );
        if (duplicates.length > 0) {
          return problemResponse(
            409,
            "Group names cannot be made unique: some groups share a name; rename " +
              "or delete them first",
            { duplicates },
          );
        }
      }
      return c.json(await tenants.get(id));
    },
  );

  app.get("/changes", zValidator("query", logQuery, problemHook), async (c) => {
    const { tenant, after, limit } = c.req.valid("query");
    return c.json({ changes: await readLog(store, tenant, after, limit) });
  });

  app.all(
    "*",
    (c) => problemResponse(404, `There is no ${c.req.method} ${c.req.path}`),
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

/** zod-validator takes a body of another type for an empty one; this says so instead. */
const requireJson = createMiddleware(async function requireJson(c, next) {
  const type = c.req.header("Content-Type") ?? "";
  if (!/^application\/([a-z.+-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new ScimError(
      415,
      undefined,
      'The admin API reads JSON; send "Content-Type: application/json"',
    );
  }
  await next();
});

/** Tells which member of a request is wrong, and why. */
function problemHook(
  result:
    | { success: true }
    | { success: false; error: { issues: readonly z.core.$ZodIssue[] } },
): Response | undefined {
  if (result.success) return undefined;
  const errors = result.error.issues.map((issue) => ({
    pointer: `/${issue.path.map(String).join("/")}`,
    detail: issue.message,
  }));
  const [first] = errors;
  return problemResponse(
    400,
    first === undefined
      ? "The request is not valid"
      : `${first.pointer}: ${first.detail}`,
    { errors },
  );
}

function noTenant(id: string): Response {
  return problemResponse(404, `There is no tenant "${id.slice(0, 80)}"`);
}

function refuseSize(): never {
  throw new ScimError(
    413,
    undefined,
    `The request body is larger than ${MAX_ADMIN_BODY} bytes`,
  );
}
