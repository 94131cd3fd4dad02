/**
 * Tenants in the admin API: their settings, and what has changed in them.
 * @module
 */

import { zValidator } from "@hono/zod-validator";
import { Hono } from "hono";
import { z } from "zod";
import { clip } from "../../domain/text.ts";
import type { Registry } from "../../domain/registry.ts";
import {
  isHiddenPath,
  type LoggedRecord,
  readLog,
} from "../../storage/changelog.ts";
import { InUseError } from "../../storage/definitions.ts";
import {
  tenantIsGoing,
  tenantSettings,
} from "../../storage/tenant_settings.ts";
import { DEFAULT_TENANT, type Tenant } from "../../storage/tenants.ts";
import { problemResponse } from "../middleware/errors.ts";
import type { Services } from "../services.ts";
import { closed, problemHook, requireJson, tenantId } from "./requests.ts";

/** How many records of the change log one answer holds. */
const MAX_LOG_PAGE = 1_000;

const LIMIT_RULE = `must be an integer from 1 to ${MAX_LOG_PAGE}`;

const tenantChange = closed({
  settings: closed({
    ...tenantSettings.partial().shape,
    /** null: as the server is configured. */
    requestsPerSecond: tenantSettings.shape.requestsPerSecond.nullable(),
  }),
});

const logQuery = closed({
  tenant: tenantId.default(DEFAULT_TENANT),
  after: z.string().max(40, "must be the position of a change").optional(),
  limit: z.string().regex(/^\d{1,4}$/, LIMIT_RULE).transform(Number)
    .refine((limit) => limit >= 1 && limit <= MAX_LOG_PAGE, LIMIT_RULE)
    .default(100),
});

/** Builds `/tenants` and `/changes`. */
export function tenantRoutes(services: Services): Hono {
  const { tenants, definitions, registries, store, limits, jobs, clock } =
    services;
  const app = new Hono();
  /** A tenant with all settings that count for it. */
  const shown = ({ settings, ...tenant }: Tenant): Tenant => ({
    ...tenant,
    settings: { requestsPerSecond: limits.requestsPerSecond, ...settings },
  });

  app.get("/tenants", async (c) => {
    return c.json({ tenants: (await tenants.list()).map(shown) });
  });

  app.get("/tenants/:id", async (c) => {
    const tenant = await tenants.get(c.req.param("id"));
    return tenant === undefined
      ? noTenant(c.req.param("id"))
      : c.json(shown(tenant));
  });

  app.patch(
    "/tenants/:id",
    requireJson(),
    zValidator("json", tenantChange, problemHook),
    async (c) => {
      const id = c.req.param("id");
      const before = await tenants.get(id);
      if (before === undefined) return noTenant(id);
      if (before.deleting === true) throw tenantIsGoing(id);
      const { uniqueGroupNames, requestsPerSecond } =
        c.req.valid("json").settings;
      if (uniqueGroupNames !== undefined) {
        try {
          await definitions.setUniqueGroupNames(id, uniqueGroupNames);
        } catch (error) {
          if (!(error instanceof InUseError)) throw error;
          return problemResponse(
            409,
            "Group names cannot be made unique: some groups share a name; rename " +
              "or delete them first",
            {
              duplicates: error.duplicates.map(({ value, ids }) => ({
                name: value,
                ids: [...ids],
              })),
            },
          );
        }
      }
      if (requestsPerSecond !== undefined) {
        await definitions.setRequestsPerSecond(
          id,
          requestsPerSecond ?? undefined,
        );
      }
      return c.json(shown(await tenants.get(id) ?? before));
    },
  );

  app.delete("/tenants/:id", async (c) => {
    const id = c.req.param("id");
    if (id === DEFAULT_TENANT) {
      return problemResponse(
        409,
        `The tenant "${DEFAULT_TENANT}" always exists and cannot be deleted`,
      );
    }
    if (await tenants.get(id) === undefined) return noTenant(id);
    if (c.req.query("confirm") !== id) {
      return problemResponse(
        400,
        "Deleting a tenant deletes its resources, tokens, schemas and change " +
          "log; to confirm that, send its id once more: " +
          `DELETE /admin/tenants/${id}?confirm=${id}`,
      );
    }
    const begun = await tenants.beginDeletion(id, clock());
    if (begun === undefined) return noTenant(id);
    if (begun.isNew) jobs.runLater(begun.job);
    return c.json({ id, deleting: true, job: begun.job.id }, 202);
  });

  app.get("/changes", zValidator("query", logQuery, problemHook), async (c) => {
    const { tenant, after, limit } = c.req.valid("query");
    if (await tenants.get(tenant) === undefined) return noTenant(tenant);
    const { registry } = await registries.current(tenant);
    const records = await readLog(store, tenant, after, limit);
    return c.json({
      changes: records.map((record) => shownChange(record, registry)),
    });
  });

  return app;
}

/** A record without what no answer shows any more. */
function shownChange(
  { changes, ...record }: LoggedRecord,
  registry: Registry,
): LoggedRecord {
  const type = registry.byName(record.resourceType);
  return {
    ...record,
    changes: changes.map((change) =>
      type !== undefined && isHiddenPath(type, change.path)
        ? { path: change.path }
        : change
    ),
  };
}

/** 404 for a tenant that is not there. */
export function noTenant(id: string): Response {
  return problemResponse(
    404,
    `There is no tenant "${clip(id, 80)}"; GET /admin/tenants lists them`,
  );
}
