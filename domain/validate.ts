/**
 * Validation compiled from the schema with Zod: types, required attributes, and
 * at most one primary value (RFC 7643 sections 2.3, 2.4 and 7).
 * @module
 */

import { z } from "zod";
import { parseDateTime } from "./datetime.ts";
import { invalidValue } from "./errors.ts";
import { formatProblem, isBase64, isUriReference } from "./formats.ts";
import {
  describeJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  own,
} from "./json.ts";
import type { Profile } from "./profile.ts";
import type { Attribute } from "./schema/attribute.ts";
import type { ResourceType } from "./schema/compile.ts";
import { comparable } from "./text.ts";

/** Attributes that the server assigns, so that no client has to send them. */
const ASSIGNED: readonly string[] = ["schemas", "id", "meta"];

/** How many values a multi-valued attribute can have; members are no such values. */
export const MAX_VALUES = 2_000;

const compiled = new WeakMap<ResourceType, Map<boolean, z.ZodType>>();

/**
 * Checks the attributes of a resource as it would be stored. They are in
 * normal form: schema spelling, nothing null (see normalize.ts); memberships,
 * which are views, are not among them.
 *
 * @throws {ScimError} 400 invalidValue naming the first attribute that is wrong
 */
export function validateResource(
  type: ResourceType,
  attributes: JsonObject,
  profile: Profile,
): void {
  const result = validatorOf(type, profile).safeParse(attributes);
  const issue = result.error?.issues[0];
  if (issue !== undefined) throw invalidValue(explain(type, attributes, issue));
}

/** The compiled validator; made at first use, since Zod is slow to build. */
function validatorOf(type: ResourceType, profile: Profile): z.ZodType {
  const byStrictness = compiled.get(type) ?? new Map<boolean, z.ZodType>();
  compiled.set(type, byStrictness);
  const validator = byStrictness.get(profile.anyFormat) ??
    compileValidator(type, !profile.anyFormat);
  byStrictness.set(profile.anyFormat, validator);
  return validator;
}

function compileValidator(type: ResourceType, strict: boolean): z.ZodType {
  const shape: Record<string, z.ZodType> = objectShape(
    [...type.attributes.values()].filter((attribute) =>
      !ASSIGNED.includes(attribute.name) && attribute !== type.members &&
      attribute !== type.memberOf
    ),
    strict,
  );
  for (const extension of type.extensions.values()) {
    const attributes = closedObject(
      objectShape([...extension.attributes.values()], strict),
    );
    shape[extension.uri] = extension.required
      ? attributes
      : attributes.optional();
  }
  return closedObject(shape);
}

/**
 * An object with own members of a shape and no others. Zod takes what an object
 * inherits for members, so that attributes with such names (`constructor`) are
 * looked for where nothing is inherited.
 */
function closedObject(shape: Record<string, z.ZodType>): z.ZodType {
  const object = z.strictObject(shape);
  return Object.keys(shape).some((name) => name in Object.prototype)
    ? z.preprocess(withoutPrototype, object)
    : object;
}

function withoutPrototype(value: unknown): unknown {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.assign(Object.create(null), value)
    : value;
}

function objectShape(
  attributes: readonly Attribute[],
  strict: boolean,
): Record<string, z.ZodType> {
  return Object.fromEntries(attributes.map((attribute) => {
    const values = attribute.multiValued
      ? z.array(valueType(attribute, strict)).refine(
        (values) => values.length <= MAX_VALUES,
        `has more than ${MAX_VALUES} values; that is the most an attribute can have`,
      ).refine(
        hasOnePrimaryAtMost,
        "has more than one value with primary true; at most one may have it",
      )
      : valueType(attribute, strict);
    const required = attribute.required && attribute.mutability !== "readOnly";
    return [attribute.name, required ? values : values.optional()];
  }));
}

function valueType(attribute: Attribute, strict: boolean): z.ZodType {
  switch (attribute.type) {
    case "string": {
      const text = attribute.required
        ? formatted(attribute, strict).refine(
          (text) => text.trim() !== "",
          "is required and must not be empty",
        )
        : formatted(attribute, strict);
      // PRECIS, which prepares identifiers, has no room for these (RFC 7644
      // section 5, RFC 8264 section 4.2.3).
      return strict && attribute.uniqueness !== "none"
        ? text.refine(
          (text) => !/\p{Cc}/u.test(text),
          "is an identifier and must not hold control characters",
        )
        : text;
    }
    case "reference":
      return strict
        ? formatted(attribute, strict).refine(
          isUriReference,
          "must be an absolute or relative URI (RFC 3986)",
        )
        : formatted(attribute, strict);
    case "boolean":
      return z.boolean();
    case "decimal":
      return z.number();
    case "integer":
      return z.number().refine(
        Number.isInteger,
        "must be an integer without fraction or exponent",
      ).refine(
        (number) => !Number.isInteger(number) || Number.isSafeInteger(number),
        `is too large: an integer is from ${Number.MIN_SAFE_INTEGER} to ` +
          `${Number.MAX_SAFE_INTEGER}`,
      );
    case "dateTime":
      return z.string().refine(
        (text) => parseDateTime(text) !== undefined,
        'must be a dateTime with date and time, like "2026-01-31T08:00:00Z"',
      );
    case "binary":
      return strict
        ? formatted(attribute, strict).refine(
          isBase64,
          "must be base64 (RFC 4648 section 4)",
        )
        : z.string();
    case "complex":
      return closedObject(
        objectShape([...attribute.subAttributes.values()], strict),
      );
  }
}

function formatted(attribute: Attribute, strict: boolean) {
  const { format, canonicalValues, canonicalValuesOnly } = attribute;
  const canonical = new Set(
    canonicalValues.map((value) => comparable(value, attribute.caseExact)),
  );
  const string = canonicalValuesOnly
    ? z.string().refine(
      (text) => canonical.has(comparable(text, attribute.caseExact)),
      `must be one of ${canonicalValues.join(", ")}`,
    )
    : z.string();
  if (!strict || format === undefined) return string;
  return string.superRefine((text, context) => {
    const problem = formatProblem(format, text);
    if (problem !== undefined) {
      context.addIssue({ code: "custom", message: problem });
    }
  });
}

function hasOnePrimaryAtMost(values: unknown): boolean {
  let primaries = 0;
  for (const value of Array.isArray(values) ? values : []) {
    if (isJsonObject(value) && own(value, "primary") === true) primaries++;
  }
  return primaries <= 1;
}

/** Says which attribute is wrong, and what would be right. */
function explain(
  type: ResourceType,
  attributes: JsonObject,
  issue: z.core.$ZodIssue,
): string {
  let value: JsonValue | undefined = attributes;
  let attribute: Attribute | undefined;
  let known: ReadonlyMap<string, Attribute> = type.attributes;
  let name = "";
  let separator = "";
  for (const part of issue.path) {
    if (typeof part === "number") {
      value = Array.isArray(value) ? value[part] : undefined;
      name += `[${part}]`;
      continue;
    }
    const key = String(part);
    value = isJsonObject(value) ? own(value, key) : undefined;
    const extension = type.extensions.get(key.toLowerCase());
    if (extension !== undefined && attribute === undefined) {
      known = extension.attributes;
      name = key;
      separator = ":";
      continue;
    }
    attribute = known.get(key.toLowerCase()) ?? attribute;
    known = attribute?.subAttributes ?? known;
    name += separator + key;
    separator = ".";
  }
  const isExtension = attribute === undefined &&
    type.extensions.has(name.toLowerCase());
  const subject = `${isExtension ? "Extension" : "Attribute"} "${name}"`;
  if (issue.code === "custom") return `${subject} ${issue.message}`;
  if (value === undefined) return `${subject} is required for ${type.name}`;
  const inList = typeof issue.path.at(-1) === "number";
  const wanted = attribute === undefined
    ? "an object"
    : attribute.multiValued && !inList
    ? "an array"
    : TYPE_NAMES[attribute.type];
  const isTooLarge = value === Infinity || value === -Infinity;
  return `${subject} must be ${wanted}, not ` +
    (isTooLarge ? "one that is too large" : describeJson(value));
}

const TYPE_NAMES: Readonly<Record<Attribute["type"], string>> = {
  string: "a string",
  reference: "a string with a URI",
  boolean: "true or false",
  decimal: "a number",
  integer: "an integer",
  dateTime: "a string with a dateTime",
  binary: "a string in base64",
  complex: "an object",
};
