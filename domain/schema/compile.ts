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
import { NO_TRAITS, type ResourceTypeTraits } from "./traits.ts";

/** A schema extension of a resource type. */
export interface Extension {
  readonly uri: string;
  readonly required: boolean;
  /** By lower-case name. */
  readonly attributes: ReadonlyMap<string, Attribute>;
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
}

/**
 * Compiles a resource type.
 *
 * @param schemas every schema that the definition names
 * @throws {TypeError} when the definition names a schema or attribute that does not exist
 */
export function compileResourceType(
  definition: ResourceTypeDefinition,
  schemas: readonly SchemaDefinition[],
  traits: ResourceTypeTraits = NO_TRAITS,
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
  const unindexed = {
    name: definition.name,
    endpoint: definition.endpoint,
    schema: definition.schema,
    definition,
    attributes,
    extensions,
    traits,
    members: traits.members === undefined
      ? undefined
      : attributes.get(traits.members.toLowerCase()),
    memberOf: traits.memberOf === undefined
      ? undefined
      : attributes.get(traits.memberOf.toLowerCase()),
    indexes: [],
  };
  return { ...unindexed, indexes: indexedAttributes(unindexed) };
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
    return attributeTarget(type.attributes, path) ??
      (options.unqualifiedExtensionAttributes === true
        ? inExtensions(type, path)
        : undefined);
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

function indexedAttributes(type: ResourceType): readonly Attribute[] {
  const found = new Set<Attribute>();
  const all = [
    ...type.attributes.values(),
    ...[...type.extensions.values()].flatMap((e) => [...e.attributes.values()]),
  ];
  for (const attribute of all) {
    if (isUnique(attribute)) found.add(attribute);
  }
  for (
    const attribute of all.flatMap((a) => [a, ...a.subAttributes.values()])
  ) {
    if (type.traits.indexed.includes(attribute.path)) found.add(attribute);
  }
  return [...found];
}

/** Whether no two resources of the type may share a value of the attribute. */
export function isUnique(attribute: Attribute): boolean {
  return attribute.uniqueness !== "none" && attribute.name !== "id" &&
    attribute.type !== "complex" && !attribute.multiValued &&
    attribute.parent === undefined;
}
