/**
 * The discovery documents (RFC 7644 section 4), made from the schemas in force.
 * @module
 */

import { MAX_BULK_OPERATIONS } from "./bulk/message.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import {
  CURSOR_TIMEOUT,
  DEFAULT_PAGE_SIZE,
  MAX_BODY_SIZE,
  MAX_RESULTS,
} from "./limits.ts";
import { compileAttribute } from "./schema/attribute.ts";
import type {
  AttributeDefinition,
  ResourceTypeDefinition,
  SchemaDefinition,
} from "./schema/definition.ts";
import { RESOURCE_TYPE_SCHEMA } from "./schema/resource_type.ts";
import { SCHEMA_SCHEMA } from "./schema/schema.ts";
import { SERVICE_PROVIDER_CONFIG_SCHEMA } from "./schema/service_provider_config.ts";

/**
 * The ServiceProviderConfig (RFC 7643 section 5).
 *
 * @param base the SCIM base URL, without a slash at its end
 */
export function serviceProviderConfig(base: string): JsonObject {
  return {
    schemas: [SERVICE_PROVIDER_CONFIG_SCHEMA.id],
    documentationUri: "https://www.rfc-editor.org/rfc/rfc7644",
    patch: { supported: true },
    bulk: {
      supported: true,
      maxOperations: MAX_BULK_OPERATIONS,
      maxPayloadSize: MAX_BODY_SIZE,
    },
    filter: { supported: true, maxResults: MAX_RESULTS },
    changePassword: { supported: false },
    sort: { supported: true },
    etag: { supported: true },
    pagination: {
      cursor: true,
      index: true,
      defaultPaginationMethod: "index",
      defaultPageSize: DEFAULT_PAGE_SIZE,
      maxPageSize: MAX_RESULTS,
      cursorTimeout: CURSOR_TIMEOUT,
    },
    authenticationSchemes: [{
      type: "oauthbearertoken",
      name: "Bearer token",
      description:
        "A token that an administrator issued, sent in the Authorization header",
      specUri: "https://www.rfc-editor.org/rfc/rfc6750",
      primary: true,
    }],
    meta: {
      resourceType: "ServiceProviderConfig",
      location: `${base}/ServiceProviderConfig`,
    },
  };
}

/** A ResourceType resource (RFC 7643 section 6). Its id is its name. */
export function resourceTypeDocument(
  definition: ResourceTypeDefinition,
  base: string,
): JsonObject {
  return {
    schemas: [RESOURCE_TYPE_SCHEMA.id],
    id: definition.name,
    name: definition.name,
    ...(definition.description === undefined
      ? {}
      : { description: definition.description }),
    endpoint: definition.endpoint,
    schema: definition.schema,
    ...(definition.schemaExtensions.length === 0 ? {} : {
      schemaExtensions: definition.schemaExtensions.map((extension) => ({
        ...extension,
      })),
    }),
    meta: {
      resourceType: "ResourceType",
      location: `${base}/ResourceTypes/${encodeURIComponent(definition.name)}`,
    },
  };
}

/**
 * A Schema resource (RFC 7643 section 7), with every characteristic written out.
 *
 * @param form as clients see it, or as an operator defines it
 */
export function schemaDocument(
  schema: SchemaDefinition,
  base: string,
  form: SchemaForm = "published",
): JsonObject {
  return {
    schemas: [SCHEMA_SCHEMA.id],
    id: schema.id,
    ...(schema.name === undefined ? {} : { name: schema.name }),
    ...(schema.description === undefined
      ? {}
      : { description: schema.description }),
    attributes: schema.attributes.map((definition) =>
      attributeDocument(definition, form)
    ),
    meta: {
      resourceType: "Schema",
      location: `${base}/Schemas/${schemaSegment(schema.id)}`,
    },
  };
}

/** The URI of a schema as one segment of a path; a colon may stand in one as it is. */
export function schemaSegment(uri: string): string {
  return encodeURIComponent(uri).replaceAll("%3A", ":");
}

/** SCIM has no word for a closed list of values; operators have. */
type SchemaForm = "published" | "defined";

function attributeDocument(
  definition: AttributeDefinition,
  form: SchemaForm,
): JsonObject {
  const attribute = compileAttribute(definition, undefined);
  const { type, canonicalValues, referenceTypes } = attribute;
  const isText = type === "string" || type === "reference" || type === "binary";
  const hasUniqueness = type !== "complex" && type !== "boolean" &&
    type !== "binary" && type !== "dateTime";
  const document: JsonObject = {
    name: attribute.name,
    type,
    multiValued: attribute.multiValued,
    description: form === "defined"
      ? definition.description ?? ""
      : description(definition),
    required: attribute.required,
    ...(canonicalValues.length > 0
      ? { canonicalValues: [...canonicalValues] }
      : {}),
    ...(form === "defined" && attribute.canonicalValuesOnly
      ? { canonicalValuesOnly: true }
      : {}),
    ...(form === "defined" && definition.sensitive === true
      ? { sensitive: true }
      : {}),
    ...(isText ? { caseExact: attribute.caseExact } : {}),
    mutability: attribute.mutability,
    returned: attribute.returned,
    ...(hasUniqueness ? { uniqueness: attribute.uniqueness } : {}),
    ...(type === "reference" ? { referenceTypes: [...referenceTypes] } : {}),
  };
  const { subAttributes = [] } = definition;
  if (subAttributes.length > 0) {
    document["subAttributes"] = subAttributes.map((sub): JsonValue =>
      attributeDocument(sub, form)
    );
  }
  return document;
}

/** SCIM has no words for what is closed or sensitive, so that the description says it. */
function description(
  { description = "", canonicalValuesOnly, sensitive }: AttributeDefinition,
): string {
  return [
    description,
    ...(canonicalValuesOnly === true
      ? ["No values but the canonical ones are accepted."]
      : []),
    ...(sensitive === true
      ? ["Filters on it are taken by POST /.search only."]
      : []),
  ].filter((sentence) => sentence !== "").join(" ");
}
