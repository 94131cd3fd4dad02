/**
 * `{{variable}}` in requests and expectations.
 * @module
 */

import { isJsonObject, type JsonValue } from "../../domain/json.ts";

/** What `{{name}}` stands for: supplied by the caller or captured from an answer. */
export type Variables = ReadonlyMap<string, JsonValue>;

const PLACEHOLDER = /\{\{(\w+)(?:\|(\w+))?\}\}/g;

/** `{{name|modifier}}`: forms of a value that cannot be captured as such. */
const MODIFIERS: ReadonlyMap<string, (text: string) => string> = new Map([
  ["upper", (text) => text.toUpperCase()],
  // Entity tags (RFC 9110 section 8.8.3): W/"x" and "x" share an opaque part.
  ["strong", (text) => text.replace(/^W\//, "")],
  ["weak", (text) => text.replace(/^(?:W\/)?/, "W/")],
]);

/** The names of all variables that the strings within a value mention. */
export function variablesIn(value: unknown): Set<string> {
  const names = new Set<string>();
  for (const text of stringsIn(value)) {
    for (const [, name] of text.matchAll(PLACEHOLDER)) {
      if (name !== undefined) names.add(name);
    }
  }
  return names;
}

/**
 * Fills the placeholders of a text.
 *
 * @param encode Applied to each inserted value, for example
 * `encodeURIComponent`; by default values go in as they are.
 * @throws {ReferenceError} If a variable or a modifier is not known.
 */
export function substituteText(
  text: string,
  variables: Variables,
  encode: (value: string) => string = (value) => value,
): string {
  return text.replaceAll(
    PLACEHOLDER,
    (_, name: string, modifier?: string) =>
      encode(modify(textOf(name, variables), modifier)),
  );
}

/**
 * Fills the placeholders in all strings of a JSON value; member names are left
 * alone. A string that is one placeholder takes the variable's own type.
 *
 * @throws {ReferenceError} If a variable or a modifier is not known.
 */
export function substituteJson(
  value: JsonValue,
  variables: Variables,
): JsonValue {
  if (typeof value === "string") {
    const whole = /^\{\{(\w+)\}\}$/.exec(value)?.[1];
    return whole === undefined
      ? substituteText(value, variables)
      : lookUp(whole, variables);
  }
  if (Array.isArray(value)) {
    return value.map((element) => substituteJson(element, variables));
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map((
      [name, member],
    ) => [name, substituteJson(member, variables)]),
  );
}

function* stringsIn(value: unknown): Generator<string> {
  if (typeof value === "string") yield value;
  else if (typeof value === "object" && value !== null) {
    const members: unknown[] = Object.values(value);
    for (const member of members) yield* stringsIn(member);
  }
}

function lookUp(name: string, variables: Variables): JsonValue {
  const value = variables.get(name);
  if (value === undefined) {
    throw new ReferenceError(`Variable "${name}" is not defined`);
  }
  return value;
}

function textOf(name: string, variables: Variables): string {
  const value = lookUp(name, variables);
  return typeof value === "string" ? value : JSON.stringify(value);
}

function modify(text: string, modifier: string | undefined): string {
  if (modifier === undefined) return text;
  const apply = MODIFIERS.get(modifier);
  if (apply === undefined) {
    throw new ReferenceError(`Modifier "${modifier}" is not defined`);
  }
  return apply(text);
}
