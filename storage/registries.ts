/**
 * The schemas and resource types in force for each tenant: those that are built
 * in, and those that its operator has added.
 * @module
 */

import { z } from "zod";
import { ScimError } from "../domain/errors.ts";
import {
  type Definitions,
  NO_DEFINITIONS,
  Registry,
} from "../domain/registry.ts";
import { storedResourceType, storedSchema } from "../domain/schema/read.ts";
import { Change } from "./change.ts";
import { decode, encode, fits } from "./codec.ts";
import { retrying } from "./concurrency.ts";
import { addJob, JOB_LEASE, readJob } from "./jobs.ts";
import {
  jobKey,
  resourceTypeKey,
  resourceTypePrefix,
  schemaKey,
  schemaPrefix,
  settingsKey,
} from "./keys.ts";
import type { Leaving } from "./leaving.ts";
import { Recent } from "./recent.ts";
import type { Store } from "./store.ts";
import {
  decodeSettings,
  DEFAULT_SETTINGS,
  type SettingsRecord,
  tenantIsGoing,
  type TenantSettings,
  writeSettings,
} from "./tenant_settings.ts";

/** What is in force for a tenant at one moment. */
export interface TenantRegistry {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly settings: TenantSettings;
  /** What nobody may begin to use, because it is about to go. */
  readonly leaving: readonly Leaving[];
  /** Whether the tenant is being deleted: nobody may write then. */
  readonly going: boolean;
  /** Where the definitions stand among their like, by the texts of their keys. */
  readonly positions: ReadonlyMap<string, number>;
  /** Of the settings' record; a commit that checks it has seen all of this. */
  readonly versionstamp: string | null;
}

/** How many tenants are kept in memory, in each of two generations. */
const MAX_CACHED = 500;

const schemaRecord = z.object({
  definition: storedSchema,
  extends: z.string().optional(),
  required: z.boolean(),
  /** Schemas are published in the order in which they were added. */
  position: z.number(),
});

const resourceTypeRecord = z.object({
  definition: storedResourceType,
  position: z.number(),
});

/** Reads and changes what is in force. */
export class Registries {
  readonly #store: Store;
  readonly #cache = new Recent<TenantRegistry>(MAX_CACHED);
  /** Tenants that have added nothing share what is compiled of a registry. */
  readonly #builtIn = new Map<boolean, Registry>();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * What is in force for a tenant now. Costs one read while nothing changes.
   *
   * @throws {ScimError} 503
   */
  async current(tenant: string): Promise<TenantRegistry> {
    const entry = await this.#store.getOften(settingsKey(tenant));
    if (entry.versionstamp === null) return this.#untouched();
    const cached = this.#cache.get(tenant);
    if (cached?.versionstamp === entry.versionstamp) return cached;
    const current = await retrying(() => this.#read(tenant));
    this.#cache.set(tenant, current);
    return current;
  }

  /**
   * Adds the step from one set of definitions to the next to a commit, which
   * fails when somebody else was faster.
   *
   * @param leaving what nobody may begin to use from then on
   * @throws {ScimError} 409 while the tenant is being deleted; 413 when a
   * definition is larger than what the store keeps
   */
  write(
    change: Change,
    tenant: string,
    before: TenantRegistry,
    after: Definitions,
    leaving: readonly Leaving[] = [],
  ): Change {
    if (before.going) throw tenantIsGoing(tenant);
    change.check(settingsKey(tenant), before.versionstamp);
    const old = entriesOf(tenant, before.definitions);
    const now = entriesOf(tenant, after);
    let next = Math.max(-1, ...before.positions.values()) + 1;
    for (const [id, { key }] of old) if (!now.has(id)) change.delete(key);
    for (const [id, { key, value }] of now) {
      if (JSON.stringify(old.get(id)?.value) === JSON.stringify(value)) {
        continue;
      }
      // What stays keeps its place, so that one commit moves one definition.
      const position = before.positions.get(id) ?? next++;
      change.set(key, encodeDefinition({ ...value, position }));
    }
    const record: SettingsRecord = {
      settings: {
        ...before.settings,
        uniqueGroupNames: after.uniqueGroupNames,
      },
      incomplete: after.incomplete,
      leaving,
    };
    if (leaving.length > 0) encodeDefinition(record);
    if (leaving.length === 0 && before.leaving.length > 0) {
      change.delete(jobKey(leavingJobId(tenant)));
    }
    return writeSettings(change, tenant, record);
  }

  /**
   * Announces what is about to go. Nobody begins to use it then, until the next
   * `write` or `keepLeaving`; a job sees to it that a crash does not leave it so.
   *
   * @param until when others leave it to its maker, in milliseconds since 1970
   * @returns what is in force then; undefined when somebody else was faster
   */
  async announce(
    tenant: string,
    current: TenantRegistry,
    leaving: readonly Leaving[],
    until: number,
  ): Promise<TenantRegistry | undefined> {
    const { definitions } = current;
    const change = this.write(
      new Change(),
      tenant,
      current,
      definitions,
      leaving,
    );
    addJob(change, {
      id: leavingJobId(tenant),
      kind: "keepLeaving",
      tenant,
      notBefore: until,
      createdAt: new Date(until - JOB_LEASE).toISOString(),
    });
    const versionstamp = await this.#store.commit(change);
    return versionstamp === undefined
      ? undefined
      : { ...current, leaving, versionstamp };
  }

  /**
   * Leaves an announcement to its maker for longer, if it is still there.
   *
   * @param until in milliseconds since 1970
   */
  async keepAnnounced(tenant: string, until: number): Promise<void> {
    const id = leavingJobId(tenant);
    const entry = await this.#store.get(jobKey(id));
    const job = readJob(entry);
    if (job === undefined) return;
    const change = new Change().check(jobKey(id), entry.versionstamp);
    await this.#store.commit(addJob(change, { ...job, notBefore: until }));
  }

  /** Lets stay what was about to go, unless the step is taken already. */
  async keepLeaving(tenant: string): Promise<void> {
    await retrying(async () => {
      const current = await this.current(tenant);
      // The job goes with the tenant.
      if (current.going) return true;
      const { definitions, leaving, versionstamp } = current;
      const change = new Change();
      if (leaving.length === 0 || definitions.incomplete.length > 0) {
        change.check(settingsKey(tenant), versionstamp);
        change.delete(jobKey(leavingJobId(tenant)));
      } else this.write(change, tenant, current, definitions);
      return await this.#store.commit(change) === undefined ? undefined : true;
    });
  }

  /** What is in force for a tenant that has decided and added nothing. */
  #untouched(): TenantRegistry {
    return {
      definitions: NO_DEFINITIONS,
      settings: DEFAULT_SETTINGS,
      leaving: [],
      going: false,
      positions: new Map(),
      registry: this.#compile(NO_DEFINITIONS),
      versionstamp: null,
    };
  }

  /** undefined when something changed while it was read. */
  async #read(tenant: string): Promise<TenantRegistry | undefined> {
    const before = await this.#store.get(settingsKey(tenant));
    const { settings, incomplete, leaving, going } = decodeSettings(before);
    const schemas = inOrder(
      (await this.#store.listAll({ prefix: schemaPrefix(tenant) }))
        .map(({ key, value }) => ({
          key,
          ...schemaRecord.parse(decode(value)),
        })),
    );
    const types = inOrder(
      (await this.#store.listAll({ prefix: resourceTypePrefix(tenant) }))
        .map(({ key, value }) => ({
          key,
          ...resourceTypeRecord.parse(decode(value)),
        })),
    );
    const after = await this.#store.get(settingsKey(tenant));
    if (before.versionstamp !== after.versionstamp) return undefined;
    const definitions: Definitions = {
      schemas: schemas.map(({ key: _, position: __, ...schema }) => schema),
      resourceTypes: types.map(({ definition }) => definition),
      uniqueGroupNames: settings.uniqueGroupNames,
      incomplete,
    };
    return {
      definitions,
      settings,
      leaving,
      going,
      positions: new Map(
        [...schemas, ...types].map(({ key, position }) => [
          JSON.stringify(key),
          position,
        ]),
      ),
      registry: this.#compile(definitions),
      versionstamp: before.versionstamp,
    };
  }

  #compile(definitions: Definitions): Registry {
    const { schemas, resourceTypes, uniqueGroupNames, incomplete } =
      definitions;
    if (schemas.length + resourceTypes.length + incomplete.length > 0) {
      return new Registry(definitions);
    }
    const shared = this.#builtIn.get(uniqueGroupNames) ??
      new Registry({ ...NO_DEFINITIONS, uniqueGroupNames });
    this.#builtIn.set(uniqueGroupNames, shared);
    return shared;
  }
}

function leavingJobId(tenant: string): string {
  return `leaving.${tenant}`;
}

/**
 * Encodes something that holds a definition.
 *
 * @throws {ScimError} 413 when it is larger than what the store keeps
 */
export function encodeDefinition(value: unknown): Uint8Array {
  const bytes = encode(value);
  if (fits(bytes)) return bytes;
  throw new ScimError(
    413,
    undefined,
    "The definition is larger than 64 KiB when it is stored; shorten its " +
      "descriptions, or make two schemas of it",
  );
}

/** What is stored of definitions but for their places, by the text of the key. */
function entriesOf(
  tenant: string,
  { schemas, resourceTypes }: Definitions,
): Map<string, { key: Deno.KvKey; value: object }> {
  const entries = [
    ...schemas.map((schema) => ({
      key: schemaKey(tenant, schema.definition.id),
      value: schema,
    })),
    ...resourceTypes.map((definition) => ({
      key: resourceTypeKey(tenant, definition.name),
      value: { definition },
    })),
  ];
  return new Map(entries.map((entry) => [JSON.stringify(entry.key), entry]));
}

function inOrder<T extends { readonly position: number }>(items: T[]): T[] {
  return items.sort((a, b) => a.position - b.position);
}
