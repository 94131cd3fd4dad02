/**
 * Compiles a resource type from its schemas.
 * @module
 */

import type { AttributePath } from "../path.ts";
import { printAttributePath } from "../path.ts";
import { nearest } from "../text.ts";
import { type Attribute, compileAttribute } from "./attribute.ts";
import { COMMON_ATTRIBUTES } from "./common.ts";
import type { ResourceTypeDefinition, SchemaDefinition } from "./definition.ts";
import { type ResourceTypeTraits, traitsOf } from "./traits.ts";

/** A schema extension of a resource type. */
export interface Extension {
  readonly uri: string;
  readonly required: boolean;
  /** By lower-case name. */
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** The resource types that are in force together. */
export interface ResourceTypes {
  /** The type with a name, such as `User`, in any case. */
  byName(name: string): ResourceType | undefined;
  readonly resourceTypes: readonly ResourceType[];
  /** The types whose resources have members. */
  readonly withMembers: readonly ResourceType[];
}

/** A resource type, ready for use by validation, filters, PATCH and projection. */
export interface ResourceType {
  readonly name: string;
  readonly endpoint: string;
  /** The URI of the base schema. */
  readonly schema: string;
  readonly definition: ResourceTypeDefinition;
  /** Core and common attributes by lower-case name. */
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** By lower-case URI. */
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly traits: ResourceTypeTraits;
  /** The attribute that shows membership edges leaving the resource. */
  readonly members: Attribute | undefined;
  /** The attribute that shows membership edges reaching the resource. */
  readonly memberOf: Attribute | undefined;
  /** The indexed attributes, unique ones first. */
  readonly indexes: readonly Attribute[];
  /** Those of them whose unique values are not all entered yet. */
  readonly incomplete: ReadonlySet<Attribute>;
  /** The types in force, this one included, to which references can lead. */
  readonly types: ResourceTypes;
}

/** What surrounds a resource type. */
export interface ResourceTypeContext {
  /** Defaults to the type alone. */
  readonly types?: ResourceTypes;
  /** Defaults to those of its schemas. */
  readonly traits?: ResourceTypeTraits;
  /** Names of attributes, with the URIs of their schemas, whose index is being built. */
  readonly incomplete?: readonly string[];
}

/**
 * Compiles a resource type.
 *
 * @param schemas every schema that the definition names
 * @throws {TypeError} when the definition names a schema that does not exist
 */
export function compileResourceType(
  definition: ResourceTypeDefinition,
  schemas: readonly SchemaDefinition[],
  { types, traits = traitsOf(definition), incomplete = [] }:
    ResourceTypeContext = {},
): ResourceType {
  const byUri = new Map(schemas.map((schema) => [schema.id, schema]));
  const schemaOf = (uri: string): SchemaDefinition => {
    const schema = byUri.get(uri);
    if (schema === undefined) {
      throw new TypeError(
        `Cannot compile ${definition.name}: no schema has the id "${uri}"`,
      );
    }
    return schema;
  };
  const attributes = new Map<string, Attribute>();
  for (const attribute of schemaOf(definition.schema).attributes) {
    attributes.set(
      attribute.name.toLowerCase(),
      compileAttribute(attribute, undefined),
    );
  }
  // The characteristics of RFC 7643 section 3.1 win over a schema's own listing.
  for (const attribute of COMMON_ATTRIBUTES) {
    attributes.set(
      attribute.name.toLowerCase(),
      compileAttribute(attribute, undefined),
    );
  }
  const extensions = new Map<string, Extension>();
  for (const extension of definition.schemaExtensions) {
    const { id } = schemaOf(extension.schema);
    extensions.set(id.toLowerCase(), {
      uri: id,
      required: extension.required,
      attributes: new Map(
        schemaOf(extension.schema).attributes.map((attribute) => [
          attribute.name.toLowerCase(),
          compileAttribute(attribute, id),
        ]),
      ),
    });
  }
  const indexes = indexedAttributes(attributes, extensions, traits);
  const attributeNamed = (name: string | undefined) =>
    name === undefined ? undefined : attributes.get(name.toLowerCase());
  const type: ResourceType = {
    name: definition.name,
    endpoint: definition.endpoint,
    schema: definition.schema,
    definition,
    attributes,
    extensions,
    traits,
    members: attributeNamed(traits.members),
    memberOf: attributeNamed(traits.memberOf),
    indexes,
    incomplete: new Set(
      indexes.filter((attribute) =>
        incomplete.includes(qualifiedName(attribute, definition.schema))
      ),
    ),
    types: types ?? {
      byName: (name) =>
        name.toLowerCase() === type.name.toLowerCase() ? type : undefined,
      get resourceTypes() {
        return [type];
      },
      get withMembers() {
        return type.members === undefined ? [] : [type];
      },
    },
  };
  return type;
}

/** The name of an attribute with the URI of its schema (RFC 7644 section 3.10). */
export function qualifiedName(attribute: Attribute, schema: string): string {
  return attribute.extension === undefined
    ? `${schema}:${attribute.path}`
    : attribute.path;
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

/** What a path names in a resource type. */
export type Target =
  | { readonly kind: "attribute"; readonly attribute: Attribute }
  | { readonly kind: "extension"; readonly extension: Extension }
  | { readonly kind: "resource" };

/** How much of a client's spelling is understood. Both default to false. */
export interface ResolveOptions {
  /** `manager` for the enterprise extension's manager (Entra's short paths). */
  readonly unqualifiedExtensionAttributes?: boolean;
  /** `urn:…:User.manager` for `urn:…:User:manager` (Entra before 2018). */
  readonly dotAfterSchemaUri?: boolean;
}

/**
 * Finds what a path names. Names and URIs are compared without case; of several
 * schema URIs that begin the text, the longest counts (RFC 7644 section 3.10).
 *
 * @returns undefined when the resource type has no such attribute
 */
export function resolvePath(
  type: ResourceType,
  path: AttributePath,
  options: ResolveOptions = {},
): Target | undefined {
  if (path.uri === undefined) {
    // A name that the core has means the core, whatever extensions have.
    return options.unqualifiedExtensionAttributes === true &&
        !type.attributes.has((path.name ?? "").toLowerCase())
      ? inExtensions(type, path)
      : attributeTarget(type.attributes, path);
  }
  const text = printAttributePath(path);
  const lower = text.toLowerCase();
  const uris = [type.schema, ...[...type.extensions.values()].map((e) => e.uri)]
    .sort((a, b) => b.length - a.length);
  for (const uri of uris) {
    if (!lower.startsWith(uri.toLowerCase())) continue;
    const extension = type.extensions.get(uri.toLowerCase());
    if (lower.length === uri.length) {
      return extension === undefined
        ? { kind: "resource" }
        : { kind: "extension", extension };
    }
    const separator = text.charAt(uri.length);
    if (
      separator !== ":" &&
      !(separator === "." && options.dotAfterSchemaUri === true)
    ) continue;
    const [name, subAttribute, rest] = text.slice(uri.length + 1).split(".");
    if (name === undefined || rest !== undefined) return undefined;
    return attributeTarget(
      extension?.attributes ?? type.attributes,
      subAttribute === undefined ? { name } : { name, subAttribute },
    );
  }
  return undefined;
}

/** What a client most likely meant by a name that does not resolve, if anything. */
export function nearestAttribute(
  type: ResourceType,
  path: AttributePath,
): string | undefined {
  const wanted = path.subAttribute === undefined
    ? path.name ?? ""
    : `${path.name}.${path.subAttribute}`;
  const known = path.name === undefined
    ? undefined
    : type.attributes.get(path.name.toLowerCase());
  if (known !== undefined && path.subAttribute !== undefined) {
    const sub = nearest(
      path.subAttribute,
      [...known.subAttributes.values()].map((attribute) => attribute.name),
    );
    return sub === undefined ? undefined : `${known.name}.${sub}`;
  }
  const candidates = new Map<string, string>();
  for (const extension of type.extensions.values()) {
    for (const attribute of extension.attributes.values()) {
      candidates.set(attribute.name, attribute.path);
    }
  }
  for (const attribute of type.attributes.values()) {
    candidates.set(attribute.name, attribute.path);
  }
  const name = nearest(wanted, candidates.keys()) ??
    nearest(path.name ?? "", candidates.keys());
  return name === undefined ? undefined : candidates.get(name);
}

function attributeTarget(
  attributes: ReadonlyMap<string, Attribute>,
  path: { readonly name?: string; readonly subAttribute?: string },
): Target | undefined {
  const attribute = attributes.get((path.name ?? "").toLowerCase());
  const found = path.subAttribute === undefined
    ? attribute
    : attribute?.subAttributes.get(path.subAttribute.toLowerCase());
  return found && { kind: "attribute", attribute: found };
}

function inExtensions(
  type: ResourceType,
  path: AttributePath,
): Target | undefined {
  for (const extension of type.extensions.values()) {
    const target = attributeTarget(extension.attributes, path);
    if (target !== undefined) return target;
  }
  return undefined;
}

/** Whether an attribute is found by its unique key, so that it needs no index. */
export function hasUniqueKey(
  type: ResourceType,
  attribute: Attribute,
): boolean {
  return isUnique(attribute) && !type.traits.indexed.includes(attribute.path);
}

/**
 * Whether an attribute is found by unique keys that an operator can take away, by
 * letting its values repeat.
 */
export function hasPassingKeys(
  type: ResourceType,
  attribute: Attribute,
): boolean {
  return hasUniqueKey(type, attribute) &&
    !type.traits.always.includes(attribute.path);
}

/** Whether the resources with a value can be found without looking at all of them. */
export function isSearchable(
  type: ResourceType,
  attribute: Attribute,
): boolean {
  return type.indexes.includes(attribute) &&
    !(type.incomplete.has(attribute) && hasUniqueKey(type, attribute));
}

function indexedAttributes(
  attributes: ReadonlyMap<string, Attribute>,
  extensions: ReadonlyMap<string, Extension>,
  traits: ResourceTypeTraits,
): readonly Attribute[] {
  const all = [
    ...attributes.values(),
    ...[...extensions.values()].flatMap((e) => [...e.attributes.values()]),
  ].flatMap((attribute) => [attribute, ...attribute.subAttributes.values()]);
  return [
    ...new Set([
      ...all.filter(isUnique),
      ...all.filter(({ path }) => traits.indexed.includes(path)),
    ]),
  ];
}

/**
 * Whether no two resources of the type may share a value of the attribute. That
 * is for attributes which can have one value only.
 */
export function isUnique(attribute: Attribute): boolean {
  return attribute.uniqueness !== "none" && attribute.path !== "id" &&
    attribute.type !== "complex" && !attribute.multiValued &&
    attribute.parent?.multiValued !== true;
}
