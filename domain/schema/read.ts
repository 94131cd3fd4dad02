/**
 * Reads the schemas and resource types that an operator defines, in SCIM's own
 * form (RFC 7643 sections 6 and 7), and says what is wrong with them.
 * @module
 */

import { z } from "zod";
import { parseAttributePath } from "../path.ts";
import { COMMON_ATTRIBUTES, isCommon } from "./common.ts";
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

/** A URI is told from the attribute behind it as every path is read. */
const schemaUri = text.max(200, "must be at most 200 characters").superRefine(
  (uri, context) => {
    const problem = uriProblem(uri);
    if (problem !== undefined) {
      context.addIssue({ code: "custom", message: problem });
    }
  },
);

function uriProblem(uri: string): string | undefined {
  // Lists of attributes are split at commas.
  if (uri.includes(",") || parseAttributePath(`${uri}:x`)?.uri !== uri) {
    return "must be an absolute URI of letters, digits and ._~:/?#@!$&'*+;=%- " +
      "that ends with a letter or digit, like " +
      "urn:example:params:scim:schemas:extension:2.0:Badge";
  }
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(uri)) {
    return "must be an absolute URI: it must begin with a scheme and a colon, " +
      "like urn: or https:";
  }
  if (/^urn:/i.test(uri) && !/^urn:[a-z0-9][a-z0-9-]{0,31}:/i.test(uri)) {
    return "must be a URN with a namespace of 1 to 32 letters, digits and " +
      "hyphens and a name in it, like urn:example:badge";
  }
  return uri.toLowerCase().startsWith("urn:ietf:params:scim:api:")
    ? "must not be the URI of a message (urn:ietf:params:scim:api:…)"
    : undefined;
}

const flag = z.boolean({ error: "must be a boolean: true or false" });

/** A text that may be left out. */
function shortText(most: number) {
  return z.string({ error: missing("a string") })
    .max(most, `must be at most ${most} characters`);
}

const description = shortText(MAX_TEXT);

const texts = z.array(
  shortText(MAX_TEXT).min(1, "must be at least 1 character"),
  { error: missing("an array of strings") },
).max(MAX_ATTRIBUTES, `must have at most ${MAX_ATTRIBUTES} values`);

const characteristics = {
  type: oneOf(ATTRIBUTE_TYPES).optional(),
  multiValued: flag.optional(),
  description: description.optional(),
  required: flag.optional(),
  canonicalValues: texts.optional(),
  canonicalValuesOnly: flag.optional(),
  sensitive: flag.optional(),
  caseExact: flag.optional(),
  mutability: oneOf(MUTABILITIES).optional(),
  returned: oneOf(RETURNED).optional(),
  uniqueness: oneOf(UNIQUENESSES).optional(),
  referenceTypes: texts.optional(),
};

/** Neither side may have attributes of a complex attribute in another one. */
const subAttribute = scimObject({
  name: subAttributeName,
  ...characteristics,
  subAttributes: list(z.unknown()).optional(),
});

const attribute = scimObject({
  name,
  ...characteristics,
  subAttributes: list(subAttribute).optional(),
});

/** A Schema resource as an operator sends it; the result is complete and sound. */
export const schemaResource = scimObject({
  schemas: texts.optional(),
  id: schemaUri,
  name: shortText(200).optional(),
  description: description.optional(),
  attributes: list(attribute),
  meta: z.unknown().optional(),
}).superRefine(({ attributes }, context) => {
  const report = (path: PropertyKey[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  checkNames(attributes, ["attributes"], report);
  for (const [index, definition] of attributes.entries()) {
    // Whatever a schema says of these, their own definitions count.
    if (isCommon(definition.name)) continue;
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
  schemas: texts.optional(),
  id: text.optional(),
  name: text.regex(
    /^[A-Za-z][A-Za-z0-9_-]{0,63}$/,
    "must be a letter and up to 63 letters, digits, - and _",
  ),
  description: description.optional(),
  endpoint: text.regex(
    /^\/?[A-Za-z0-9][A-Za-z0-9_-]{0,63}\/?$/,
    "must be one path segment of letters, digits, - and _, like /Devices",
  ).transform((endpoint) => `/${endpoint.replaceAll("/", "")}`),
  schema: text,
  schemaExtensions: list(scimObject({
    schema: text,
    required: flag.default(false),
  })).default([]),
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
    attributes: attributes.map(({ subAttributes, ...rest }) =>
      commonAttribute(rest.name) ?? {
        ...completeAttribute(rest),
        ...(subAttributes === undefined
          ? {}
          : { subAttributes: subAttributes.map(completeAttribute) }),
      }
    ),
  };
}

/**
 * The characteristics of RFC 7643 section 3.1 win over a schema's own listing, so
 * that these are the ones that it publishes.
 */
function commonAttribute(name: string): AttributeDefinition | undefined {
  return COMMON_ATTRIBUTES.find((common) =>
    common.name.toLowerCase() === name.toLowerCase()
  );
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

/**
 * Some sub-attributes mean the same everywhere (RFC 7643 section 2.4): `value` and
 * `$ref` in every complex attribute, the others in multi-valued ones.
 */
function checkMeaning(
  { name, type = "string", multiValued }: ReadAttribute,
  parent: ReadAttribute | undefined,
  path: PropertyKey[],
  report: Report,
): void {
  const known = name.toLowerCase();
  const meanings = parent?.multiValued === true
    ? ELEMENT_MEANINGS
    : REFERENCE_MEANINGS;
  if (parent === undefined || !meanings.has(known)) return;
  const why =
    `"${known}" means the same in every schema (RFC 7643 section 2.4)`;
  if (name !== known) {
    report([...path, "name"], `must be spelt "${known}": ${why}`);
  }
  const wanted = meanings.get(known) ?? type;
  if (type !== wanted) report([...path, "type"], `must be ${wanted}: ${why}`);
  if (multiValued === true) {
    report([...path, "multiValued"], `must be false: ${why}`);
  }
}

/** The type of each; undefined for any that is simple. */
const REFERENCE_MEANINGS: ReadonlyMap<string, string | undefined> = new Map([
  ["value", undefined],
  ["$ref", "reference"],
]);

const ELEMENT_MEANINGS: ReadonlyMap<string, string | undefined> = new Map([
  ...REFERENCE_MEANINGS,
  ["type", "string"],
  ["primary", "boolean"],
  ["display", "string"],
]);

/** A list of definitions. */
function list<Item extends z.ZodType>(item: Item) {
  return z.array(item, { error: missing("an array") })
    .max(MAX_ATTRIBUTES, `must have at most ${MAX_ATTRIBUTES} values`);
}

/** One of some words, which vendors write in any case. */
function oneOf<Word extends string>(words: readonly Word[]) {
  const error = `must be one of ${words.join(", ")}`;
  return z.string({ error }).transform((text, context) => {
    const found = words.find((word) =>
      word.toLowerCase() === text.toLowerCase()
    );
    if (found !== undefined) return found;
    context.addIssue({ code: "custom", message: error });
    return z.NEVER;
  });
}

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
