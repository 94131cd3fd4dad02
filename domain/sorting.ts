/**
 * The order of results (RFC 7644 section 3.4.2.3).
 * @module
 */

import { compareInstants, parseDateTime } from "./datetime.ts";
import { invalidValue } from "./errors.ts";
import { unknownAttribute } from "./filter/compile.ts";
import { isJsonObject, type JsonObject, type JsonValue, own } from "./json.ts";
import { MAX_NAMES_LENGTH } from "./limits.ts";
import { parseAttributePath } from "./path.ts";
import type { Attribute } from "./schema/attribute.ts";
import {
  type ResolveOptions,
  resolvePath,
  type ResourceType,
} from "./schema/compile.ts";
import { comparable, compareText } from "./text.ts";

/** By which attribute results are sorted, and in which direction. */
export interface SortOrder {
  readonly attribute: Attribute;
  readonly descending: boolean;
}

/**
 * A value in sortable form: numbers and booleans as they are, texts in
 * comparable form, instants; undefined for a resource without a value. The empty
 * string counts as none, as it does for `pr`.
 */
export type SortKey = string | number | boolean | undefined;

/**
 * Reads `sortBy` and `sortOrder`. `sortOrder` alone has no effect.
 *
 * @throws {ScimError} 400 invalidValue for an unknown attribute, a complex one
 * without a sub-attribute, one that is never returned, or an unknown direction
 */
export function compileSortOrder(
  type: ResourceType,
  sortBy: string | undefined,
  sortOrder: string | undefined,
  options: ResolveOptions = {},
): SortOrder | undefined {
  const direction = sortOrder?.toLowerCase() ?? "ascending";
  if (direction !== "ascending" && direction !== "descending") {
    throw invalidValue(
      `"sortOrder" must be "ascending" or "descending", not "${
        direction.slice(0, 40)
      }"`,
    );
  }
  if (sortBy === undefined || sortBy.trim() === "") return undefined;
  if (sortBy.length > MAX_NAMES_LENGTH) {
    throw invalidValue(
      `"sortBy" is longer than ${MAX_NAMES_LENGTH} characters; name one attribute`,
    );
  }
  const path = parseAttributePath(sortBy.trim());
  const target = path === undefined
    ? undefined
    : resolvePath(type, path, options);
  if (target?.kind !== "attribute") {
    throw invalidValue(
      `"sortBy": ${
        unknownAttribute(type, path ?? { name: sortBy.slice(0, 80) })
      }`,
    );
  }
  return {
    attribute: sortable(target.attribute),
    descending: direction === "descending",
  };
}

/**
 * The key of a resource: the value of the attribute; of several values the
 * primary one, else the first.
 */
export function sortKey(
  { attribute }: Pick<SortOrder, "attribute">,
  resource: JsonObject,
): SortKey {
  const { parent, extension } = attribute;
  const holder = extension === undefined ? resource : own(resource, extension);
  if (!isJsonObject(holder)) return undefined;
  if (parent === undefined) {
    return keyOf(attribute, first(own(holder, attribute.name)));
  }
  const element = first(own(holder, parent.name));
  return isJsonObject(element)
    ? keyOf(attribute, own(element, attribute.name))
    : undefined;
}

/**
 * Orders two keys. A resource without a value comes last in ascending and first
 * in descending order.
 *
 * @returns a negative number, 0, or a positive number
 */
export function compareSortKeys(
  { attribute, descending }: SortOrder,
  a: SortKey,
  b: SortKey,
): number {
  const order = ascending(attribute, a, b);
  return descending ? -order : order;
}

function ascending(attribute: Attribute, a: SortKey, b: SortKey): number {
  if (a === undefined || b === undefined) {
    return Number(a === undefined) - Number(b === undefined);
  }
  // One name can be of another type in another resource type.
  if (typeof a !== typeof b) return compareText(typeof a, typeof b);
  if (typeof a === "string" && typeof b === "string") {
    if (attribute.type !== "dateTime") return compareText(a, b);
    const [left, right] = [parseDateTime(a), parseDateTime(b)];
    return left === undefined || right === undefined
      ? compareText(a, b)
      : compareInstants(left, right);
  }
  return Number(a) - Number(b);
}

function sortable(attribute: Attribute): Attribute {
  if (
    attribute.returned === "never" || attribute.parent?.returned === "never"
  ) {
    throw invalidValue(
      `"sortBy": "${attribute.path}" is never returned and cannot be sorted by`,
    );
  }
  if (attribute.type !== "complex") return attribute;
  const value = attribute.subAttributes.get("value");
  if (attribute.multiValued && value !== undefined) return value;
  const [sub] = attribute.subAttributes.values();
  throw invalidValue(
    `"sortBy": "${attribute.path}" is complex; name a sub-attribute, such as ` +
      `"${attribute.path}.${sub?.name ?? "value"}"`,
  );
}

function first(value: JsonValue | undefined): JsonValue | undefined {
  if (!Array.isArray(value)) return value;
  return value.find((element) =>
    isJsonObject(element) && own(element, "primary") === true
  ) ?? value[0];
}

function keyOf(attribute: Attribute, value: JsonValue | undefined): SortKey {
  switch (typeof value) {
    case "string":
      // Nothing that `pr` would find; indexes do not hold it either.
      if (value === "") return undefined;
      return attribute.type === "dateTime"
        ? value
        : comparable(value, attribute.caseExact);
    case "number":
    case "boolean":
      return value;
    default:
      return undefined;
  }
}
