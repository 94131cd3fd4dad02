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

const schemaRequest = closed({
  schema: schemaResource,
  extends: z.string().min(1).max(64).optional(),
  required: z.boolean().default(false),
  tenant: tenantId.default(DEFAULT_TENANT),
});

const schemaReplacement = closed({ schema: schemaResource });

const resourceTypeRequest = closed({
  resourceType: resourceTypeResource,
  tenant: tenantId.default(DEFAULT_TENANT),
});

const tenantQuery = z.object({ tenant: tenantId.default(DEFAULT_TENANT) });

/** Builds `/schemas` and `/resource-types`. */
export function definitionRoutes(services: Services): Hono {
  const { definitions, registries, tenants, clock, publicUrl } = services;
  const app = new Hono();
  const query = zValidator("query", tenantQuery, problemHook);
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
    requireJson(),
    zValidator("json", schemaRequest, problemHook),
    async (c) => {
      const { schema, tenant, ...rest } = c.req.valid("json");
      const request = { ...rest, definition: schema };
      // What is refused brings no tenant into being.
      addSchema(await inForce(tenant), request);
      await tenants.ensure(tenant, clock());
      await definitions.addSchema(tenant, request);
      const added = findSchema(await inForce(tenant), schema.id);
      return c.json({ ...shownSchema(added, baseOf(c)), tenant }, 201, {
        Location: locationOf(c, `schemas/${schema.id}`, tenant),
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
    query,
    requireJson(),
    zValidator("json", schemaReplacement, problemHook),
    async (c) => {
      const { tenant } = c.req.valid("query");
      const { definition } = findSchema(
        await inForce(tenant),
        c.req.param("id"),
      );
      const { schema } = c.req.valid("json");
      if (schema.id.toLowerCase() !== definition.id.toLowerCase()) {
        const pointer = "/schema/id";
        const detail = `must be "${definition.id}", the schema in the URL`;
        return problemResponse(400, `${pointer} ${detail}`, {
          errors: [{ pointer, detail }],
        });
      }
      await definitions.replaceSchema(tenant, { ...schema, id: definition.id });
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
    requireJson(),
    zValidator("json", resourceTypeRequest, problemHook),
    async (c) => {
      const { resourceType, tenant } = c.req.valid("json");
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
