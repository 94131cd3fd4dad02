import { complex, flag, readOnly, text } from "./builders.ts";
import {
  ATTRIBUTE_TYPES,
  type AttributeDefinition,
  type AttributeType,
  MUTABILITIES,
  RETURNED,
  type SchemaDefinition,
  UNIQUENESSES,
} from "./definition.ts";

const SIMPLE_TYPES = ATTRIBUTE_TYPES.filter((type) => type !== "complex");

/** What an attribute says of itself, and a sub-attribute too, but for the types it may have. */
function characteristics(
  types: readonly AttributeType[],
): readonly AttributeDefinition[] {
  return [
    text(
      "name",
      "The name, as it stands in resources. Its case does not matter to the server.",
      {
        required: true,
        caseExact: true,
      },
    ),
    text("type", "The data type of a value.", {
      required: true,
      canonicalValues: types,
    }),
    flag("multiValued", "Whether the value is a list.", { required: true }),
    text("description", "What the attribute means, in words for people.", {
      caseExact: true,
    }),
    flag("required", "Whether a resource must have a value."),
    text(
      "canonicalValues",
      "Values to choose from where they fit. Others may be accepted.",
      {
        multiValued: true,
        caseExact: true,
      },
    ),
    flag(
      "caseExact",
      "Whether upper and lower case make a difference when values are compared.",
    ),
    text("mutability", "Whether and when a client may set the value.", {
      canonicalValues: MUTABILITIES,
      caseExact: true,
    }),
    text("returned", "When the value is part of an answer.", {
      canonicalValues: RETURNED,
      caseExact: true,
    }),
    text("uniqueness", "How far no two resources may share a value.", {
      canonicalValues: UNIQUENESSES,
      caseExact: true,
    }),
    text(
      "referenceTypes",
      "What a reference may lead to: names of resource types, external for other web addresses, or uri for an identifier.",
      { multiValued: true, caseExact: true },
    ),
  ];
}

/**
 * The Schema schema (RFC 7643 sections 7 and 8.7.2), with errata 5606, 8415,
 * 8435 and 5607 applied, because the printed one lacks `binary`, allows complex
 * sub-attributes and allows one reference type only, and with `id` as section
 * 3.1 has it.
 */
export const SCHEMA_SCHEMA: SchemaDefinition = {
  id: "urn:ietf:params:scim:schemas:core:2.0:Schema",
  name: "Schema",
  description: "A set of attributes that resources can carry",
  attributes: [
    text(
      "id",
      "The URI of the schema, as it stands in the schemas attribute of resources.",
      {
        required: true,
        caseExact: true,
        returned: "always",
        uniqueness: "server",
      },
    ),
    text("name", "What people call the schema.", { required: true }),
    text("description", "What the schema is for, in words for people."),
    complex("attributes", "The attributes that the schema defines.", [
      ...characteristics([...SIMPLE_TYPES, "complex"]),
      // The one complex attribute within a complex one that RFC 7643 section 2.3.8 allows.
      complex(
        "subAttributes",
        "The parts of a complex attribute.",
        characteristics(SIMPLE_TYPES),
        { multiValued: true },
      ),
    ], { multiValued: true, required: true }),
  ].map(readOnly),
};
