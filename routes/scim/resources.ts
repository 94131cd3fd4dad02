/**
 * One set of handlers for every resource type (RFC 7644 sections 3.3 to 3.6).
 * @module
 */

import { type Context, Hono } from "hono";
import { notFound } from "../../domain/errors.ts";
import {
  isJsonObject,
  jsonEquals,
  type JsonObject,
} from "../../domain/json.ts";
import { checkImmutable, keepUnsent } from "../../domain/mutability.ts";
import { type Draft, normalizeResource } from "../../domain/normalize.ts";
import { applyPatch } from "../../domain/patch/apply.ts";
import { readSearchRequest } from "../../domain/messages/search.ts";
import { readPatchMessage } from "../../domain/patch/message.ts";
import type { Projection } from "../../domain/projection.ts";
import type { Attribute } from "../../domain/schema/attribute.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import { clip } from "../../domain/text.ts";
import { validateResource } from "../../domain/validate.ts";
import type { ResourceRecord } from "../../storage/records.ts";
import { noSuchResource, type Writer } from "../../storage/resources.ts";
import { locationOf } from "../../storage/shown.ts";
import type { Services } from "../services.ts";
import { reportingCutOff, scimResponse, streamedResponse } from "./answers.ts";
import { readBody } from "./body.ts";
import type { ScimEnvironment } from "./environment.ts";
import { asInForce } from "./in_force.ts";
import { largeText } from "./large.ts";
import { methodNotAllowed } from "./methods.ts";
import {
  checkPreconditions,
  isKnown,
  notModified,
  type Preconditions,
} from "./preconditions.ts";
import { namesAttributes, QueryParameters, readProjection } from "./query.ts";
import {
  answerSearch,
  searchOfMessage,
  searchOfQuery,
  type SearchScope,
} from "./search.ts";

type ScimContext = Context<ScimEnvironment>;

/** What every handler needs to know of its request. */
interface ResourceRequest {
  readonly type: ResourceType;
  readonly parameters: QueryParameters;
  readonly projection: Projection;
  readonly writer: Writer;
}

/** Builds the endpoints of the resource types. */
export function resources(services: Services): Hono<ScimEnvironment> {
  const { views } = services;
  const repository = services.resources;
  const app = new Hono<ScimEnvironment>();

  app.get("/", (c) => {
    return answerSearch(services, scopeOf(c), searchOfQuery(parametersOf(c)));
  });
  app.all("/", methodNotAllowed("GET"));

  // A search has all it needs in its body (RFC 7644 section 3.4.3).
  app.post("/.search", async (c) => {
    const search = searchOfMessage(readSearchRequest(await readBody(c.req)));
    return await answerSearch(services, scopeOf(c), search);
  });
  app.all("/.search", methodNotAllowed("POST"));
  app.post("/:endpoint/.search", async (c) => {
    const scope = scopeOf(c, typeOf(c));
    const search = searchOfMessage(readSearchRequest(await readBody(c.req)));
    return await answerSearch(services, scope, search);
  });
  app.all("/:endpoint/.search", (c) => {
    typeOf(c);
    return methodNotAllowed("POST")(c);
  });

  app.get("/:endpoint", (c) => {
    const scope = scopeOf(c, typeOf(c));
    const search = searchOfQuery(parametersOf(c));
    // A page of all resources moves with every write, a cursor with time.
    if (search.filter !== undefined && search.cursor === undefined) {
      c.set("keeps", true);
    }
    return answerSearch(services, scope, search);
  });

  app.post("/:endpoint", async (c) => {
    const { request, record, sent } = await asInForce(services, c, async () => {
      const request = read(c);
      const { type, writer } = request;
      const draft = await readDraft(c, type);
      const record = await repository.create(writer, type, {
        ...draft,
        attributes: withoutUnstored(type, draft.attributes),
      });
      return { request, record, sent: draft.sent };
    });
    return await answer(c, request, record, 201, sent);
  });

  app.all("/:endpoint", (c) => {
    typeOf(c);
    return methodNotAllowed("GET", "POST")(c);
  });

  app.get("/:endpoint/:id", async (c) => {
    const request = read(c);
    const { type, writer } = request;
    const id = c.req.param("id");
    const record = await repository.get(writer.tenant, type, id);
    if (record === undefined) throw noSuchResource(type, id);
    const version = views.version(record);
    if (isKnown(c.req.header("If-None-Match"), version)) {
      return notModified(version);
    }
    c.set("keeps", true);
    return await answer(c, request, record, 200);
  });

  app.put("/:endpoint/:id", async (c) => {
    const id = c.req.param("id");
    const { request, record, sent } = await asInForce(services, c, async () => {
      const request = read(c);
      const { type, writer } = request;
      const draft = await readDraft(c, type);
      const written = await repository.update(writer, type, id, {
        operation: "replace",
        ...preconditionOf(c),
        edit: (record) => {
          const sent = withoutUnstored(type, draft.attributes);
          const attributes = keepUnsent(type, record.attributes, sent);
          checkImmutable(type, record.attributes, attributes);
          // What is kept can be a part that does not stand alone.
          if (!jsonEquals(attributes, sent)) {
            validateResource(type, attributes, c.get("client").profile);
          }
          return {
            attributes,
            ignored: draft.ignored,
            membership: type.members === undefined
              ? []
              : [{ kind: "replaceAll", ids: draft.members }],
          };
        },
      });
      if (written === undefined) throw noSuchResource(type, id);
      return { request, record: written.record, sent: draft.sent };
    });
    return await answer(c, request, record, 200, sent);
  });

  app.patch("/:endpoint/:id", async (c) => {
    const id = c.req.param("id");
    const { request, record, sent } = await asInForce(services, c, async () => {
      const request = read(c);
      const { type, writer } = request;
      const { profile } = c.get("client");
      const operations = readPatchMessage(await readBody(c.req), profile);
      let sent: ReadonlySet<Attribute> = new Set();
      const written = await repository.update(writer, type, id, {
        operation: "patch",
        ...preconditionOf(c),
        edit: ({ attributes }) => {
          const result = applyPatch(type, attributes, operations, profile);
          sent = result.sent;
          return result;
        },
      });
      if (written === undefined) throw noSuchResource(type, id);
      return { request, record: written.record, sent };
    });
    const { type, parameters } = request;
    // Members make a resource too large to be sent back with each change of one.
    if (type.members !== undefined && !namesAttributes(parameters)) {
      return new Response(null, {
        status: 204,
        headers: headersOf(c, type, record),
      });
    }
    return await answer(c, request, record, 200, sent);
  });

  app.delete("/:endpoint/:id", async (c) => {
    const id = c.req.param("id");
    await asInForce(services, c, async () => {
      const { type, writer } = read(c);
      const precondition = preconditionOf(c);
      if (!await repository.delete(writer, type, id, precondition)) {
        throw noSuchResource(type, id);
      }
      return true;
    });
    return new Response(null, { status: 204 });
  });

  app.all("/:endpoint/:id", (c) => {
    typeOf(c);
    return methodNotAllowed("GET", "PUT", "PATCH", "DELETE")(c);
  });

  function typeOf(c: ScimContext): ResourceType {
    const endpoint = c.req.param("endpoint") ?? "";
    const { registry } = c.get("current");
    const type = registry.byEndpoint(endpoint);
    if (type === undefined) {
      const known = registry.resourceTypes.map((t) => t.endpoint).join(", ");
      throw notFound(
        `There is no endpoint /${
          clip(endpoint, 80)
        }; resources are at ${known}`,
      );
    }
    return type;
  }

  function parametersOf(c: ScimContext): QueryParameters {
    return new QueryParameters(c.req.url, c.get("client").profile);
  }

  /** Where a search happens: one type, or all of them. */
  function scopeOf(c: ScimContext, type?: ResourceType): SearchScope {
    return {
      client: c.get("client"),
      base: c.get("base"),
      signal: () => c.req.raw.signal,
      types: type === undefined
        ? c.get("current").registry.resourceTypes
        : [type],
    };
  }

  function read(c: ScimContext): ResourceRequest {
    const type = typeOf(c);
    const { token, profile } = c.get("client");
    const parameters = parametersOf(c);
    return {
      type,
      parameters,
      projection: readProjection(parameters, type, profile),
      writer: {
        tenant: token.tenant,
        actor: token.id,
        current: c.get("current"),
      },
    };
  }

  async function readDraft(c: ScimContext, type: ResourceType): Promise<Draft> {
    const { profile } = c.get("client");
    const draft = normalizeResource(type, await readBody(c.req), profile);
    validateResource(type, draft.attributes, profile);
    return draft;
  }

  function preconditionOf(c: ScimContext) {
    const preconditions: Preconditions = {
      ifMatch: c.req.header("If-Match"),
      ifNoneMatch: c.req.header("If-None-Match"),
    };
    return {
      conditional: preconditions.ifMatch !== undefined ||
        preconditions.ifNoneMatch !== undefined,
      precondition: (record: ResourceRecord) =>
        checkPreconditions(preconditions, views.version(record)),
    };
  }

  function headersOf(
    c: ScimContext,
    type: ResourceType,
    record: ResourceRecord,
  ): Record<string, string> {
    return {
      ETag: views.version(record),
      Location: locationOf(type, record.id, c.get("base")),
    };
  }

  /** One resource, as the request asked for it. */
  async function answer(
    c: ScimContext,
    { type, projection, writer }: ResourceRequest,
    record: ResourceRecord,
    status: number,
    sent?: ReadonlySet<Attribute>,
  ): Promise<Response> {
    const headers = headersOf(c, type, record);
    if (c.get("wantsBody") === false) {
      return new Response(null, { status, headers });
    }
    const { tenant } = writer;
    const base = c.get("base");
    const [view] = await views.open({
      tenant,
      type,
      records: [record],
      base,
      wants: (attribute) => projection.shows(attribute),
      isNew: status === 201,
    });
    if (view?.kind === "large") {
      const version = views.version(record);
      const large = { tenant, type, record, base, projection, sent, version };
      return streamedResponse(
        largeText(views, large),
        status,
        headers,
        reportingCutOff(services),
      );
    }
    const { resource = {} } = view ?? {};
    return scimResponse(projection.apply(resource, sent), status, {
      ...headers,
      // Whoever reads the members may find that the group has changed meanwhile.
      ETag: versionIn(resource) ?? views.version(record),
    });
  }

  return app;
}

/** The entity tag of what is shown. */
function versionIn(resource: JsonObject | undefined): string | undefined {
  const meta = resource?.["meta"];
  const version = isJsonObject(meta) ? meta["version"] : undefined;
  return typeof version === "string" ? version : undefined;
}

/** Attributes without those that are accepted and not kept, such as passwords. */
function withoutUnstored(
  type: ResourceType,
  attributes: JsonObject,
): JsonObject {
  const kept = { ...attributes };
  for (const name of type.traits.unstored) delete kept[name];
  return kept;
}
