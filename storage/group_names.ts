/**
 * Enters the names of a tenant's groups as unique values, or takes them out, when
 * the tenant changes its mind.
 * @module
 */

import { Change } from "./change.ts";
import { retrying } from "./concurrency.ts";
import { indexPrefix, uniquePrefix } from "./keys.ts";
import type { Entry, Store } from "./store.ts";
import { readSettings, writeSettings } from "./tenant_settings.ts";

/** How many keys one commit takes out. */
const BATCH = 100;

/** Groups that share a name, so that names cannot be made unique. */
export interface DuplicateName {
  readonly name: string;
  readonly ids: readonly string[];
}

/**
 * Brings the unique names in line with the settings. Can be repeated, and run by
 * several at once.
 *
 * @returns names that several groups have; names may repeat then, as before
 */
export async function settleGroupNames(
  store: Store,
  tenant: string,
): Promise<DuplicateName[]> {
  const { settings } = await readSettings(store, tenant);
  if (!settings.uniqueGroupNames) {
    await forgetNames(store, tenant);
    return [];
  }
  const duplicates = await enterNames(store, tenant);
  if (duplicates.length > 0) {
    const back = { ...settings, uniqueGroupNames: false };
    await store.write(writeSettings(new Change(), tenant, back));
    await forgetNames(store, tenant);
  }
  return duplicates;
}

async function enterNames(
  store: Store,
  tenant: string,
): Promise<DuplicateName[]> {
  const owners = new Map<string, Entry[]>();
  const prefix = indexPrefix(tenant, "Group", "displayName");
  for await (const batch of store.batches({ prefix })) {
    for (const entry of batch) {
      const name = String(entry.key[5]);
      const entries = owners.get(name);
      if (entries === undefined) owners.set(name, [entry]);
      else entries.push(entry);
    }
  }
  const duplicates: DuplicateName[] = [];
  for (const [name, [first, ...others]] of owners) {
    if (first === undefined) continue;
    // A name in the index is cut as it is in a unique key already.
    const unique = [...uniquePrefix(tenant, "Group", "displayName"), name];
    const entered = others.length === 0 &&
      await enterName(store, unique, first);
    if (entered) continue;
    const ids = [first, ...others].map(({ key }) => String(key[6]));
    duplicates.push({ name, ids });
  }
  return duplicates;
}

/** Enters a name unless its group has lost it; false when another has it. */
async function enterName(
  store: Store,
  unique: Deno.KvKey,
  index: Entry,
): Promise<boolean> {
  return await retrying(async () => {
    const committed = await store.commit(
      new Change().check(unique, null).check(index.key, index.versionstamp)
        .set(unique, index.key[6]),
    );
    if (committed !== undefined) return true;
    const [name, owner] = await store.getMany([index.key, unique]);
    if (name?.versionstamp === null) return true;
    return owner?.versionstamp === null
      ? undefined
      : owner?.value === index.key[6];
  });
}

async function forgetNames(store: Store, tenant: string): Promise<void> {
  const prefix = uniquePrefix(tenant, "Group", "displayName");
  for await (const batch of store.batches({ prefix })) {
    for (let i = 0; i < batch.length; i += BATCH) {
      const change = new Change();
      for (const { key } of batch.slice(i, i + BATCH)) change.delete(key);
      await store.write(change);
    }
  }
}
