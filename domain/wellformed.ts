/**
 * What no JSON from a client may hold, whatever its schema.
 * @module
 */

import { invalidSyntax } from "./errors.ts";
import type { JsonValue } from "./json.ts";

/**
 * How deep arrays and objects may nest. No schema needs more than eight levels;
 * the rest of the program may recurse because of this limit.
 */
export const MAX_JSON_DEPTH = 32;

/**
 * Refuses JSON that nests too deeply, and text that holds half of a surrogate
 * pair: UTF-8 has no form for it, so two different names could be stored as one.
 *
 * @throws {ScimError} 400 invalidSyntax
 */
export function checkWellFormed(value: JsonValue, depth = 0): void {
  if (typeof value === "string") return checkText(value);
  if (typeof value !== "object" || value === null) return;
  if (depth === MAX_JSON_DEPTH) {
    throw invalidSyntax(
      `The body nests arrays and objects deeper than ${MAX_JSON_DEPTH} levels`,
    );
  }
  if (Array.isArray(value)) {
    for (const element of value) checkWellFormed(element, depth + 1);
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    checkText(name);
    checkWellFormed(member, depth + 1);
  }
}

function checkText(text: string): void {
  if (!text.isWellFormed()) {
    throw invalidSyntax(
      "The body holds a string with half of a surrogate pair; send whole " +
        "Unicode characters",
    );
  }
}
