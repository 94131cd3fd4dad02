/**
 * Comparing states of a resource.
 * @module
 */

import {
  isJsonObject,
  jsonEquals,
  type JsonObject,
  type JsonValue,
  own,
} from "../../../domain/json.ts";
import { show } from "../matchers.ts";
import type { ResourceTypeName } from "./format.ts";
import { CORE_SCHEMAS, type KnownSchemas } from "./schemas.ts";

/** What a state does not tell: the server makes it. */
const SERVER_MADE: ReadonlySet<string> = new Set(["schemas", "id", "meta"]);

/** References are told by their value; the server may add the rest. */
const REFERENCES: ReadonlySet<string> = new Set(["members", "manager"]);

/**
 * What a client has said of a resource, in a form that can be compared:
 * attributes by name, those of extensions by their full name. Without what the
 * server makes, without read-only attributes, and without what means
 * "no value" (null, `[]`, `{}`; RFC 7643 section 2.5) or the same as no value
 * (`primary: false`). Arrays are in an order of their own, for they are sets.
 */
export function stateOf(
  resource: JsonObject,
  type: ResourceTypeName,
  schemas: KnownSchemas,
): JsonObject {
  const core: JsonObject = {};
  const state: JsonObject = {};
  for (const [name, value] of Object.entries(resource)) {
    if (SERVER_MADE.has(name)) continue;
    if (name.includes(":") && isJsonObject(value)) {
      const attributes = attributesOf(value, name, schemas);
      for (const [attribute, settled] of attributes) {
        state[`${name}:${attribute}`] = settled;
      }
    } else core[name] = value;
  }
  const attributes = attributesOf(core, CORE_SCHEMAS[type], schemas);
  return { ...Object.fromEntries(attributes), ...state };
}

/** The attributes of one schema that a client has given a value. */
function* attributesOf(
  object: JsonObject,
  uri: string,
  schemas: KnownSchemas,
): Generator<[string, JsonValue]> {
  for (const [name, value] of Object.entries(object)) {
    if (schemas.isReadOnly(uri, name)) continue;
    const isLeftOut = (sub: string, member: JsonValue) =>
      schemas.isReadOnly(uri, name, sub) ||
      (sub === "primary" && member === false);
    const settled = settle(
      eachElement(
        value,
        (element) =>
          REFERENCES.has(name)
            ? onlyValue(element)
            : withoutMembers(element, isLeftOut),
      ),
    );
    if (settled !== undefined) yield [name, settled];
  }
}

/** A whole resource in a form that can be compared: nothing is left out. */
export function wholeOf(resource: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(resource).map(([name, value]) => [name, sorted(value)]),
  );
}

/** Yields a line for each attribute in which two states differ. */
export function* differences(
  expected: JsonObject,
  actual: JsonObject,
): Generator<string> {
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  for (const name of names) {
    const wanted = own(expected, name);
    const found = own(actual, name);
    if (!jsonEquals(wanted, found)) {
      yield `${name}: expected ${show(wanted)}, got ${show(found)}`;
    }
  }
}

function eachElement(
  value: JsonValue,
  change: (element: JsonValue) => JsonValue,
): JsonValue {
  return Array.isArray(value) ? value.map(change) : change(value);
}

function onlyValue(element: JsonValue): JsonValue {
  const value = isJsonObject(element) ? own(element, "value") : undefined;
  return value === undefined ? element : { value };
}

function withoutMembers(
  element: JsonValue,
  isLeftOut: (name: string, value: JsonValue) => boolean,
): JsonValue {
  if (!isJsonObject(element)) return element;
  return Object.fromEntries(
    Object.entries(element).filter(([name, value]) => !isLeftOut(name, value)),
  );
}

/** A value without what means "no value"; `undefined` if nothing is left. */
function settle(value: JsonValue): JsonValue | undefined {
  if (value === null) return undefined;
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) {
    const elements = value.map(settle).filter((element) =>
      element !== undefined
    );
    return elements.length === 0 ? undefined : sorted(elements);
  }
  const members = Object.entries(value).flatMap(
    ([name, member]): [string, JsonValue][] => {
      const settled = settle(member);
      return settled === undefined ? [] : [[name, settled]];
    },
  );
  return members.length === 0 ? undefined : sorted(Object.fromEntries(members));
}

/** The same value with the names of objects and the elements of arrays sorted. */
function sorted(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    return value.map(sorted)
      .map((element) => ({ element, text: JSON.stringify(element) }))
      .sort((a, b) => a.text < b.text ? -1 : a.text > b.text ? 1 : 0)
      .map(({ element }) => element);
  }
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1)
      .map(([name, member]) => [name, sorted(member)]),
  );
}
