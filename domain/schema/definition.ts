/**
 * Schemas and resource types in SCIM's own form (RFC 7643 sections 6 and 7).
 *
 * These are data: what a server publishes under /Schemas and /ResourceTypes.
 * Everything the engine needs is compiled from them.
 * @module
 */

/** The eight data types of RFC 7643 section 2.3. */
export type AttributeType =
  | "string"
  | "boolean"
  | "decimal"
  | "integer"
  | "dateTime"
  | "binary"
  | "reference"
  | "complex";

/** Who may change an attribute, and when (RFC 7643 section 7). */
export type Mutability = "readOnly" | "readWrite" | "immutable" | "writeOnly";

/** When an attribute is part of an answer (RFC 7643 section 7). */
export type Returned = "always" | "never" | "default" | "request";

/** How far a value must be unique (RFC 7643 section 7). */
export type Uniqueness = "none" | "server" | "global";

/**
 * A format that RFC 7643 demands of a value but that the schema language
 * cannot express. Checked by the `rfc` profile only and never published.
 */
export type ValueFormat = "iso3166-alpha2" | "x509-der";

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
  readonly name: string;
  readonly description: string;
  readonly attributes: readonly AttributeDefinition[];
}

/** A resource type (RFC 7643 section 6). `endpoint` starts with a slash. */
export interface ResourceTypeDefinition {
  readonly name: string;
  readonly description: string;
  readonly endpoint: string;
  readonly schema: string;
  readonly schemaExtensions: readonly {
    readonly schema: string;
    readonly required: boolean;
  }[];
}
