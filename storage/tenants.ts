/**
 * Tenants and their settings.
 * @module
 */

import { z } from "zod";
import { Change } from "./change.ts";
import { decode, encode } from "./codec.ts";
import {
  indexPrefix,
  settingsKey,
  TENANT_PREFIX,
  tenantKey,
  uniquePrefix,
} from "./keys.ts";
import type { Entry, Store } from "./store.ts";

/** The tenant that always exists. */
export const DEFAULT_TENANT = "default";

/** What a tenant can decide. */
export const tenantSettings = z.object({
  /** Whether two groups may not share a displayName. */
  uniqueGroupNames: z.boolean(),
});

/** What a tenant can decide. */
export type TenantSettings = z.infer<typeof tenantSettings>;

/** The settings of a tenant that has decided nothing. */
export const DEFAULT_SETTINGS: TenantSettings = { uniqueGroupNames: true };

/** Settings and the versionstamp that proves a write has seen them. */
export interface SettingsEntry {
  readonly settings: TenantSettings;
  readonly versionstamp: string | null;
}

/** A tenant as the admin API shows it. */
export interface Tenant {
  readonly id: string;
  readonly createdAt: string;
  readonly settings: TenantSettings;
}

const tenantRecord = z.object({ createdAt: z.string() });

/** How many keys one commit of a rebuild writes. */
const BATCH = 100;

/** Two groups that share a name, so that names cannot be made unique. */
export interface DuplicateName {
  readonly name: string;
  readonly ids: readonly string[];
}

/** Keeps tenants. */
export class TenantRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Makes sure that a tenant exists. */
  async ensure(id: string, now: Date): Promise<void> {
    const entry = await this.#store.get(tenantKey(id));
    if (entry.versionstamp !== null) return;
    await this.#store.commit(
      new Change().check(tenantKey(id), null)
        .set(tenantKey(id), encode({ createdAt: now.toISOString() })),
    );
  }

  async list(): Promise<Tenant[]> {
    const entries = await this.#store.listAll({ prefix: TENANT_PREFIX });
    return Promise.all(entries.map(async (entry) => {
      const id = String(entry.key.at(-1));
      const { createdAt } = tenantRecord.parse(decode(entry.value));
      const { settings } = await this.settings(id);
      return { id, createdAt, settings };
    }));
  }

  async get(id: string): Promise<Tenant | undefined> {
    const entry = await this.#store.get(tenantKey(id));
    if (entry.versionstamp === null) return undefined;
    const { createdAt } = tenantRecord.parse(decode(entry.value));
    return { id, createdAt, settings: (await this.settings(id)).settings };
  }

  async settings(tenant: string): Promise<SettingsEntry> {
    const { value, versionstamp } = await this.#store.get(settingsKey(tenant));
    return {
      settings: versionstamp === null
        ? DEFAULT_SETTINGS
        : tenantSettings.parse(decode(value)),
      versionstamp,
    };
  }

  /**
   * Makes group names unique or lets them repeat. Writers check the settings
   * they have seen, so that from the first step on all of them follow the new
   * rule; existing names are entered behind that.
   *
   * @returns names that several groups have; then nothing has changed
   */
  async setUniqueGroupNames(
    tenant: string,
    unique: boolean,
  ): Promise<DuplicateName[]> {
    const { settings } = await this.settings(tenant);
    if (settings.uniqueGroupNames === unique) return [];
    await this.#write(tenant, { ...settings, uniqueGroupNames: unique });
    if (!unique) {
      await this.#forgetNames(tenant);
      return [];
    }
    const duplicates = await this.#enterNames(tenant);
    if (duplicates.length > 0) {
      await this.#write(tenant, { ...settings, uniqueGroupNames: false });
      await this.#forgetNames(tenant);
    }
    return duplicates;
  }

  async #write(tenant: string, settings: TenantSettings): Promise<void> {
    await this.#store.commit(
      new Change().set(settingsKey(tenant), encode(settings)),
    );
  }

  async #enterNames(tenant: string): Promise<DuplicateName[]> {
    const owners = new Map<string, Entry[]>();
    const prefix = indexPrefix(tenant, "Group", "displayName");
    for await (const batch of this.#store.batches({ prefix })) {
      for (const entry of batch) {
        const name = String(entry.key[5]);
        owners.set(name, [...(owners.get(name) ?? []), entry]);
      }
    }
    const duplicates: DuplicateName[] = [];
    for (const [name, [first, ...others]] of owners) {
      if (first === undefined) continue;
      // A name in the index is cut as it is in a unique key already.
      const unique = [...uniquePrefix(tenant, "Group", "displayName"), name];
      const entered = others.length === 0 &&
        await this.#enterName(unique, first);
      if (entered) continue;
      const ids = [first, ...others].map(({ key }) => String(key[6]));
      duplicates.push({ name, ids });
    }
    return duplicates;
  }

  /** Enters a name unless its group has lost it; false when another has it. */
  async #enterName(unique: Deno.KvKey, index: Entry): Promise<boolean> {
    const committed = await this.#store.commit(
      new Change().check(unique, null).check(index.key, index.versionstamp)
        .set(unique, index.key[6]),
    );
    if (committed !== undefined) return true;
    const [name, owner] = await this.#store.getMany([index.key, unique]);
    return name?.versionstamp === null || owner?.value === index.key[6];
  }

  async #forgetNames(tenant: string): Promise<void> {
    const prefix = uniquePrefix(tenant, "Group", "displayName");
    for await (const batch of this.#store.batches({ prefix })) {
      for (let i = 0; i < batch.length; i += BATCH) {
        const change = new Change();
        for (const { key } of batch.slice(i, i + BATCH)) change.delete(key);
        await this.#store.commit(change);
      }
    }
  }
}
