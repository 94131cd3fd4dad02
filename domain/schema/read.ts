/**
 * Reads the schemas and resource types that an operator defines, in SCIM's own
 * form (RFC 7643 sections 6 and 7), and says what is wrong with them.
 * @module
 */

import { z } from "zod";
import {
  ATTRIBUTE_TYPES,
  type AttributeDefinition,
  MUTABILITIES,
  type ResourceTypeDefinition,
  RETURNED,
  type SchemaDefinition,
  UNIQUENESSES,
} from "./definition.ts";

/** How many attributes or sub-attributes one list holds. */
const MAX_ATTRIBUTES = 200;

const MAX_TEXT = 2_000;

/** A text that has to be there. */
const text = z.string({ error: missing("a string") });

const name = text.regex(
  /^[A-Za-z][A-Za-z0-9$_-]{0,63}$/,
  "must be a letter and up to 63 letters, digits, $, - and _ (RFC 7643 section 2.1)",
);

/** `$ref` is the one name that begins with `$` (RFC 7643 section 2.4). */
const subAttributeName = z.union([z.literal("$ref"), name], {
  error: "must be $ref, or a letter and up to 63 letters, digits, $, - and _ " +
    "(RFC 7643 section 2.1)",
});

/** Paths tell the URI of a schema from an attribute at a colon, as a URN has them. */
const schemaUri = text.max(200).regex(
  /^urn:[A-Za-z0-9][A-Za-z0-9-]{1,31}:[A-Za-z0-9._:-]*[A-Za-z0-9]$/i,
  "must be a URN of letters, digits, '.', '_', '-' and ':', like " +
    "urn:example:params:scim:schemas:extension:2.0:Badge",
).refine(
  (uri) => !uri.toLowerCase().startsWith("urn:ietf:params:scim:api:"),
  "must not be the URI of a message (urn:ietf:params:scim:api:…)",
);

const description = z.string().max(MAX_TEXT);

const characteristics = {
  type: z.enum(ATTRIBUTE_TYPES, {
    error: `must be one of ${ATTRIBUTE_TYPES.join(", ")}`,
  }).optional(),
  multiValued: z.boolean().optional(),
  description: description.optional(),
  required: z.boolean().optional(),
  canonicalValues: z.array(z.string().min(1).max(MAX_TEXT)).max(MAX_ATTRIBUTES)
    .optional(),
  canonicalValuesOnly: z.boolean().optional(),
  sensitive: z.boolean().optional(),
  caseExact: z.boolean().optional(),
  mutability: z.enum(MUTABILITIES, {
    error: `must be one of ${MUTABILITIES.join(", ")}`,
  }).optional(),
  returned: z.enum(RETURNED, {
    error: `must be one of ${RETURNED.join(", ")}`,
  }).optional(),
  uniqueness: z.enum(UNIQUENESSES, {
    error: `must be one of ${UNIQUENESSES.join(", ")}`,
  }).optional(),
  referenceTypes: z.array(z.string().min(1).max(MAX_TEXT)).max(MAX_ATTRIBUTES)
    .optional(),
};

/** Neither side may have attributes of a complex attribute in another one. */
const subAttribute = scimObject({
  name: subAttributeName,
  ...characteristics,
  subAttributes: z.array(z.unknown()).optional(),
});

const attribute = scimObject({
  name,
  ...characteristics,
  subAttributes: z.array(subAttribute).max(MAX_ATTRIBUTES).optional(),
});

/** A Schema resource as an operator sends it; the result is complete and sound. */
export const schemaResource = scimObject({
  schemas: z.array(z.string()).optional(),
  id: schemaUri,
  name: z.string().max(200).optional(),
  description: description.optional(),
  attributes: z.array(attribute, { error: missing("an array") })
    .max(MAX_ATTRIBUTES),
  meta: z.unknown().optional(),
}).superRefine(({ attributes }, context) => {
  const report = (path: PropertyKey[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  checkNames(attributes, ["attributes"], report);
  for (const [index, definition] of attributes.entries()) {
    const path = ["attributes", index];
    checkAttribute(definition, undefined, path, report);
    const { subAttributes = [] } = definition;
    checkNames(subAttributes, [...path, "subAttributes"], report);
    for (const [inner, sub] of subAttributes.entries()) {
      const place = [...path, "subAttributes", inner];
      checkAttribute(sub, definition, place, report);
    }
  }
}).transform(completeSchema);

/** A ResourceType resource as an operator sends it. */
export const resourceTypeResource = scimObject({
  schemas: z.array(z.string()).optional(),
  id: z.string().optional(),
  name: text.regex(
    /^[A-Za-z][A-Za-z0-9_-]{0,63}$/,
    "must be a letter and up to 63 letters, digits, - and _",
  ),
  description: description.optional(),
  endpoint: text.regex(
    /^\/?[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
    "must be one path segment of letters, digits, - and _, like /Devices",
  ).transform((endpoint) =>
    endpoint.startsWith("/") ? endpoint : `/${endpoint}`
  ),
  schema: text,
  schemaExtensions: z.array(scimObject({
    schema: text,
    required: z.boolean().default(false),
  })).max(MAX_ATTRIBUTES).default([]),
  meta: z.unknown().optional(),
}).transform(completeResourceType);

const storedAttribute = z.object({
  name: z.string(),
  ...characteristics,
  description: z.string().optional(),
});

/** A schema as this program has stored it, which is sound already. */
export const storedSchema = z.object({
  id: z.string(),
  name: z.string().optional(),
  description: z.string().optional(),
  attributes: z.array(
    storedAttribute.extend({
      subAttributes: z.array(storedAttribute).optional(),
    }),
  ),
}).transform(completeSchema);

/** A resource type as this program has stored it. */
export const storedResourceType = z.object({
  name: z.string(),
  description: z.string().optional(),
  endpoint: z.string(),
  schema: z.string(),
  schemaExtensions: z.array(
    z.object({ schema: z.string(), required: z.boolean() }),
  ),
}).transform(completeResourceType);

type Report = (path: PropertyKey[], message: string) => void;

/** What is read of an attribute; an absent characteristic may be undefined. */
type ReadAttribute = z.infer<typeof storedAttribute> & {
  readonly subAttributes?: readonly unknown[] | undefined;
};

interface ReadSchema {
  readonly id: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly attributes: readonly (z.infer<typeof storedAttribute> & {
    readonly subAttributes?:
      | readonly z.infer<typeof storedAttribute>[]
      | undefined;
  })[];
}

function completeSchema(
  { id, name, description, attributes }: ReadSchema,
): SchemaDefinition {
  return {
    id,
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    attributes: attributes.map(({ subAttributes, ...rest }) => ({
      ...completeAttribute(rest),
      ...(subAttributes === undefined
        ? {}
        : { subAttributes: subAttributes.map(completeAttribute) }),
    })),
  };
}

function completeAttribute(
  { name, ...rest }: z.infer<typeof storedAttribute>,
): AttributeDefinition {
  const given: Omit<AttributeDefinition, "name"> = Object.fromEntries(
    Object.entries(rest).filter(([key, value]) =>
      value !== undefined && key !== "subAttributes"
    ),
  );
  return { name, ...given };
}

function completeResourceType(
  type: {
    readonly name: string;
    readonly description?: string | undefined;
    readonly endpoint: string;
    readonly schema: string;
    readonly schemaExtensions: ResourceTypeDefinition["schemaExtensions"];
  },
): ResourceTypeDefinition {
  return {
    name: type.name,
    ...(type.description === undefined
      ? {}
      : { description: type.description }),
    endpoint: type.endpoint,
    schema: type.schema,
    schemaExtensions: type.schemaExtensions,
  };
}

/** Names are compared without case (RFC 7643 section 2.1). */
function checkNames(
  attributes: readonly { readonly name: string }[],
  path: PropertyKey[],
  report: Report,
): void {
  const seen = new Set<string>();
  for (const [index, { name }] of attributes.entries()) {
    if (seen.has(name.toLowerCase())) {
      report(
        [...path, index, "name"],
        `"${name}" is there twice; names are compared without case`,
      );
    }
    seen.add(name.toLowerCase());
  }
}

/** Which characteristics go together (RFC 7643 sections 2.3, 2.4 and 7). */
function checkAttribute(
  definition: ReadAttribute,
  parent: ReadAttribute | undefined,
  path: PropertyKey[],
  report: Report,
): void {
  const { type = "string", uniqueness = "none", mutability } = definition;
  const { returned, subAttributes, referenceTypes, canonicalValues } =
    definition;
  const isText = type === "string" || type === "reference";
  if (type === "complex" && parent !== undefined) {
    report(
      [...path, "type"],
      "must not be complex: a complex attribute has no complex sub-attributes " +
        "(RFC 7643 section 2.3.8)",
    );
  } else if (type === "complex" && subAttributes === undefined) {
    report([...path, "subAttributes"], "is required for a complex attribute");
  } else if (type !== "complex" && subAttributes !== undefined) {
    report(
      [...path, "subAttributes"],
      `is for complex attributes only, and the type is ${type}`,
    );
  }
  if (uniqueness !== "none") {
    if (!isText && type !== "integer" && type !== "decimal") {
      report(
        [...path, "uniqueness"],
        `must be none for the type ${type} (RFC 7643 section 2.3)`,
      );
    } else if (
      definition.multiValued === true || parent?.multiValued === true
    ) {
      report(
        [...path, "uniqueness"],
        "must be none for multi-valued attributes and what they hold; only a " +
          "single value is kept unique",
      );
    }
  }
  if (
    mutability === "writeOnly" && returned !== undefined && returned !== "never"
  ) {
    report(
      [...path, "returned"],
      "must be never for a writeOnly attribute (RFC 7643 section 7)",
    );
  }
  if (referenceTypes !== undefined && type !== "reference") {
    report(
      [...path, "referenceTypes"],
      `is for the type reference only, and the type is ${type}`,
    );
  }
  if (canonicalValues !== undefined && !isText) {
    report(
      [...path, "canonicalValues"],
      `is for strings and references only, and the type is ${type}`,
    );
  }
  if (
    definition.canonicalValuesOnly === true && canonicalValues === undefined
  ) {
    report([...path, "canonicalValues"], "is required by canonicalValuesOnly");
  }
  checkMeaning(definition, parent, path, report);
}

/** Some sub-attributes mean the same everywhere (RFC 7643 section 2.4). */
function checkMeaning(
  { name, type = "string", multiValued }: ReadAttribute,
  parent: ReadAttribute | undefined,
  path: PropertyKey[],
  report: Report,
): void {
  const known = name.toLowerCase();
  if (parent === undefined || !MEANINGS.has(known)) return;
  const why =
    `"${known}" means the same in every schema (RFC 7643 section 2.4)`;
  if (name !== known) {
    report([...path, "name"], `must be spelt "${known}": ${why}`);
  }
  const wanted = MEANINGS.get(known) ?? type;
  if (type !== wanted) report([...path, "type"], `must be ${wanted}: ${why}`);
  if (multiValued === true) {
    report([...path, "multiValued"], `must be false: ${why}`);
  }
}

/** The type of each; undefined for any that is simple. */
const MEANINGS: ReadonlyMap<string, string | undefined> = new Map([
  ["value", undefined],
  ["type", "string"],
  ["primary", "boolean"],
  ["display", "string"],
  ["$ref", "reference"],
]);

/** Says what is wrong with a value of another type, or with none at all. */
function missing(wanted: string): z.core.$ZodErrorMap {
  return ({ code, input }) =>
    code !== "invalid_type"
      ? undefined
      : input === undefined
      ? "is required"
      : `must be ${wanted}`;
}

/**
 * An object whose names are read without case, and in which null and the empty
 * array are the same as nothing (RFC 7643 sections 2.1 and 2.5).
 */
function scimObject<Shape extends z.ZodRawShape>(shape: Shape) {
  const names = new Map(
    Object.keys(shape).map((name) => [name.toLowerCase(), name]),
  );
  const known = [...names.values()].join(", ");
  return z.preprocess(
    (value, context) => {
      if (typeof value !== "object" || value === null || Array.isArray(value)) {
        return value;
      }
      const members = new Map<string, unknown>();
      for (const [key, item] of Object.entries(value)) {
        const name = names.get(key.toLowerCase()) ?? key;
        if (members.has(name)) {
          context.addIssue({
            code: "custom",
            path: [key],
            message: "is there twice; names are compared without case",
          });
        }
        members.set(name, item);
      }
      return Object.fromEntries(
        members.entries().filter(([, item]) =>
          item !== null && !(Array.isArray(item) && item.length === 0)
        ),
      );
    },
    z.strictObject(shape, {
      error: ({ code }) =>
        code === "unrecognized_keys"
          ? `is not known; known are ${known}`
          : `must be an object with ${known}`,
    }),
  );
}
