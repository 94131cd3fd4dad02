/**
 * The rules for immutable attributes (RFC 7643 section 7, RFC 7644 section 3.5.1).
 * @module
 */

import { elementKey } from "./elements.ts";
import { mutability } from "./errors.ts";
import {
  copyObject,
  isJsonObject,
  jsonEquals,
  type JsonObject,
  type JsonValue,
  own,
} from "./json.ts";
import type { Attribute } from "./schema/attribute.ts";
import type { ResourceType } from "./schema/compile.ts";

/**
 * Refuses a state that changes an immutable attribute which has a value.
 *
 * @throws {ScimError} 400 mutability
 */
export function checkImmutable(
  type: ResourceType,
  before: JsonObject,
  after: JsonObject,
): void {
  for (const [attribute, old, now] of singleValues(type, before, after)) {
    if (attribute.mutability === "immutable") {
      refuseChange(attribute, old, now);
    } else if (attribute.multiValued) {
      checkElements(attribute, old, now);
    }
  }
}

/**
 * Refuses another value for an immutable attribute that has one.
 *
 * @throws {ScimError} 400 mutability
 */
export function refuseChange(
  attribute: Attribute,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): void {
  if (before === undefined || jsonEquals(before, after)) return;
  throw mutability(
    `Attribute "${attribute.path}" is immutable and has a value already`,
  );
}

/** What is immutable in a value that stays, as its `value` and `type` tell. */
function checkElements(
  attribute: Attribute,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): void {
  const fixed = [...attribute.subAttributes.values()].filter((sub) =>
    sub.mutability === "immutable"
  );
  if (fixed.length === 0 || !Array.isArray(before) || !Array.isArray(after)) {
    return;
  }
  const now = onlyOnes(after);
  const old = onlyOnes(before);
  for (const [key, element] of old) {
    const next = now.get(key);
    if (!isJsonObject(element) || !isJsonObject(next)) continue;
    for (const sub of fixed) {
      refuseChange(sub, own(element, sub.name), own(next, sub.name));
    }
  }
}

/**
 * What a PUT leaves out but does not clear: immutable values, readOnly ones, and
 * writeOnly ones, which no client can read back in order to send them again.
 */
export function keepUnsent(
  type: ResourceType,
  before: JsonObject,
  after: JsonObject,
): JsonObject {
  const result = copyObject(after);
  for (const [attribute, old, now] of singleValues(type, before, after)) {
    const { parent } = attribute;
    if (parent === undefined && Array.isArray(old) && Array.isArray(now)) {
      const holder = memberObject(result, attribute.extension);
      holder[attribute.name] = keepInElements(attribute, old, now);
    }
    if (!staysUnsent(attribute) || old === undefined || now !== undefined) {
      continue;
    }
    const holder = memberObject(result, attribute.extension);
    if (parent === undefined) holder[attribute.name] = old;
    else memberObject(holder, parent.name)[attribute.name] = old;
  }
  return result;
}

/** The same for values that are there before and after. */
function keepInElements(
  attribute: Attribute,
  before: readonly JsonValue[],
  after: readonly JsonValue[],
): JsonValue[] {
  const kept = [...attribute.subAttributes.values()].filter(staysUnsent);
  if (kept.length === 0) return [...after];
  const old = onlyOnes(before);
  const now = onlyOnes(after);
  return after.map((element) => {
    const key = elementKey(element);
    const known = now.has(key) ? old.get(key) : undefined;
    if (!isJsonObject(element) || !isJsonObject(known)) return element;
    const result = { ...element };
    for (const { name } of kept) {
      const value = own(known, name);
      if (value !== undefined) result[name] = own(element, name) ?? value;
    }
    return result;
  });
}

/** The values by key; those of which several have one key cannot be told apart. */
function onlyOnes(elements: readonly JsonValue[]): Map<string, JsonValue> {
  const groups = Map.groupBy(elements, elementKey);
  return new Map(
    [...groups].flatMap(([key, [first, ...others]]) =>
      first === undefined || others.length > 0 ? [] : [[key, first]]
    ),
  );
}

function staysUnsent({ mutability }: Attribute): boolean {
  return mutability !== "readWrite";
}

/** Attributes and sub-attributes of single-valued ones, with both their values. */
function* singleValues(
  type: ResourceType,
  before: JsonObject,
  after: JsonObject,
): Generator<[Attribute, JsonValue | undefined, JsonValue | undefined]> {
  const sources: [ReadonlyMap<string, Attribute>, JsonObject, JsonObject][] = [
    [type.attributes, before, after],
  ];
  for (const extension of type.extensions.values()) {
    const old = own(before, extension.uri);
    const now = own(after, extension.uri);
    sources.push([
      extension.attributes,
      isJsonObject(old) ? old : {},
      isJsonObject(now) ? now : {},
    ]);
  }
  for (const [attributes, old, now] of sources) {
    for (const attribute of attributes.values()) {
      if (attribute === type.members || attribute === type.memberOf) continue;
      const a = own(old, attribute.name);
      const b = own(now, attribute.name);
      yield [attribute, a, b];
      if (attribute.multiValued) continue;
      for (const sub of attribute.subAttributes.values()) {
        yield [
          sub,
          isJsonObject(a) ? own(a, sub.name) : undefined,
          isJsonObject(b) ? own(b, sub.name) : undefined,
        ];
      }
    }
  }
}

function memberObject(
  holder: JsonObject,
  name: string | undefined,
): JsonObject {
  if (name === undefined) return holder;
  const present = own(holder, name);
  if (isJsonObject(present)) return present;
  const created: JsonObject = {};
  holder[name] = created;
  return created;
}
