/**
 * Values of multi-valued attributes and references: what makes one itself, and
 * what it refers to (RFC 7643 section 2.4).
 * @module
 */

import { invalidValue } from "./errors.ts";
import {
  isJsonObject,
  jsonEquals,
  type JsonObject,
  type JsonValue,
  own,
} from "./json.ts";
import { referenceTarget } from "./reference.ts";
import type { Attribute } from "./schema/attribute.ts";
import type { ResourceTypes } from "./schema/compile.ts";
import { foldCase } from "./text.ts";

/**
 * By what a value of a multi-valued attribute is known: its `value` and `type`
 * (whose case does not count), whatever else it says. A value without `value`,
 * such as an address, is known by all that it says.
 */
export function elementKey(element: JsonValue): string {
  if (!isJsonObject(element)) return JSON.stringify(element);
  const value = own(element, "value");
  return value === undefined
    ? JSON.stringify(Object.entries(element).sort(([a], [b]) => a < b ? -1 : 1))
    : JSON.stringify({ value, type: foldedType(own(element, "type")) });
}

/** What says something about a value without being part of what it is. */
const REMARKS: readonly string[] = ["display", "primary", "$ref"];

/**
 * What makes two values one and the same, so that one of them is enough: all that
 * they say, but for remarks. Equal identities have equal keys.
 */
export function elementIdentity(element: JsonValue): string {
  if (!isJsonObject(element) || own(element, "value") === undefined) {
    return elementKey(element);
  }
  return JSON.stringify(
    Object.entries(element)
      .filter(([name]) => !REMARKS.includes(name))
      .map(([name, value]) => [
        name,
        name === "type" ? foldedType(value) : value,
      ])
      .sort(([a], [b]) => String(a) < String(b) ? -1 : 1),
  );
}

/** Whether two values with one key can be the same, told in more or fewer words. */
export function agree(a: JsonValue, b: JsonValue): boolean {
  if (!isJsonObject(a) || !isJsonObject(b)) return true;
  return Object.entries(b).every(([name, value]) =>
    REMARKS.includes(name) || name === "type" || !Object.hasOwn(a, name) ||
    jsonEquals(a[name], value)
  );
}

function foldedType(type: JsonValue | undefined): JsonValue {
  return typeof type === "string" ? foldCase(type) : type ?? null;
}

/** Whether an element says nothing but what kind of value it would be. */
export function isBareElement(element: JsonValue): boolean {
  return isJsonObject(element) &&
    Object.keys(element).every((name) => name === "type" || name === "primary");
}

/** Whether an attribute refers to SCIM resources, and to nothing else, by `value` and `$ref`. */
export function isResourceReference(attribute: Attribute): boolean {
  const types = attribute.subAttributes.get("$ref")?.referenceTypes ?? [];
  return attribute.subAttributes.get("value")?.type === "string" &&
    types.length > 0 &&
    types.every((name) => name !== "external" && name !== "uri");
}

/**
 * `$ref` follows from `value` and is made anew for each answer; a reference that
 * has nothing but the URI of a resource is read as the id at its end. What cannot
 * be made anew, because no such type is in force, stays as it was sent.
 *
 * @param types the resource types in force
 * @throws {ScimError} 400 invalidValue for a URI of anything else
 */
export function readReference(
  attribute: Attribute,
  element: JsonObject,
  types: ResourceTypes,
): void {
  if (!isResourceReference(attribute)) return;
  const ref = own(element, "$ref");
  if (ref === undefined) return;
  if (typeof ref !== "string") {
    throw invalidValue(`Attribute "${attribute.path}.$ref" must be a URI`);
  }
  const known = (attribute.subAttributes.get("$ref")?.referenceTypes ?? [])
    .map((name) => types.byName(name)).filter((type) => type !== undefined);
  if (known.length === 0) return;
  delete element["$ref"];
  if (own(element, "value") !== undefined) return;
  const [endpoint = "", id = ""] = referenceTarget(ref).split("/");
  const isMeant = known.some((type) =>
    type.endpoint.slice(1).toLowerCase() === endpoint.toLowerCase()
  );
  if (!isMeant || id === "") {
    throw invalidValue(
      `Attribute "${attribute.path}.$ref" must be the URI of a resource, like ` +
        known.map((type) => `${type.endpoint}/{id}`).join(" or "),
    );
  }
  element["value"] = id;
}

/**
 * The ids of members, without repetitions.
 *
 * @param elements an array of values in normal form
 * @throws {ScimError} 400 invalidValue for an element without `value`
 */
export function memberIds(attribute: Attribute, elements: JsonValue): string[] {
  if (!Array.isArray(elements)) {
    throw invalidValue(
      `Attribute "${attribute.path}" must be an array of objects`,
    );
  }
  const ids = elements.map((element, index) => {
    const id = isJsonObject(element) ? own(element, "value") : undefined;
    if (typeof id !== "string" || id === "") {
      throw invalidValue(
        `Attribute "${attribute.path}[${index}].value" is required; it is the ` +
          "id of a resource",
      );
    }
    const type = isJsonObject(element) ? own(element, "type") : undefined;
    if (type !== undefined && typeof type !== "string") {
      throw invalidValue(
        `Attribute "${attribute.path}[${index}].type" must be a string`,
      );
    }
    return id;
  });
  return [...new Set(ids)];
}
