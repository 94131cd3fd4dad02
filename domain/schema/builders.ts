/**
 * Builders for attribute definitions. Each writes out the characteristics that
 * its type must publish (RFC 7643 section 7), so that a schema file only says
 * what differs from the defaults of section 2.2.
 * @module
 */

import type { AttributeDefinition } from "./definition.ts";

type Shared = Pick<
  AttributeDefinition,
  "multiValued" | "required" | "mutability" | "returned"
>;
type Text =
  & Shared
  & Pick<
    AttributeDefinition,
    "canonicalValues" | "caseExact" | "uniqueness" | "format"
  >;
type Reference = Shared & Pick<AttributeDefinition, "uniqueness">;
type Binary = Shared & Pick<AttributeDefinition, "format">;

const SHARED_DEFAULTS = {
  multiValued: false,
  required: false,
  mutability: "readWrite",
  returned: "default",
} as const satisfies Shared;

/** Defines a string (RFC 7643 section 2.3.1), compared without regard to case by default. */
export function text(
  name: string,
  description: string,
  characteristics: Text = {},
): AttributeDefinition {
  return {
    name,
    type: "string",
    description,
    ...SHARED_DEFAULTS,
    caseExact: false,
    uniqueness: "none",
    ...characteristics,
  };
}

/** Defines a boolean (RFC 7643 section 2.3.2), which has neither case nor uniqueness. */
export function flag(
  name: string,
  description: string,
  characteristics: Shared = {},
): AttributeDefinition {
  return {
    name,
    type: "boolean",
    description,
    ...SHARED_DEFAULTS,
    ...characteristics,
  };
}

/** Defines an integer (RFC 7643 section 2.3.4). */
export function integer(
  name: string,
  description: string,
  characteristics: Shared = {},
): AttributeDefinition {
  return {
    name,
    type: "integer",
    description,
    ...SHARED_DEFAULTS,
    uniqueness: "none",
    ...characteristics,
  };
}

/** Defines a dateTime (RFC 7643 section 2.3.5), which has neither case nor uniqueness. */
export function dateTime(
  name: string,
  description: string,
  characteristics: Shared = {},
): AttributeDefinition {
  return {
    name,
    type: "dateTime",
    description,
    ...SHARED_DEFAULTS,
    ...characteristics,
  };
}

/** Defines a binary (RFC 7643 section 2.3.6), which is case-exact and has no uniqueness. */
export function binary(
  name: string,
  description: string,
  characteristics: Binary = {},
): AttributeDefinition {
  return {
    name,
    type: "binary",
    description,
    ...SHARED_DEFAULTS,
    caseExact: true,
    ...characteristics,
  };
}

/**
 * Defines a reference, which is always case-exact (RFC 7643 section 2.3.7;
 * erratum 6001, for the printed schemas say otherwise).
 *
 * @param referenceTypes The resource types it may lead to, or `external` or `uri`.
 */
export function reference(
  name: string,
  description: string,
  referenceTypes: readonly string[],
  characteristics: Reference = {},
): AttributeDefinition {
  return {
    name,
    type: "reference",
    referenceTypes,
    description,
    ...SHARED_DEFAULTS,
    caseExact: true,
    uniqueness: "none",
    ...characteristics,
  };
}

/** Defines a complex attribute (RFC 7643 section 2.3.8), which has neither case nor uniqueness. */
export function complex(
  name: string,
  description: string,
  subAttributes: readonly AttributeDefinition[],
  characteristics: Shared = {},
): AttributeDefinition {
  return {
    name,
    type: "complex",
    description,
    ...SHARED_DEFAULTS,
    ...characteristics,
    subAttributes,
  };
}

/** Returns the attribute with itself and all that is below it readOnly. */
export function readOnly(attribute: AttributeDefinition): AttributeDefinition {
  const { subAttributes } = attribute;
  return {
    ...attribute,
    mutability: "readOnly",
    ...(subAttributes && { subAttributes: subAttributes.map(readOnly) }),
  };
}
