/**
 * Schemas and resource types in the admin API: what an operator adds to those
 * that are built in (RFC 7643 sections 3.2, 3.3, 6 and 7).
 * @module
 */

import { zValidator } from "@hono/zod-validator";
import { type Context, Hono } from "hono";
import { z } from "zod";
import {
  resourceTypeDocument,
  schemaDocument,
  schemaSegment,
} from "../../domain/discovery.ts";
import {
  addResourceType,
  addSchema,
  findResourceType,
  findSchema,
} from "../../domain/definitions.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { CustomSchema } from "../../domain/registry.ts";
import type { ResourceTypeDefinition } from "../../domain/schema/definition.ts";
import {
  resourceTypeResource,
  schemaResource,
} from "../../domain/schema/read.ts";
import { DEFAULT_TENANT } from "../../storage/tenants.ts";
import { problemResponse } from "../middleware/errors.ts";
import { scimBaseUrl } from "../paths.ts";
import type { Services } from "../services.ts";
import { closed, problemHook, requireJson, tenantId } from "./requests.ts";
import { noTenant } from "./tenants.ts";

const typeName = z.string({ error: "must be a string" })
  .min(1, "must be at least 1 character")
  .max(64, "must be at most 64 characters");

const flag = z.boolean({ error: "must be a boolean: true or false" });

const schemaRequest = closed({
  schema: schemaResource,
  extends: typeName.optional(),
  required: flag.default(false),
  tenant: tenantId.optional(),
});

/** What GET and POST show of a schema can be sent as it is. */
const schemaReplacement = closed({
  schema: schemaResource,
  extends: typeName.optional(),
  required: flag.optional(),
  tenant: tenantId.optional(),
});

const resourceTypeRequest = closed({
  resourceType: resourceTypeResource,
  tenant: tenantId.optional(),
});

const tenantQuery = closed({ tenant: tenantId.default(DEFAULT_TENANT) });

/** The tenant of a request that can name it in its body, too. */
const optionalTenantQuery = closed({ tenant: tenantId.optional() });

/** Builds `/schemas` and `/resource-types`. */
export function definitionRoutes(services: Services): Hono {
  const { definitions, registries, tenants, clock, publicUrl } = services;
  const app = new Hono();
  const query = zValidator("query", tenantQuery, problemHook);
  const optionalQuery = zValidator("query", optionalTenantQuery, problemHook);
  const baseOf = (c: Context) => scimBaseUrl(c.req.url, publicUrl);

  app.get("/schemas", query, async (c) => {
    const { tenant } = c.req.valid("query");
    if (await tenants.get(tenant) === undefined) return noTenant(tenant);
    const { schemas } = await inForce(tenant);
    return c.json({
      schemas: schemas.map((schema) => shownSchema(schema, baseOf(c))),
    });
  });

  app.post(
    "/schemas",
    optionalQuery,
    requireJson(),
    zValidator("json", schemaRequest, problemHook),
    async (c) => {
      const { schema, tenant: named, ...rest } = c.req.valid("json");
      const tenant = tenantOf(c.req.valid("query").tenant, named);
      if (tenant === undefined) return twoTenants();
      const request = { ...rest, definition: schema };
      // What is refused brings no tenant into being.
      addSchema(await inForce(tenant), request);
      await tenants.ensure(tenant, clock());
      await definitions.addSchema(tenant, request);
      const added = findSchema(await inForce(tenant), schema.id);
      return c.json({ ...shownSchema(added, baseOf(c)), tenant }, 201, {
        Location: locationOf(c, `schemas/${schemaSegment(schema.id)}`, tenant),
      });
    },
  );

  app.get("/schemas/:id", query, async (c) => {
    const { tenant } = c.req.valid("query");
    const found = findSchema(await inForce(tenant), c.req.param("id"));
    return c.json(shownSchema(found, baseOf(c)));
  });

  app.put(
    "/schemas/:id",
    optionalQuery,
    requireJson(),
    zValidator("json", schemaReplacement, problemHook),
    async (c) => {
      const { schema, required, ...rest } = c.req.valid("json");
      const tenant = tenantOf(c.req.valid("query").tenant, rest.tenant);
      if (tenant === undefined) return twoTenants();
      const { definition, extends: extended } = findSchema(
        await inForce(tenant),
        c.req.param("id"),
      );
      if (schema.id.toLowerCase() !== definition.id.toLowerCase()) {
        return wrongMember(
          "/schema/id",
          `must be "${definition.id}", the schema in the URL`,
        );
      }
      if (
        rest.extends !== undefined &&
        rest.extends.toLowerCase() !== extended?.toLowerCase()
      ) {
        return wrongMember(
          "/extends",
          (extended === undefined
            ? "must be left out"
            : `must be "${extended}"`) +
            ", as before; what a schema extends does not change",
        );
      }
      await definitions.replaceSchema(
        tenant,
        { ...schema, id: definition.id },
        required,
      );
      const found = findSchema(await inForce(tenant), definition.id);
      return c.json(shownSchema(found, baseOf(c)));
    },
  );

  app.delete("/schemas/:id", query, async (c) => {
    const { tenant } = c.req.valid("query");
    await definitions.removeSchema(tenant, c.req.param("id"));
    return c.body(null, 204);
  });

  app.get("/resource-types", query, async (c) => {
    const { tenant } = c.req.valid("query");
    if (await tenants.get(tenant) === undefined) return noTenant(tenant);
    const { resourceTypes } = await inForce(tenant);
    return c.json({
      resourceTypes: resourceTypes.map((type) => shownType(type, baseOf(c))),
    });
  });

  app.post(
    "/resource-types",
    optionalQuery,
    requireJson(),
    zValidator("json", resourceTypeRequest, problemHook),
    async (c) => {
      const { resourceType, tenant: named } = c.req.valid("json");
      const tenant = tenantOf(c.req.valid("query").tenant, named);
      if (tenant === undefined) return twoTenants();
      addResourceType(await inForce(tenant), resourceType);
      await tenants.ensure(tenant, clock());
      await definitions.addResourceType(tenant, resourceType);
      const { name } = resourceType;
      const added = findResourceType(await inForce(tenant), name);
      return c.json({ ...shownType(added, baseOf(c)), tenant }, 201, {
        Location: locationOf(c, `resource-types/${name}`, tenant),
      });
    },
  );

  app.get("/resource-types/:name", query, async (c) => {
    const { tenant } = c.req.valid("query");
    const found = findResourceType(await inForce(tenant), c.req.param("name"));
    return c.json(shownType(found, baseOf(c)));
  });

  app.delete("/resource-types/:name", query, async (c) => {
    const { tenant } = c.req.valid("query");
    await definitions.removeResourceType(tenant, c.req.param("name"));
    return c.body(null, 204);
  });

  async function inForce(tenant: string) {
    return (await registries.current(tenant)).definitions;
  }

  function locationOf(c: Context, path: string, tenant: string): string {
    const origin = publicUrl ?? new URL(c.req.url).origin;
    return `${origin.replace(/\/+$/, "")}/admin/${path}?tenant=${tenant}`;
  }

  return app;
}

/** The tenant that a request is about; undefined when it names two. */
function tenantOf(
  inQuery: string | undefined,
  inBody: string | undefined,
): string | undefined {
  const tenant = inBody ?? inQuery ?? DEFAULT_TENANT;
  return inQuery === undefined || inQuery === tenant ? tenant : undefined;
}

function twoTenants(): Response {
  return wrongMember(
    "/tenant",
    "differs from the tenant in the query; name the tenant once",
  );
}

/** 400 for one member of a request. */
function wrongMember(pointer: string, detail: string): Response {
  return problemResponse(400, `${pointer} ${detail}`, {
    errors: [{ pointer, detail }],
  });
}

function shownSchema(
  { definition, ...rest }: CustomSchema,
  base: string,
): JsonObject {
  return {
    schema: schemaDocument(definition, base, "defined"),
    ...(rest.extends === undefined ? {} : { extends: rest.extends }),
    required: rest.required,
  };
}

function shownType(type: ResourceTypeDefinition, base: string): JsonObject {
  return { resourceType: resourceTypeDocument(type, base) };
}
