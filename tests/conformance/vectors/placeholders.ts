/**
 * `{{id:key}}`, `{{ref:key}}` and `{{userName:key}}` of a sample, and `{{self}}`,
 * the id of the resource under test.
 * @module
 */

import type { JsonValue } from "../../../domain/json.ts";

/** What each placeholder stands for, by its text between the braces. */
export type PlaceholderValues = ReadonlyMap<string, string>;

const PLACEHOLDER = /\{\{(\w+(?::[\w-]+)?)\}\}/g;

/** The placeholders of a value, without their braces. */
export function placeholdersIn(value: JsonValue): Set<string> {
  const found = JSON.stringify(value).matchAll(PLACEHOLDER);
  return new Set([...found].map(([, name = ""]) => name));
}

/** The key of the sample that a placeholder names; `undefined` for `self`. */
export function sampleKeyOf(placeholder: string): string | undefined {
  return /:(.+)$/.exec(placeholder)?.[1];
}

/**
 * Fills the placeholders of a text.
 *
 * @throws {ReferenceError} If a placeholder has no value.
 */
export function fillText(text: string, values: PlaceholderValues): string {
  return text.replaceAll(
    PLACEHOLDER,
    (_, name: string) => lookUp(name, values),
  );
}

/**
 * Fills the placeholders in all strings and names of a value.
 *
 * @throws {ReferenceError} If a placeholder has no value.
 */
export function fill<T extends JsonValue>(
  value: T,
  values: PlaceholderValues,
): T {
  return JSON.parse(
    JSON.stringify(value).replaceAll(
      PLACEHOLDER,
      // The text between the quotation marks of the value as JSON.
      (_, name: string) => JSON.stringify(lookUp(name, values)).slice(1, -1),
    ),
  );
}

function lookUp(name: string, values: PlaceholderValues): string {
  const value = values.get(name);
  if (value === undefined) {
    throw new ReferenceError(`Placeholder {{${name}}} has no value`);
  }
  return value;
}
