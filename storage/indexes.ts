/**
 * Unique values and index keys, kept in step with the resource.
 * @module
 */

import { uniqueness } from "../domain/errors.ts";
import { indexEntries, type IndexEntry } from "../domain/indexing.ts";
import type { JsonObject } from "../domain/json.ts";
import type { Attribute } from "../domain/schema/attribute.ts";
import { isUnique, type ResourceType } from "../domain/schema/compile.ts";
import type { Change } from "./change.ts";
import { indexKey, uniqueKey } from "./keys.ts";
import type { Store } from "./store.ts";

/** A unique value that a commit takes. */
export interface Claim {
  readonly key: Deno.KvKey;
  readonly attribute: Attribute;
}

/** Whether a tenant can switch the uniqueness of an attribute off. */
export function isOptionallyUnique(
  type: ResourceType,
  attribute: Attribute,
): boolean {
  return type.traits.optionallyUnique.includes(attribute.path);
}

/** Whether an attribute is found by its unique key, so that it has no index. */
export function hasUniqueKey(
  type: ResourceType,
  attribute: Attribute,
): boolean {
  return isUnique(attribute) && !isOptionallyUnique(type, attribute);
}

/**
 * Adds the difference between two states of a resource to a commit.
 *
 * @param before undefined for a new resource
 * @param after undefined for one that is deleted
 * @param optional whether attributes whose uniqueness is a setting are unique
 * @returns the unique values that the commit takes, to be checked if it fails
 */
export function writeIndexes(
  change: Change,
  tenant: string,
  type: ResourceType,
  id: string,
  before: JsonObject | undefined,
  after: JsonObject | undefined,
  optional: boolean,
): Claim[] {
  const old = entriesByKey(type, before);
  const now = entriesByKey(type, after);
  const claims: Claim[] = [];
  for (const [key, { attribute, text }] of old) {
    if (now.has(key)) continue;
    if (isEnforced(type, attribute, optional)) {
      change.delete(uniqueKey(tenant, type.name, attribute.path, text));
    }
    if (!hasUniqueKey(type, attribute)) {
      change.delete(indexKey(tenant, type.name, attribute.path, text, id));
    }
  }
  for (const [key, { attribute, text }] of now) {
    if (old.has(key)) continue;
    if (isEnforced(type, attribute, optional)) {
      const unique = uniqueKey(tenant, type.name, attribute.path, text);
      change.check(unique, null).set(unique, id);
      claims.push({ key: unique, attribute });
    }
    if (!hasUniqueKey(type, attribute)) {
      change.set(indexKey(tenant, type.name, attribute.path, text, id), 0);
    }
  }
  return claims;
}

/**
 * Says whether a failed commit failed because a value is taken.
 *
 * @throws {ScimError} 409 uniqueness naming the attribute and the owner
 */
export async function refuseTaken(
  store: Store,
  type: ResourceType,
  id: string,
  claims: readonly Claim[],
): Promise<void> {
  const owners = await store.getMany(claims.map(({ key }) => key));
  owners.forEach(({ value }, index) => {
    const claim = claims[index];
    if (claim === undefined || typeof value !== "string" || value === id) {
      return;
    }
    throw uniqueness(
      `Attribute "${claim.attribute.path}" must be unique, and ${type.name} ` +
        `"${value}" already has this value`,
    );
  });
}

function isEnforced(
  type: ResourceType,
  attribute: Attribute,
  optional: boolean,
): boolean {
  return isUnique(attribute) &&
    (optional || !isOptionallyUnique(type, attribute));
}

function entriesByKey(
  type: ResourceType,
  attributes: JsonObject | undefined,
): Map<string, IndexEntry> {
  const entries = attributes === undefined
    ? []
    : indexEntries(type, attributes);
  return new Map(
    entries.map((entry) => [`${entry.attribute.path} ${entry.text}`, entry]),
  );
}
