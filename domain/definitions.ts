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
  GROUP_NAMES,
  Registry,
} from "./registry.ts";
import { type Attribute, compileAttribute } from "./schema/attribute.ts";
import { COMMON_ATTRIBUTES, isCommon } from "./schema/common.ts";
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
  /** Paths of attributes that become required or take fewer values than before. */
  readonly tightened: readonly string[];
}

/** Compares two forms of a schema. Attributes that every resource has stay as they are. */
export function compareSchemas(
  before: SchemaDefinition,
  after: SchemaDefinition,
): SchemaChange {
  const now = new Map(
    listed(after).map(({ attribute, path }) => [path.toLowerCase(), attribute]),
  );
  const old = new Map(
    listed(before).map((
      { attribute, path },
    ) => [path.toLowerCase(), attribute]),
  );
  const abandoned: string[] = [];
  const unique: string[] = [];
  const repeatable: string[] = [];
  const tightened = listed(after)
    .filter(({ attribute, path }) =>
      isTighter(attribute, old.get(path.toLowerCase()))
    ).map(({ path }) => path);
  for (const { attribute, path } of listed(before)) {
    const next = now.get(path.toLowerCase());
    if (next === undefined || !isSameKind(attribute, next)) {
      abandoned.push(path);
      continue;
    }
    if (isUnique(next) && !isUnique(attribute)) unique.push(path);
    if (!isUnique(next) && isUnique(attribute)) repeatable.push(path);
  }
  return { abandoned, unique, repeatable, tightened };
}

/**
 * A resource type as it is with another form of a schema, or with a schema that
 * comes to extend it.
 *
 * @returns undefined when that is not a schema of the type
 */
export function withForm(
  type: ResourceType,
  { definition, extends: extended, required }: CustomSchema,
): ResourceType | undefined {
  const { id, attributes } = definition;
  const key = id.toLowerCase();
  const compiled = (extension: string | undefined) =>
    new Map(
      attributes.map((attribute) => [
        attribute.name.toLowerCase(),
        compileAttribute(attribute, extension),
      ]),
    );
  if (type.schema.toLowerCase() === key) {
    const common = [...type.attributes].filter(([name]) => isCommon(name));
    return {
      ...type,
      attributes: new Map([...compiled(undefined), ...common]),
    };
  }
  const known = type.extensions.get(key);
  const isExtended = extended?.toLowerCase() === type.name.toLowerCase();
  if (known === undefined && !isExtended) return undefined;
  const uri = known?.uri ?? id;
  return {
    ...type,
    extensions: new Map([...type.extensions, [key, {
      uri,
      required: isExtended ? required : known?.required ?? false,
      attributes: compiled(uri),
    }]]),
  };
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
  // The name is compared as a whole, since it is no path that a client wrote.
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

/** Whether a resource can comply with one form of an attribute and not with the next. */
function isTighter(now: Attribute, before: Attribute | undefined): boolean {
  const isDemanded = now.required && now.mutability !== "readOnly";
  const wasDemanded = before?.required === true &&
    before.mutability !== "readOnly";
  if (isDemanded && !wasDemanded) return true;
  if (before === undefined || !now.canonicalValuesOnly) return false;
  return !before.canonicalValuesOnly ||
    before.canonicalValues.some((value) =>
      !now.canonicalValues.includes(value)
    );
}

function listed({ attributes }: SchemaDefinition): Listed[] {
  return attributes.filter(({ name }) => !isCommon(name))
    .map((definition) => compileAttribute(definition, undefined))
    .flatMap((attribute) => [attribute, ...attribute.subAttributes.values()])
    .map((attribute) => ({ attribute, path: attribute.path }));
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
