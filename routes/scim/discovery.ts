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
import type { Registry } from "../../domain/registry.ts";
import { clip } from "../../domain/text.ts";
import { DEFAULT_TENANT } from "../../storage/tenants.ts";
import { identify } from "../middleware/authenticate.ts";
import type { Services } from "../services.ts";
import { listResponse, scimResponse } from "./answers.ts";
import type { ScimEnvironment } from "./environment.ts";
import { methodNotAllowed } from "./methods.ts";

/** Builds the discovery endpoints. A token tells whose schemas are shown. */
export function discovery(
  { registries, tokens }: Services,
): Hono<ScimEnvironment> {
  const app = new Hono<ScimEnvironment>();
  const readOnly = methodNotAllowed("GET");

  app.get("/ServiceProviderConfig", (c) => {
    return scimResponse(serviceProviderConfig(c.get("base")));
  });
  app.all("/ServiceProviderConfig", readOnly);

  app.get("/ResourceTypes", async (c) => {
    refuseFilter(c);
    const registry = await registryFor(c);
    return completeList(
      registry.resourceTypes.map((type) =>
        resourceTypeDocument(type.definition, c.get("base"))
      ),
    );
  });
  app.get("/ResourceTypes/:name", async (c) => {
    const registry = await registryFor(c);
    const type = registry.byName(c.req.param("name"));
    if (type === undefined) {
      throw notFound(
        `There is no resource type "${clip(c.req.param("name"))}"; ` +
          "/ResourceTypes lists them",
      );
    }
    return scimResponse(resourceTypeDocument(type.definition, c.get("base")));
  });
  app.all("/ResourceTypes/:name?", readOnly);

  app.get("/Schemas", async (c) => {
    refuseFilter(c);
    const { schemas } = await registryFor(c);
    return completeList(
      schemas.map((schema) => schemaDocument(schema, c.get("base"))),
    );
  });
  app.get("/Schemas/:uri", async (c) => {
    const registry = await registryFor(c);
    const schema = registry.schema(c.req.param("uri"));
    if (schema === undefined) {
      throw notFound(
        `There is no schema "${clip(c.req.param("uri"), 200)}"; /Schemas ` +
          "lists them",
      );
    }
    return scimResponse(schemaDocument(schema, c.get("base")));
  });
  app.all("/Schemas/:uri?", readOnly);

  /** What is in force for the client's tenant. */
  async function registryFor(c: Context<ScimEnvironment>): Promise<Registry> {
    const client = await identify(c.req.header("Authorization"), tokens);
    const { tenant } = client?.token ?? { tenant: DEFAULT_TENANT };
    const { registry, going } = await registries.current(tenant);
    if (!going) return registry;
    // The token is dead, and counts as none.
    return (await registries.current(DEFAULT_TENANT)).registry;
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
