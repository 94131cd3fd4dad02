/**
 * The rules for what an operator adds to the schemas and resource types: what
 * must exist, what must not be there twice, and what may change while resources
 * use it (RFC 7643 sections 3.2, 3.3, 6 and 7).
 * @module
 */

import { schemaSegment } from "./discovery.ts";
import { fixedEndpoint } from "./endpoints.ts";
import { ScimError } from "./errors.ts";
import {
  builtInRegistry,
  type CustomSchema,
  type Definitions,
  Registry,
} from "./registry.ts";
import type { Attribute } from "./schema/attribute.ts";
import { COMMON_ATTRIBUTES, isCommon } from "./schema/common.ts";
import { isUnique } from "./schema/compile.ts";
import type {
  AttributeDefinition,
  ResourceTypeDefinition,
  SchemaDefinition,
} from "./schema/definition.ts";
import { RESOURCE_TYPE_SCHEMA } from "./schema/resource_type.ts";
import { SCHEMA_SCHEMA } from "./schema/schema.ts";
import { SERVICE_PROVIDER_CONFIG_SCHEMA } from "./schema/service_provider_config.ts";
import { clip } from "./text.ts";

/** How many schemas, and how many resource types, a tenant can add. */
export const MAX_DEFINITIONS = 100;

/**
 * How many unique attributes a resource type can have. Each takes one of the ten
 * checks that a commit has on every store; the rest of a write takes three, and
 * members another five.
 */
const MAX_UNIQUE = 7;
const MAX_UNIQUE_WITH_MEMBERS = 2;

/**
 * Names of what discovery serves, and what a reference can lead to beside
 * resources (RFC 7643 section 7).
 */
const RESERVED_NAMES: readonly string[] = [
  "schema",
  "resourcetype",
  "serviceproviderconfig",
  "external",
  "uri",
];

/** Schemas of what discovery serves, which no resource type can have. */
const DISCOVERY_SCHEMAS: readonly SchemaDefinition[] = [
  SERVICE_PROVIDER_CONFIG_SCHEMA,
  RESOURCE_TYPE_SCHEMA,
  SCHEMA_SCHEMA,
];

/**
 * Adds a schema.
 *
 * @throws {ScimError} 409 when there is one with its id, or an attribute with
 * that path; 400 when it cannot extend the resource type that it says
 */
export function addSchema(
  definitions: Definitions,
  added: CustomSchema,
): Definitions {
  const registry = new Registry(definitions);
  const { id } = added.definition;
  if (registry.schema(id) !== undefined) {
    throw conflict(
      isBuiltIn(id)
        ? `The schema "${id}" is built in; it cannot be added or changed, and ` +
          "an extension of your own needs another id"
        : `There is a schema "${id}" already; PUT /admin/schemas/` +
          `${schemaSegment(id)} changes it`,
    );
  }
  checkCount("schemas", definitions.schemas);
  if (added.extends === undefined) {
    if (added.required) {
      throw needsExtends();
    }
    const next = { ...definitions, schemas: [...definitions.schemas, added] };
    checkPaths(next);
    return next;
  }
  const type = registry.byName(added.extends);
  if (type === undefined) throw noType(added.extends, registry);
  const next = {
    ...definitions,
    schemas: [...definitions.schemas, { ...added, extends: type.name }],
  };
  checkPaths(next);
  checkTypes(next);
  return next;
}

/**
 * Takes a schema out.
 *
 * @throws {ScimError} 404 when none with that id was added, 409 when a resource
 * type names it
 */
export function removeSchema(
  definitions: Definitions,
  id: string,
): Definitions {
  const found = findSchema(definitions, id);
  const user = definitions.resourceTypes.find((type) =>
    type.schema === found.definition.id ||
    type.schemaExtensions.some(({ schema }) => schema === found.definition.id)
  );
  if (user !== undefined) {
    throw conflict(
      `Schema "${found.definition.id}" belongs to the resource type ` +
        `"${user.name}"; delete that first`,
    );
  }
  return {
    ...definitions,
    schemas: definitions.schemas.filter((schema) => schema !== found),
  };
}

/**
 * Changes a schema that was added.
 *
 * @param required whether resources must have it; undefined: as before
 * @throws {ScimError} 404 when none with that id was added, 409 when an attribute
 * would have the path of another schema, 400 when the new form does not fit the
 * types that have it
 */
export function replaceSchema(
  definitions: Definitions,
  definition: SchemaDefinition,
  required?: boolean,
): Definitions {
  const found = findSchema(definitions, definition.id);
  if (required === true && found.extends === undefined) throw needsExtends();
  if (definitions.incomplete.length > 0) {
    throw conflict(
      `The values of ${
        definitions.incomplete.join(", ")
      } are being entered as ` +
        "unique ones; try again when that is done",
    );
  }
  const next = {
    ...definitions,
    schemas: definitions.schemas.map((schema) =>
      schema === found
        ? {
          ...schema,
          definition: { ...definition, id: found.definition.id },
          required: required ?? schema.required,
        }
        : schema
    ),
  };
  checkPaths(next);
  checkTypes(next);
  return next;
}

/**
 * Adds a resource type.
 *
 * @throws {ScimError} 409 when its name or endpoint is taken, or a schema has the
 * path of an attribute; 400 when it names a schema that does not exist or does not
 * fit
 */
export function addResourceType(
  definitions: Definitions,
  added: ResourceTypeDefinition,
): Definitions {
  const registry = new Registry(definitions);
  const { name, endpoint } = added;
  if (registry.byName(name) !== undefined) {
    throw conflict(`There is a resource type "${name}" already`);
  }
  if (RESERVED_NAMES.includes(name.toLowerCase())) {
    throw refusal(`The name "${name}" has a meaning of its own in SCIM`);
  }
  if (fixedEndpoint(endpoint.slice(1)) !== undefined) {
    throw refusal(`The endpoint ${endpoint} has a meaning of its own in SCIM`);
  }
  const owner = registry.byEndpoint(endpoint.slice(1));
  if (owner !== undefined) {
    throw conflict(`${endpoint} is the endpoint of "${owner.name}" already`);
  }
  checkCount("resource types", definitions.resourceTypes);
  const schemaOf = (uri: string, where: string): string => {
    const schema = registry.schema(uri);
    if (schema === undefined) {
      throw refusal(
        `${where} names the schema "${
          clip(uri, 200)
        }", which does not exist; ` +
          "add it with POST /admin/schemas first",
      );
    }
    if (DISCOVERY_SCHEMAS.some(({ id }) => id === schema.id)) {
      throw refusal(`${where}: "${schema.id}" describes the server itself`);
    }
    return schema.id;
  };
  const schema = schemaOf(added.schema, "schema");
  const schemaExtensions = added.schemaExtensions.map((extension, index) => ({
    ...extension,
    schema: schemaOf(extension.schema, `schemaExtensions[${index}].schema`),
  }));
  const uris = [schema, ...schemaExtensions.map((each) => each.schema)];
  const twice = uris.find((uri, index) => uris.indexOf(uri) !== index);
  if (twice !== undefined) {
    throw refusal(`The resource type names the schema "${twice}" twice`);
  }
  const next = {
    ...definitions,
    resourceTypes: [
      ...definitions.resourceTypes,
      { ...added, schema, schemaExtensions },
    ],
  };
  checkPaths(next);
  checkTypes(next);
  return next;
}

/**
 * Takes a resource type out.
 *
 * @throws {ScimError} 404 when none with that name was added, 409 when a schema
 * extends it
 */
export function removeResourceType(
  definitions: Definitions,
  name: string,
): Definitions {
  const found = findResourceType(definitions, name);
  const extension = definitions.schemas.find((schema) =>
    schema.extends === found.name
  );
  if (extension !== undefined) {
    throw conflict(
      `Schema "${extension.definition.id}" extends "${found.name}"; delete that first`,
    );
  }
  return {
    ...definitions,
    resourceTypes: definitions.resourceTypes.filter((type) => type !== found),
  };
}

/**
 * Finds a schema that was added.
 *
 * @throws {ScimError} 404
 */
export function findSchema(
  { schemas }: Definitions,
  id: string,
): CustomSchema {
  const found = schemas.find(({ definition }) =>
    definition.id.toLowerCase() === id.toLowerCase()
  );
  if (found !== undefined) return found;
  throw new ScimError(
    404,
    undefined,
    `No schema "${clip(id, 200)}" was added` +
      (isBuiltIn(id) ? ": it is built in and stays as it is" : "") +
      "; GET /admin/schemas lists those that were",
  );
}

/**
 * Finds a resource type that was added.
 *
 * @throws {ScimError} 404
 */
export function findResourceType(
  { resourceTypes }: Definitions,
  name: string,
): ResourceTypeDefinition {
  const found = resourceTypes.find((type) =>
    type.name.toLowerCase() === name.toLowerCase()
  );
  if (found !== undefined) return found;
  throw new ScimError(
    404,
    undefined,
    `No resource type "${clip(name)}" was added` +
      (builtInRegistry().byName(name) === undefined
        ? ""
        : ": it is built in and stays as it is") +
      "; GET /admin/resource-types lists those that were",
  );
}

/**
 * Makes group names unique or lets them repeat.
 *
 * @throws {ScimError} 400 when groups would have too many unique attributes
 */
export function setUniqueGroupNames(
  definitions: Definitions,
  unique: boolean,
): Definitions {
  if (definitions.uniqueGroupNames === unique) return definitions;
  const next = { ...definitions, uniqueGroupNames: unique };
  checkTypes(next);
  return next;
}

/** Checks what must hold of each resource type and its extensions. */
function checkTypes(definitions: Definitions): void {
  for (const type of new Registry(definitions).resourceTypes) {
    for (const { uri, attributes, required } of type.extensions.values()) {
      for (const attribute of attributes.values()) {
        if (!isCommon(attribute.name)) continue;
        throw refusal(
          `Attribute "${attribute.name}" of "${uri}" is one that every resource ` +
            "has; an extension does not define it (RFC 7643 section 3.1)",
        );
      }
      if (required && ![...attributes.values()].some(isWritable)) {
        throw refusal(
          `"${uri}" cannot be required of ${type.name}: all its attributes are ` +
            "readOnly, so that no client can send it",
        );
      }
    }
    const unique = type.indexes.filter(isUnique).map(({ path }) => path);
    const most = type.members === undefined
      ? MAX_UNIQUE
      : MAX_UNIQUE_WITH_MEMBERS;
    if (unique.length > most) {
      throw refusal(
        `${type.name} would have ${unique.length} unique attributes ` +
          `(${unique.join(", ")}); it can have ${most}`,
      );
    }
  }
}

/** Whether a client can give the attribute a value. */
function isWritable({ mutability, subAttributes }: Attribute): boolean {
  return mutability !== "readOnly" &&
    (subAttributes.size === 0 || [...subAttributes.values()].some(isWritable));
}

/**
 * Checks that no path names both a schema and an attribute of another one: the
 * longest URI counts, so that the attribute could not be reached any more.
 *
 * @throws {ScimError} 409
 */
function checkPaths(definitions: Definitions): void {
  const { schemas } = new Registry(definitions);
  for (const { id, attributes } of schemas) {
    const prefix = `${id.toLowerCase()}:`;
    for (const other of schemas) {
      if (!other.id.toLowerCase().startsWith(prefix)) continue;
      const path = other.id.slice(prefix.length).toLowerCase();
      const taken = [...COMMON_ATTRIBUTES, ...attributes]
        .flatMap(pathsOf).find((each) => each.toLowerCase() === path);
      if (taken === undefined) continue;
      throw conflict(
        `The schema "${other.id}" and the attribute "${taken}" of the schema ` +
          `"${id}" would have the same path; give one of them another name`,
      );
    }
  }
}

/** The paths of an attribute and its sub-attributes within their schema. */
function pathsOf({ name, subAttributes = [] }: AttributeDefinition): string[] {
  return [name, ...subAttributes.map((sub) => `${name}.${sub.name}`)];
}

function isBuiltIn(id: string): boolean {
  return builtInRegistry().schema(id) !== undefined;
}

function needsExtends(): ScimError {
  return refusal('"required" needs "extends", the type to be extended');
}

function checkCount(what: string, present: readonly unknown[]): void {
  if (present.length < MAX_DEFINITIONS) return;
  throw conflict(`A tenant can add ${MAX_DEFINITIONS} ${what} at the most`);
}

function noType(name: string, registry: Registry): ScimError {
  const known = registry.resourceTypes.map((type) => type.name).join(", ");
  return refusal(
    `"extends" names the resource type "${
      clip(name)
    }", which does not exist; ` +
      `there are ${known}`,
  );
}

function refusal(detail: string): ScimError {
  return new ScimError(400, undefined, detail);
}

function conflict(detail: string): ScimError {
  return new ScimError(409, undefined, detail);
}
