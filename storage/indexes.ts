/**
 * Unique values and index keys, kept in step with the resource.
 * @module
 */

import { uniqueness } from "../domain/errors.ts";
import { indexEntries, type IndexEntry } from "../domain/indexing.ts";
import type { JsonObject } from "../domain/json.ts";
import type { Attribute } from "../domain/schema/attribute.ts";
import {
  hasUniqueKey,
  isUnique,
  type ResourceType,
} from "../domain/schema/compile.ts";
import type { Change } from "./change.ts";
import { indexKey, uniqueKey } from "./keys.ts";
import type { MaybeEntry, Store } from "./store.ts";

/** A unique value that a commit takes. */
export interface Claim {
  readonly key: Deno.KvKey;
  readonly attribute: Attribute;
}

/** Unique values whose owner is in doubt, by attribute and text. */
export type DoubtfulValues = ReadonlyMap<string, MaybeEntry>;

/**
 * Reads who has the unique values of a resource, for attributes whose values are
 * being entered: another resource may have one of them then.
 */
export async function readDoubtful(
  store: Store,
  tenant: string,
  type: ResourceType,
  attributes: JsonObject | undefined,
): Promise<DoubtfulValues> {
  if (type.incomplete.size === 0) return new Map();
  const doubtful = [...entriesByKey(type, attributes)].filter(
    ([, { attribute }]) =>
      type.incomplete.has(attribute) && isUnique(attribute),
  );
  const owners = await store.getMany(
    doubtful.map(([, { attribute, text }]) =>
      uniqueKey(tenant, type.name, attribute.path, text)
    ),
  );
  return new Map(
    owners.flatMap((owner, index) => {
      const key = doubtful[index]?.[0];
      return key === undefined ? [] : [[key, owner] as const];
    }),
  );
}

/**
 * Adds the difference between two states of a resource to a commit.
 *
 * @param before undefined for a new resource
 * @param after undefined for one that is deleted
 * @param doubtful who has the values of the state before
 * @returns the unique values that the commit takes, to be checked if it fails
 */
export function writeIndexes(
  change: Change,
  tenant: string,
  type: ResourceType,
  id: string,
  before: JsonObject | undefined,
  after: JsonObject | undefined,
  doubtful: DoubtfulValues = new Map(),
): Claim[] {
  const old = entriesByKey(type, before);
  const now = entriesByKey(type, after);
  const claims: Claim[] = [];
  for (const [key, { attribute, text }] of old) {
    if (now.has(key)) continue;
    const owner = doubtful.get(key);
    if (owner !== undefined) change.check(owner.key, owner.versionstamp);
    if (isUnique(attribute) && (owner === undefined || owner.value === id)) {
      change.delete(uniqueKey(tenant, type.name, attribute.path, text));
    }
    if (!hasUniqueKey(type, attribute)) {
      change.delete(indexKey(tenant, type.name, attribute.path, text, id));
    }
  }
  for (const [key, { attribute, text }] of now) {
    if (old.has(key)) continue;
    if (isUnique(attribute)) {
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
