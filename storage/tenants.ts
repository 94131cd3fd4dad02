/**
 * Tenants and their settings.
 * @module
 */

import { z } from "zod";
import { Change } from "./change.ts";
import { decode, encode } from "./codec.ts";
import { TENANT_PREFIX, tenantKey } from "./keys.ts";
import type { Registries } from "./registries.ts";
import type { Store } from "./store.ts";
import type { TenantSettings } from "./tenant_settings.ts";

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
  readonly #registries: Registries;

  constructor(store: Store, registries: Registries) {
    this.#store = store;
    this.#registries = registries;
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
      const { settings } = await this.#registries.current(id);
      return { id, createdAt, settings };
    }));
  }

  async get(id: string): Promise<Tenant | undefined> {
    const entry = await this.#store.get(tenantKey(id));
    if (entry.versionstamp === null) return undefined;
    const { createdAt } = tenantRecord.parse(decode(entry.value));
    const { settings } = await this.#registries.current(id);
    return { id, createdAt, settings };
  }
}
