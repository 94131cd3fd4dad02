/**
 * Deletes a tenant that has begun to go, in steps that can be repeated.
 *
 * First its tokens, so that nobody who has one writes to a tenant that gets the
 * name next; then its resources, since a change of members checks the group's
 * record and fails from then on; then its jobs, which write no more without it;
 * then all else. What came meanwhile is found by another round. Its settings go
 * last: they say that it is going, and each step checks that they still do.
 * @module
 */

import { Change } from "./change.ts";
import { retrying } from "./concurrency.ts";
import type { Lease } from "./job_leases.ts";
import { type JobOf, listJobs } from "./jobs.ts";
import {
  allOfTenantPrefix,
  allResourcesPrefix,
  jobKey,
  settingsKey,
  tenantKey,
  TOKEN_ID_PREFIX,
} from "./keys.ts";
import type { Entry, Store } from "./store.ts";
import { decodeSettings } from "./tenant_settings.ts";
import { addRevocation, tenantOfToken } from "./tokens.ts";

/** How many keys one step deletes. */
const KEYS_PER_STEP = 500;

/** How many tokens one step deletes: each is checked. */
const TOKENS_PER_STEP = 5;

/** The tenant is not going any more: another process has ended it. */
class GoneError extends Error {
  override readonly name = "GoneError";
}

/** Carries out jobs that delete tenants. */
export class TenantDeletion {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Deletes all that belongs to a tenant, and ends the job. Can be repeated. */
  async run(job: JobOf<"deleteTenant">, lease: Lease): Promise<void> {
    const { tenant } = job;
    try {
      for (let deleted = 1; deleted > 0;) {
        deleted = await this.#deleteTokens(tenant, lease) +
          await this.#deleteBelow(allResourcesPrefix(tenant), tenant, lease) +
          await this.#deleteJobs(job, lease) +
          await this.#deleteBelow(allOfTenantPrefix(tenant), tenant, lease);
      }
      await this.#step(tenant, lease, (change) => {
        change.delete(tenantKey(tenant)).delete(settingsKey(tenant))
          .delete(jobKey(job.id));
      });
    } catch (error) {
      if (!(error instanceof GoneError)) throw error;
      await this.#endIdle(job);
    }
  }

  async #deleteTokens(tenant: string, lease: Lease): Promise<number> {
    const entries = await this.#store.listAll({ prefix: TOKEN_ID_PREFIX });
    const ids = entries.filter((entry) => tenantOfToken(entry) === tenant)
      .map(({ key }) => key);
    for (let i = 0; i < ids.length; i += TOKENS_PER_STEP) {
      await this.#step(tenant, lease, async (change) => {
        // As they are now: one may have got another secret meanwhile.
        const some = await this.#store.getMany(
          ids.slice(i, i + TOKENS_PER_STEP),
        );
        for (const entry of some) {
          if (entry.versionstamp !== null) addRevocation(change, entry);
        }
      });
    }
    return ids.length;
  }

  async #deleteJobs(
    { id, tenant }: JobOf<"deleteTenant">,
    lease: Lease,
  ): Promise<number> {
    const keys = (await listJobs(this.#store))
      .filter(({ job }) => job?.tenant === tenant && job.id !== id)
      .map((found) => jobKey(found.id));
    return await this.#deleteKeys(keys, tenant, lease);
  }

  /** Deletes all keys below a prefix but that of the settings. */
  async #deleteBelow(
    prefix: Deno.KvKey,
    tenant: string,
    lease: Lease,
  ): Promise<number> {
    let deleted = 0;
    for await (const batch of this.#store.batches({ prefix })) {
      const keys = batch.filter((entry) => !isSettings(entry))
        .map(({ key }) => key);
      deleted += await this.#deleteKeys(keys, tenant, lease);
    }
    return deleted;
  }

  async #deleteKeys(
    keys: readonly Deno.KvKey[],
    tenant: string,
    lease: Lease,
  ): Promise<number> {
    for (let i = 0; i < keys.length; i += KEYS_PER_STEP) {
      await this.#step(tenant, lease, (change) => {
        for (const key of keys.slice(i, i + KEYS_PER_STEP)) change.delete(key);
      });
      await turn();
    }
    return keys.length;
  }

  /**
   * Commits a step, if the tenant is still going.
   *
   * @throws {GoneError} when it is not
   */
  async #step(
    tenant: string,
    lease: Lease,
    fill: (change: Change) => void | Promise<void>,
  ): Promise<void> {
    await retrying(async () => {
      const settings = await this.#store.get(settingsKey(tenant));
      if (!decodeSettings(settings).going) throw new GoneError(tenant);
      const change = new Change().check(settings.key, settings.versionstamp);
      await fill(change);
      lease.check();
      return await this.#store.commit(change);
    });
  }

  /** Takes away a job that has nothing to do, unless the tenant begins to go. */
  async #endIdle({ id, tenant }: JobOf<"deleteTenant">): Promise<void> {
    await retrying(async () => {
      const settings = await this.#store.get(settingsKey(tenant));
      if (decodeSettings(settings).going) return "";
      const change = new Change().check(settings.key, settings.versionstamp);
      return await this.#store.commit(change.delete(jobKey(id)));
    });
  }
}

function isSettings({ key }: Entry): boolean {
  return key.length === 3 && key[2] === "settings";
}

/** Lets others go first. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
