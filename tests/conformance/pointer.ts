/**
 * JSON pointers (RFC 6901).
 * @module
 */

import { isJsonObject, type JsonValue, own } from "../../domain/json.ts";

/** Whether a text is a JSON pointer: empty, or tokens that each follow a slash. */
export function isPointer(text: string): boolean {
  return /^(?:\/(?:[^/~]|~[01])*)*$/.test(text);
}

/**
 * Looks a value up in a document.
 *
 * @param document The JSON document; `undefined` stands for "no document".
 * @param pointer For example `/emails/0/value`; the empty pointer names the
 * whole document.
 * @returns The value, or `undefined` when there is none at that place.
 * @throws {SyntaxError} If the pointer is malformed.
 */
export function resolvePointer(
  document: JsonValue | undefined,
  pointer: string,
): JsonValue | undefined {
  if (!isPointer(pointer)) {
    throw new SyntaxError(`Cannot parse JSON pointer: ${pointer}`);
  }
  let value = document;
  for (const token of pointer.split("/").slice(1)) {
    // "~1" goes first: "~01" means "~1", not "/" (RFC 6901 section 4).
    value = step(value, token.replaceAll("~1", "/").replaceAll("~0", "~"));
  }
  return value;
}

function step(
  value: JsonValue | undefined,
  token: string,
): JsonValue | undefined {
  if (Array.isArray(value)) {
    return /^(?:0|[1-9]\d*)$/.test(token) ? value[Number(token)] : undefined;
  }
  return isJsonObject(value) ? own(value, token) : undefined;
}
