/**
 * The admin API: JSON, validated with Zod, for the holder of the admin secret.
 * @module
 */

import { zValidator } from "@hono/zod-validator";
import { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { z } from "zod";
import { ScimError } from "../../domain/errors.ts";
import { readJsonObject } from "../../domain/json_text.ts";
import { PROFILE_NAMES } from "../../domain/profile.ts";
import { clip } from "../../domain/text.ts";
import { readLog } from "../../storage/changelog.ts";
import { tenantSettings } from "../../storage/tenant_settings.ts";
import { DEFAULT_TENANT } from "../../storage/tenants.ts";
import { SCOPES } from "../../storage/tokens.ts";
import { bearerToken } from "../middleware/authenticate.ts";
import { problemResponse, renderError } from "../middleware/errors.ts";
import { limitBody } from "../middleware/limit_body.ts";
import { requireHost } from "../middleware/require_host.ts";
import type { Services } from "../services.ts";

/** The largest body of an admin request, in bytes. */
const MAX_ADMIN_BODY = 65_536;

/** How many records of the change log one answer holds. */
const MAX_LOG_PAGE = 1_000;

/** How many mistakes the text of one answer names. */
const MAX_ERRORS_TOLD = 5;

const LIMIT_RULE = `must be an integer from 1 to ${MAX_LOG_PAGE}`;

const tenantId = z.string().regex(
  /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/,
  "must be 1 to 63 letters, digits, hyphens and underscores",
);

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

const tenantChange = closed({
  settings: closed(tenantSettings.partial().shape),
});

const logQuery = z.object({
  tenant: tenantId.default(DEFAULT_TENANT),
  after: z.string().max(40, "must be the position of a change").optional(),
  limit: z.string().regex(/^\d{1,4}$/, LIMIT_RULE).transform(Number)
    .refine((limit) => limit >= 1 && limit <= MAX_LOG_PAGE, LIMIT_RULE)
    .default(100),
});

/** Builds the admin API. */
export function adminApp(services: Services): Hono {
  const { tokens, tenants, clock, store } = services;
  const app = new Hono();
  app.onError(renderError(services, (error) => {
    return problemResponse(error.status, error.message, {}, error.headers);
  }));
  app.use(requireHost);
  app.use(requireAdmin(services));
  app.use(limitBody(MAX_ADMIN_BODY));

  app.get("/tokens", async (c) => c.json({ tokens: await tokens.list() }));

  app.post(
    "/tokens",
    requireJson(),
    zValidator("json", tokenRequest, problemHook),
    async (c) => {
      const { expiresInDays, ...request } = c.req.valid("json");
      const now = clock();
      const { tenant, userId } = request;
      if (userId !== undefined && !await userExists(services, tenant, userId)) {
        return problemResponse(
          400,
          `/userId: there is no user "${clip(userId, 80)}" in the tenant ` +
            `"${tenant}"`,
        );
      }
      await tenants.ensure(tenant, now);
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
      : noToken(c.req.param("id"));
  });

  app.post(
    "/tokens/:id/rotate",
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

  app.get("/tenants", async (c) => c.json({ tenants: await tenants.list() }));

  app.get("/tenants/:id", async (c) => {
    const tenant = await tenants.get(c.req.param("id"));
    return tenant === undefined ? noTenant(c.req.param("id")) : c.json(tenant);
  });

  app.patch(
    "/tenants/:id",
    requireJson(),
    zValidator("json", tenantChange, problemHook),
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
    if (await tenants.get(tenant) === undefined) return noTenant(tenant);
    return c.json({ changes: await readLog(store, tenant, after, limit) });
  });

  app.all(
    "*",
    (c) =>
      problemResponse(
        404,
        `There is no ${clip(c.req.method, 20)} ${
          clip(c.req.path, 80)
        }; there are ` +
          "/admin/tokens, /admin/tenants and /admin/changes",
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

/**
 * Reads the body before zod-validator does, which takes one without a JSON media
 * type for an empty object and does not say what is wrong with malformed JSON.
 *
 * @param orNothing whether no body at all stands for an empty object
 */
function requireJson({ orNothing = false } = {}) {
  return createMiddleware(async function requireJson(c, next) {
    const text = await c.req.text();
    if (text === "" && orNothing) {
      const headers = new Headers(c.req.raw.headers);
      headers.delete("Content-Type");
      c.req.raw = new Request(c.req.url, { method: c.req.method, headers });
      return await next();
    }
    const type = c.req.header("Content-Type") ?? "";
    if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) {
      throw new ScimError(
        415,
        undefined,
        'The admin API reads JSON; send "Content-Type: application/json"',
      );
    }
    readJsonObject(text);
    await next();
  });
}

/** An object that has these members and no others; refused ones are told what is known. */
function closed<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === "unrecognized_keys"
        ? `is not known; known are ${known}`
        : `must be an object with ${known}`,
  });
}

/** Tells which members of a request are wrong, and why. */
function problemHook(
  result:
    | { success: true }
    | { success: false; error: { issues: readonly z.core.$ZodIssue[] } },
): Response | undefined {
  if (result.success) return undefined;
  const errors = result.error.issues.flatMap((issue) =>
    wrongMembers(issue).map((path) => ({
      pointer: path.map(pointerPart).join(""),
      detail: issue.message,
    }))
  );
  const detail = errors.map(({ pointer, detail }) => `${pointer} ${detail}`)
    .slice(0, MAX_ERRORS_TOLD).join("; ");
  return problemResponse(400, detail, { errors });
}

/** The paths of the members that an issue is about. */
function wrongMembers(issue: z.core.$ZodIssue): PropertyKey[][] {
  return issue.code === "unrecognized_keys"
    ? issue.keys.map((key) => [...issue.path, key])
    : [issue.path];
}

/** One step of a JSON pointer (RFC 6901 section 3). */
function pointerPart(part: PropertyKey): string {
  const text = clip(String(part), 80);
  return `/${text.replaceAll("~", "~0").replaceAll("/", "~1")}`;
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
  { registry, resources }: Services,
  tenant: string,
  id: string,
): Promise<boolean> {
  const type = registry.byEndpoint("Users");
  return type !== undefined &&
    await resources.get(tenant, type, id) !== undefined;
}

function noTenant(id: string): Response {
  return problemResponse(
    404,
    `There is no tenant "${clip(id, 80)}"; GET /admin/tenants lists them`,
  );
}
