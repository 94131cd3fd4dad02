/**
 * Discovery endpoints (RFC 7644 section 4): public, whole and true.
 * @module
 */

import { type Context, Hono } from "hono";
import {
  resourceTypeDocument,
  schemaDocument,
  serviceProviderConfig,
} from "../../domain/discovery.ts";
import { notFound, ScimError } from "../../domain/errors.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { SchemaDefinition } from "../../domain/schema/definition.ts";
import { clip } from "../../domain/text.ts";
import { DEFAULT_TENANT } from "../../storage/tenants.ts";
import { identify } from "../middleware/authenticate.ts";
import type { Services } from "../services.ts";
import { listResponse, scimResponse } from "./answers.ts";
import type { ScimEnvironment } from "./environment.ts";
import { methodNotAllowed } from "./methods.ts";

/** Builds the discovery endpoints. A token tells whose settings are shown. */
export function discovery(services: Services): Hono<ScimEnvironment> {
  const { registry, tenants, tokens } = services;
  const app = new Hono<ScimEnvironment>();
  const readOnly = methodNotAllowed("GET");

  app.get("/ServiceProviderConfig", (c) => {
    return scimResponse(serviceProviderConfig(c.get("base")));
  });
  app.all("/ServiceProviderConfig", readOnly);

  app.get("/ResourceTypes", (c) => {
    refuseFilter(c);
    return completeList(
      registry.resourceTypes.map((type) =>
        resourceTypeDocument(type, c.get("base"))
      ),
    );
  });
  app.get("/ResourceTypes/:name", (c) => {
    const type = registry.byName(c.req.param("name"));
    if (type === undefined) {
      throw notFound(
        `There is no resource type "${clip(c.req.param("name"))}"; ` +
          "/ResourceTypes lists them",
      );
    }
    return scimResponse(resourceTypeDocument(type, c.get("base")));
  });
  app.all("/ResourceTypes/:name?", readOnly);

  app.get("/Schemas", async (c) => {
    refuseFilter(c);
    const show = await shownToClient(c);
    return completeList(registry.schemas.map(show));
  });
  app.get("/Schemas/:uri", async (c) => {
    const schema = registry.schema(c.req.param("uri"));
    if (schema === undefined) {
      throw notFound(
        `There is no schema "${clip(c.req.param("uri"), 200)}"; /Schemas ` +
          "lists them",
      );
    }
    const show = await shownToClient(c);
    return scimResponse(show(schema));
  });
  app.all("/Schemas/:uri?", readOnly);

  /** Schemas with the uniqueness that the client's tenant has chosen. */
  async function shownToClient(
    c: Context<ScimEnvironment>,
  ): Promise<(schema: SchemaDefinition) => JsonObject> {
    const client = await identify(c.req.header("Authorization"), tokens);
    const { settings } = await tenants.settings(
      client?.token.tenant ?? DEFAULT_TENANT,
    );
    return (schema) => {
      const type = registry.resourceTypes.find((t) => t.schema === schema.id);
      const notUnique = settings.uniqueGroupNames
        ? []
        : type?.traits.optionallyUnique ?? [];
      return schemaDocument(schema, c.get("base"), notUnique);
    };
  }

  return app;
}

/** RFC 7644 section 4: a filter on these lists is answered with 403. */
function refuseFilter(c: Context<ScimEnvironment>): void {
  if (new URL(c.req.url).searchParams.has("filter")) {
    throw new ScimError(
      403,
      undefined,
      "Discovery endpoints cannot be filtered; ask for one document by its id",
    );
  }
}

/** A list without pages: paging parameters have no effect on discovery. */
function completeList(documents: readonly JsonObject[]): Response {
  return scimResponse(listResponse(documents, documents.length, 1));
}
