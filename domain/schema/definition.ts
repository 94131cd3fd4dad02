/**
 * Schemas and resource types in SCIM's own form (RFC 7643 sections 6 and 7).
 *
 * These are data: what a server publishes under /Schemas and /ResourceTypes.
 * Everything the engine needs is compiled from them.
 * @module
 */

/** The eight data types of RFC 7643 section 2.3. */
export const ATTRIBUTE_TYPES = [
  "string",
  "boolean",
  "decimal",
  "integer",
  "dateTime",
  "binary",
  "reference",
  "complex",
] as const;

/** Who may change an attribute, and when (RFC 7643 section 7). */
export const MUTABILITIES = [
  "readOnly",
  "readWrite",
  "immutable",
  "writeOnly",
] as const;

/** When an attribute is part of an answer (RFC 7643 section 7). */
export const RETURNED = ["always", "never", "default", "request"] as const;

/** How far a value must be unique (RFC 7643 section 7). */
export const UNIQUENESSES = ["none", "server", "global"] as const;

/** A data type (RFC 7643 section 2.3). */
export type AttributeType = typeof ATTRIBUTE_TYPES[number];

/** Who may change an attribute, and when (RFC 7643 section 7). */
export type Mutability = typeof MUTABILITIES[number];

/** When an attribute is part of an answer (RFC 7643 section 7). */
export type Returned = typeof RETURNED[number];

/** How far a value must be unique (RFC 7643 section 7). */
export type Uniqueness = typeof UNIQUENESSES[number];

/**
 * A format that RFC 7643 demands of a value but that the schema language
 * cannot express. Checked by the `rfc` profile only and never published.
 */
export type ValueFormat = "iso3166-alpha2" | "x509-der" | "not-empty";

/**
 * One attribute of a schema. A characteristic that is left out has the default
 * of RFC 7643 section 2.2: not required, not multi-valued, caseExact false,
 * readWrite, returned default, uniqueness none, type string.
 */
export interface AttributeDefinition {
  readonly name: string;
  readonly type?: AttributeType;
  readonly multiValued?: boolean;
  readonly description?: string;
  readonly required?: boolean;
  readonly canonicalValues?: readonly string[];
  /** Whether the canonical values are the only ones, rather than suggestions. */
  readonly canonicalValuesOnly?: boolean;
  /** Whether filters on it are kept out of URLs (RFC 7644 section 7.5.2). */
  readonly sensitive?: boolean;
  readonly caseExact?: boolean;
  readonly mutability?: Mutability;
  readonly returned?: Returned;
  readonly uniqueness?: Uniqueness;
  readonly referenceTypes?: readonly string[];
  readonly subAttributes?: readonly AttributeDefinition[];
  readonly format?: ValueFormat;
}

/** A schema (RFC 7643 section 7). `id` is its URI. */
export interface SchemaDefinition {
  readonly id: string;
  readonly name?: string;
  readonly description?: string;
  readonly attributes: readonly AttributeDefinition[];
}

/** A resource type (RFC 7643 section 6). `endpoint` starts with a slash. */
export interface ResourceTypeDefinition {
  readonly name: string;
  readonly description?: string;
  readonly endpoint: string;
  readonly schema: string;
  readonly schemaExtensions: readonly {
    readonly schema: string;
    readonly required: boolean;
  }[];
}
