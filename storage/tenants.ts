/**
 * Tenants and their settings.
 * @module
 */

import { z } from "zod";
import { Change } from "./change.ts";
import { decode, encode } from "./codec.ts";
import { retrying } from "./concurrency.ts";
import { addJob, JOB_LEASE, type JobOf } from "./jobs.ts";
import { settingsKey, TENANT_PREFIX, tenantKey } from "./keys.ts";
import type { Registries } from "./registries.ts";
import type { Entry, MaybeEntry, Store } from "./store.ts";
import {
  DEFAULT_RECORD,
  tenantIsGoing,
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
  /** Whether it is being deleted. */
  readonly deleting?: true;
}

const tenantRecord = z.object({
  createdAt: z.string(),
  deleting: z.literal(true).optional(),
});

/** Keeps tenants. */
export class TenantRepository {
  readonly #store: Store;
  readonly #registries: Registries;

  constructor(store: Store, registries: Registries) {
    this.#store = store;
    this.#registries = registries;
  }

  /**
   * Makes sure that a tenant exists.
   *
   * @throws {ScimError} 409 while it is being deleted
   */
  async ensure(id: string, now: Date): Promise<void> {
    await retrying(async () => {
      const change = await withTenant(new Change(), this.#store, id, now);
      return change.mutations === 0 ? "" : await this.#store.commit(change);
    });
  }

  /**
   * Gives a record of settings to tenants that have none, such as imported ones,
   * so that no write that has seen a tenant fits another of the same name.
   */
  async complete(): Promise<void> {
    const entries = await this.#store.listAll({ prefix: TENANT_PREFIX });
    const others = entries.filter((entry) => idOf(entry) !== DEFAULT_TENANT);
    const settings = await this.#store.getMany(
      others.map((entry) => settingsKey(idOf(entry))),
    );
    for (const [index, entry] of others.entries()) {
      if (settings[index]?.versionstamp !== null) continue;
      const id = idOf(entry);
      const change = new Change().check(settingsKey(id), null)
        .check(entry.key, entry.versionstamp);
      await this.#store.commit(writeSettings(change, id, DEFAULT_RECORD));
    }
  }

  /** All tenants, with those that are being deleted. */
  async list(): Promise<Tenant[]> {
    const entries = await this.#store.listAll({ prefix: TENANT_PREFIX });
    return Promise.all(entries.map((entry) => this.#read(entry)));
  }

  /** One tenant, also while it is being deleted. */
  async get(id: string): Promise<Tenant | undefined> {
    const entry = await this.#store.get(tenantKey(id));
    return entry.versionstamp === null ? undefined : await this.#read(entry);
  }

  /**
   * Begins to delete a tenant. From that commit on nobody begins to write to it,
   * and what is under way fails, since its commits check the settings or a
   * resource that goes.
   *
   * @returns the job that does it, and whether it was begun by this call;
   * undefined when there is no such tenant
   * @throws {RangeError} for the tenant that always exists
   */
  async beginDeletion(
    id: string,
    now: Date,
  ): Promise<
    | { readonly job: JobOf<"deleteTenant">; readonly isNew: boolean }
    | undefined
  > {
    if (id === DEFAULT_TENANT) {
      throw new RangeError(`The tenant "${id}" always exists`);
    }
    const begun = await retrying(async () => {
      const entry = await this.#store.get(tenantKey(id));
      if (entry.versionstamp === null) return null;
      const job = deletionJob(id, now.getTime() + JOB_LEASE, now);
      const record = tenantRecord.parse(decode(entry.value));
      if (record.deleting === true) return { job, isNew: false };
      const current = await this.#registries.current(id);
      const change = new Change()
        .check(entry.key, entry.versionstamp)
        .check(settingsKey(id), current.versionstamp)
        .set(entry.key, encode({ ...record, deleting: true }));
      writeSettings(change, id, {
        settings: current.settings,
        incomplete: current.definitions.incomplete,
        leaving: current.leaving,
        going: true,
      });
      const done = await this.#store.commit(addJob(change, job));
      return done === undefined ? undefined : { job, isNew: true };
    });
    return begun ?? undefined;
  }

  async #read(entry: MaybeEntry): Promise<Tenant> {
    const id = idOf(entry);
    const record = tenantRecord.parse(decode(entry.value));
    const { settings } = await this.#registries.current(id);
    return {
      id,
      createdAt: record.createdAt,
      settings,
      ...(record.deleting === true ? { deleting: true } : {}),
    };
  }
}

/**
 * The job that deletes a tenant.
 *
 * @param notBefore until when others leave it to its maker, in ms since 1970
 */
export function deletionJob(
  tenant: string,
  notBefore: number,
  now: Date,
): JobOf<"deleteTenant"> {
  return {
    id: `deleteTenant.${tenant}`,
    kind: "deleteTenant",
    tenant,
    notBefore,
    createdAt: now.toISOString(),
  };
}

/**
 * Adds to a commit that a tenant exists: makes it, or checks that it stays as it
 * is. A new tenant has a record of its settings from the beginning, so that a
 * write that has seen another of the same name does not fit it.
 *
 * @throws {ScimError} 409 while it is being deleted
 */
export async function withTenant(
  change: Change,
  store: Store,
  id: string,
  now: Date,
): Promise<Change> {
  const { key, value, versionstamp } = await store.get(tenantKey(id));
  change.check(key, versionstamp);
  if (versionstamp !== null) {
    const { deleting } = tenantRecord.parse(decode(value));
    if (deleting === true) throw tenantIsGoing(id);
    return change;
  }
  change.set(key, encode({ createdAt: now.toISOString() }));
  if (id === DEFAULT_TENANT) return change;
  const settings = await store.get(settingsKey(id));
  if (settings.versionstamp !== null) return change;
  change.check(settings.key, null);
  return writeSettings(change, id, DEFAULT_RECORD);
}

function idOf({ key }: Pick<Entry, "key">): string {
  return String(key.at(-1));
}
