/**
 * JSON as it arrives from a client or leaves for one.
 * @module
 */

/** Any JSON value. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | JsonValue[]
  | JsonObject;

/** A JSON object. Keys are own properties; prototypes are never consulted. */
export interface JsonObject {
  [name: string]: JsonValue;
}

/** Whether a value is a JSON object (not null, not an array). */
export function isJsonObject(
  value: JsonValue | undefined,
): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads an own property; inherited names such as `constructor` are not there. */
export function own(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/**
 * Whether two JSON values are equal. The order of object members has no
 * meaning (RFC 7643 section 2.3.8); the order of array elements does.
 */
export function jsonEquals(
  a: JsonValue | undefined,
  b: JsonValue | undefined,
): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length &&
      a.every((element, index) => jsonEquals(element, b[index]));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length &&
    names.every((name) =>
      Object.hasOwn(b, name) && jsonEquals(a[name], b[name])
    );
}

/** A copy of an object that shares nothing with it. */
export function copyObject(object: JsonObject): JsonObject {
  const copy: JsonObject = {};
  for (const [name, value] of Object.entries(object)) {
    // Assigning to this name would set the prototype.
    if (name === "__proto__") return structuredClone(object);
    copy[name] = copyValue(value);
  }
  return copy;
}

function copyValue(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(copyValue);
  return isJsonObject(value) ? copyObject(value) : value;
}

/** What kind of JSON a value is, in the words of an error message. */
export function describeJson(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  return `a ${typeof value}`;
}
