/**
 * Reads JSON that a client sent.
 * @module
 */

import { invalidSyntax, invalidValue } from "./errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";
import { clip } from "./text.ts";

/** How deep objects and arrays may nest. The deepest SCIM message needs 8 levels. */
export const MAX_JSON_DEPTH = 64;

/**
 * Reads a JSON object and checks what later steps rely on: a bounded depth, and
 * strings that are Unicode (half a surrogate pair would be stored as U+FFFD, so
 * that two names could become one).
 *
 * @throws {ScimError} 400 invalidSyntax, or invalidValue for a broken string
 */
export function readJsonObject(text: string): JsonObject {
  if (text.trim() === "") {
    throw invalidSyntax("The request body is empty; it must be a JSON object");
  }
  let value: JsonValue;
  try {
    value = FRACTION.test(text)
      ? JSON.parse(text, noteFraction)
      : JSON.parse(text);
  } catch (error) {
    throw invalidSyntax(
      `The request body is not JSON: ${
        error instanceof Error ? reason(error) : ""
      }`,
    );
  }
  if (!isJsonObject(value)) {
    throw invalidSyntax("The request body must be a JSON object");
  }
  check(value, "", 1);
  return value;
}

/**
 * Whether a number was written with a fraction or an exponent, as in `1.0` and
 * `1e3`, which no integer has (RFC 7643 section 2.3.4).
 *
 * @param holder the object or array, as it was read, that holds the number
 */
export function hasFraction(
  holder: JsonObject | readonly JsonValue[],
  key: string | number,
): boolean {
  return fractions.get(holder)?.has(String(key)) === true;
}

/** A number with a fraction or an exponent, or a text that looks like one. */
const FRACTION = /[:[,]\s*-?\d+(?:\.\d+|(?:\.\d+)?[eE][+-]?\d+)\s*[,\]}]/;

/** `JSON.parse` forgets how numbers were written. */
const fractions = new WeakMap<object, Set<string>>();

function noteFraction(
  this: object,
  key: string,
  value: JsonValue,
  context?: { readonly source?: string },
): JsonValue {
  if (typeof value === "number" && /[.eE]/.test(context?.source ?? "")) {
    const keys = fractions.get(this) ?? new Set();
    fractions.set(this, keys.add(key));
  }
  return value;
}

function check(value: JsonValue, where: string, depth: number): void {
  if (typeof value === "string") {
    if (!value.isWellFormed()) {
      throw invalidValue(
        `The string at "${
          clip(where, 200)
        }" holds half of a surrogate pair; send whole ` +
          "Unicode characters",
      );
    }
    return;
  }
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_JSON_DEPTH) {
    throw invalidSyntax(
      `The request body nests deeper than ${MAX_JSON_DEPTH} levels`,
    );
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      check(item, `${where}[${index}]`, depth + 1);
    }
    return;
  }
  for (const [name, item] of Object.entries(value)) {
    if (!name.isWellFormed()) {
      throw invalidSyntax("A name in the request body is not Unicode");
    }
    check(item, where === "" ? name : `${where}.${name}`, depth + 1);
  }
}

/** What the parser found, without the excerpt of the body that V8 adds. */
function reason(error: Error): string {
  const [what = "it is malformed"] = error.message.split(/, (?:\.\.\.)?"/, 1);
  const position = /at position (\d+)/.exec(error.message)?.[1];
  const clean = what.split(" in JSON")[0] ?? what;
  return position === undefined ? clean : `${clean} at position ${position}`;
}
