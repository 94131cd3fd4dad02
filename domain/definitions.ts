/**
 * The rules for what an operator adds to the schemas and resource types: what
 * must exist, what must not be there twice, and what may change while resources
 * use it (RFC 7643 sections 3.2, 3.3, 6 and 7).
 * @module
 */

import { ScimError } from "./errors.ts";
import {
  type CustomSchema,
  type Definitions,
  GROUP_NAMES,
  Registry,
} from "./registry.ts";
import { type Attribute, compileAttribute } from "./schema/attribute.ts";
import {
  isUnique,
  qualifiedName,
  type ResourceType,
} from "./schema/compile.ts";
import type {
  AttributeDefinition,
  ResourceTypeDefinition,
  SchemaDefinition,
  Uniqueness,
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

/** Endpoints that have a meaning of their own (RFC 7644 section 3.2). */
const RESERVED_ENDPOINTS: readonly string[] = [
  "/me",
  "/bulk",
  "/schemas",
  "/resourcetypes",
  "/serviceproviderconfig",
  "/serviceproviderconfiguration",
  "/serviceproviderconfigs",
  "/serviceconfiguration",
];

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
 * @throws {ScimError} 409 when there is one with its id, 400 when it cannot
 * extend the resource type that it says
 */
export function addSchema(
  definitions: Definitions,
  added: CustomSchema,
): Definitions {
  const registry = new Registry(definitions);
  const { id } = added.definition;
  if (registry.schema(id) !== undefined) {
    throw conflict(
      `There is a schema "${id}" already; PUT /admin/schemas/${id} changes one ` +
        "that was added",
    );
  }
  checkCount("schemas", definitions.schemas);
  if (added.extends === undefined) {
    if (added.required) {
      throw refusal('"required" needs "extends", the type to be extended');
    }
    return { ...definitions, schemas: [...definitions.schemas, added] };
  }
  const type = registry.byName(added.extends);
  if (type === undefined) throw noType(added.extends, registry);
  const next = {
    ...definitions,
    schemas: [...definitions.schemas, { ...added, extends: type.name }],
  };
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
 * @throws {ScimError} 404 when none with that id was added, 400 when the new
 * form does not fit the types that have it
 */
export function replaceSchema(
  definitions: Definitions,
  definition: SchemaDefinition,
): Definitions {
  const found = findSchema(definitions, definition.id);
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
        ? { ...schema, definition: { ...definition, id: found.definition.id } }
        : schema
    ),
  };
  checkTypes(next);
  return next;
}

/**
 * Adds a resource type.
 *
 * @throws {ScimError} 409 when its name or endpoint is taken, 400 when it names
 * a schema that does not exist or does not fit
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
  if (RESERVED_ENDPOINTS.includes(endpoint.toLowerCase())) {
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
    `No schema "${clip(id, 200)}" was added; GET /admin/schemas lists those ` +
      "that were",
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
    `No resource type "${clip(name)}" was added; GET /admin/resource-types ` +
      "lists those that were",
  );
}

/** An attribute and, by the dots in its path, where it stands in its schema. */
interface Listed {
  readonly attribute: Attribute;
  readonly path: string;
}

/** What a new form of a schema asks of the resources that have it. */
export interface SchemaChange {
  /**
   * Paths of attributes that are no longer there or that are of another kind, so
   * that no resource may have a value.
   */
  readonly abandoned: readonly string[];
  /** Paths of attributes whose values become unique. */
  readonly unique: readonly string[];
  /** Paths of attributes whose values may repeat from now on. */
  readonly repeatable: readonly string[];
}

/** Compares two forms of a schema. */
export function compareSchemas(
  before: SchemaDefinition,
  after: SchemaDefinition,
): SchemaChange {
  const now = new Map(
    listed(after).map(({ attribute, path }) => [path.toLowerCase(), attribute]),
  );
  const abandoned: string[] = [];
  const unique: string[] = [];
  const repeatable: string[] = [];
  for (const { attribute, path } of listed(before)) {
    const next = now.get(path.toLowerCase());
    if (next === undefined || !isSameKind(attribute, next)) {
      abandoned.push(path);
      continue;
    }
    if (isUnique(next) && !isUnique(attribute)) unique.push(path);
    if (!isUnique(next) && isUnique(attribute)) repeatable.push(path);
  }
  return { abandoned, unique, repeatable };
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

/**
 * Definitions in which an attribute is not unique.
 *
 * @param name of the attribute, with the URI of its schema
 */
export function withoutUniqueness(
  definitions: Definitions,
  name: string,
): Definitions {
  return withUniqueness(definitions, name, "none");
}

/**
 * Definitions that differ in nothing but the uniqueness of one attribute.
 *
 * @param name of the attribute, with the URI of its schema
 */
export function withUniqueness(
  definitions: Definitions,
  name: string,
  uniqueness: Uniqueness,
): Definitions {
  if (name === GROUP_NAMES) {
    return { ...definitions, uniqueGroupNames: uniqueness !== "none" };
  }
  const changed = (
    prefix: string,
    attributes: readonly AttributeDefinition[],
  ): AttributeDefinition[] =>
    attributes.map((attribute) => {
      const path = `${prefix}${attribute.name}`;
      if (path === name) return { ...attribute, uniqueness };
      return attribute.subAttributes === undefined ? attribute : {
        ...attribute,
        subAttributes: changed(`${path}.`, attribute.subAttributes),
      };
    });
  return {
    ...definitions,
    schemas: definitions.schemas.map((schema) => ({
      ...schema,
      definition: {
        ...schema.definition,
        attributes: changed(
          `${schema.definition.id}:`,
          schema.definition.attributes,
        ),
      },
    })),
  };
}

/** An attribute of a type by its name with the URI of its schema. */
export function attributeOf(
  type: ResourceType,
  name: string,
): Attribute | undefined {
  // A name can be the URI of another schema, too, so that it is no path to follow.
  const wanted = name.toLowerCase();
  return [type, ...type.extensions.values()]
    .flatMap(({ attributes }) => [...attributes.values()])
    .flatMap((attribute) => [attribute, ...attribute.subAttributes.values()])
    .find((attribute) =>
      qualifiedName(attribute, type.schema).toLowerCase() === wanted
    );
}

/**
 * Whether a resource that was read by one form of its type can be stored by
 * another: all attributes are still there, and of the same kind.
 */
export function keepsAttributes(
  before: ResourceType,
  after: ResourceType,
): boolean {
  if (before === after) return true;
  const keeps = (
    old: ReadonlyMap<string, Attribute>,
    now: ReadonlyMap<string, Attribute> | undefined,
  ): boolean =>
    [...old].every(([name, attribute]) => {
      const next = now?.get(name);
      return next !== undefined && isSameKind(attribute, next) &&
        keeps(attribute.subAttributes, next.subAttributes);
    });
  return before.schema === after.schema &&
    keeps(before.attributes, after.attributes) &&
    [...before.extensions].every(([uri, { attributes }]) =>
      keeps(attributes, after.extensions.get(uri)?.attributes)
    );
}

/** Whether stored values and keys of one form are those of the other. */
function isSameKind(a: Attribute, b: Attribute): boolean {
  return a.name === b.name && a.type === b.type &&
    a.multiValued === b.multiValued && a.caseExact === b.caseExact;
}

function listed({ attributes }: SchemaDefinition): Listed[] {
  return attributes.map((definition) => compileAttribute(definition, undefined))
    .flatMap((attribute) => [attribute, ...attribute.subAttributes.values()])
    .map((attribute) => ({ attribute, path: attribute.path }));
}

/** Checks what must hold of each resource type and its extensions. */
function checkTypes(definitions: Definitions): void {
  for (const type of new Registry(definitions).resourceTypes) {
    for (const { uri, attributes } of type.extensions.values()) {
      for (const attribute of attributes.values()) {
        const core = type.attributes.get(attribute.name.toLowerCase());
        if (core === undefined) continue;
        throw refusal(
          `Attribute "${attribute.name}" of "${uri}" is one of ${type.name} ` +
            "already; an extension does not redefine attributes (RFC 7643 " +
            "section 3.3)",
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
