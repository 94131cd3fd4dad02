/**
 * Tenants and their settings.
 * @module
 */

import { z } from "zod";
import { Change } from "./change.ts";
import { decode, encode } from "./codec.ts";
import { KeyedLock, retrying } from "./concurrency.ts";
import { type DuplicateName, settleGroupNames } from "./group_names.ts";
import { addJob } from "./jobs.ts";
import { jobKey, settingsKey, TENANT_PREFIX, tenantKey } from "./keys.ts";
import type { Store } from "./store.ts";
import {
  readSettings,
  type SettingsEntry,
  type TenantSettings,
  writeSettings,
} from "./tenant_settings.ts";

/** The tenant that always exists. */
export const DEFAULT_TENANT = "default";

/** A tenant as the admin API shows it. */
export interface Tenant {
  readonly id: string;
  readonly createdAt: string;
  readonly settings: TenantSettings;
}

const tenantRecord = z.object({ createdAt: z.string() });

/** Keeps tenants. */
export class TenantRepository {
  readonly #store: Store;
  readonly #locks = new KeyedLock();

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

  /** The settings of a tenant; a tenant that has none has the defaults. */
  async settings(tenant: string): Promise<SettingsEntry> {
    return await readSettings(this.#store, tenant);
  }

  /**
   * Makes group names unique or lets them repeat. Writers check the settings
   * they have seen, so that from the first step on all of them follow the new
   * rule; existing names are entered behind that, by a job.
   *
   * @returns names that several groups have; then nothing has changed
   */
  async setUniqueGroupNames(
    tenant: string,
    unique: boolean,
  ): Promise<DuplicateName[]> {
    return await this.#locks.run(tenant, async () => {
      const id = `groupNames.${tenant}`;
      const changed = await retrying(() => this.#decide(tenant, unique, id));
      if (!changed) return [];
      const duplicates = await settleGroupNames(this.#store, tenant);
      await this.#store.write(new Change().delete(jobKey(id)));
      return duplicates;
    });
  }

  /** @returns whether that is a change; undefined when others were faster */
  async #decide(
    tenant: string,
    unique: boolean,
    job: string,
  ): Promise<boolean | undefined> {
    const { settings, versionstamp } = await this.settings(tenant);
    if (settings.uniqueGroupNames === unique) return false;
    const change = new Change().check(settingsKey(tenant), versionstamp);
    writeSettings(change, tenant, { ...settings, uniqueGroupNames: unique });
    // Anybody may help with it at any time, so that it needs no lease.
    addJob(change, {
      id: job,
      kind: "settleGroupNames",
      tenant,
      notBefore: 0,
    });
    return await this.#store.commit(change) === undefined ? undefined : true;
  }
}
