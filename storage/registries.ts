/**
 * The schemas and resource types in force for each tenant: those that are built
 * in, and those that its operator has added.
 * @module
 */

import { z } from "zod";
import { ScimError } from "../domain/errors.ts";
import {
  type CustomSchema,
  type Definitions,
  NO_DEFINITIONS,
  Registry,
} from "../domain/registry.ts";
import type { ResourceTypeDefinition } from "../domain/schema/definition.ts";
import { storedResourceType, storedSchema } from "../domain/schema/read.ts";
import type { Change } from "./change.ts";
import { decode, encode, fits } from "./codec.ts";
import { retrying } from "./concurrency.ts";
import {
  resourceTypeKey,
  resourceTypePrefix,
  schemaKey,
  schemaPrefix,
  settingsKey,
} from "./keys.ts";
import type { Store } from "./store.ts";
import {
  decodeSettings,
  DEFAULT_SETTINGS,
  type SettingsRecord,
  type TenantSettings,
  writeSettings,
} from "./tenant_settings.ts";

/** What is in force for a tenant at one moment. */
export interface TenantRegistry {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly settings: TenantSettings;
  /** Of the settings' record; a commit that checks it has seen all of this. */
  readonly versionstamp: string | null;
}

/** How many tenants are kept in memory. */
const MAX_CACHED = 1_000;

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
  readonly #cache = new Map<string, TenantRegistry>();
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
    const entry = await this.#store.get(settingsKey(tenant));
    const cached = this.#cache.get(tenant);
    if (
      cached !== undefined && cached.versionstamp === entry.versionstamp
    ) return cached;
    const current = entry.versionstamp === null
      ? this.#untouched()
      : await retrying(() => this.#read(tenant));
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    this.#cache.set(tenant, current);
    return current;
  }

  /**
   * Adds the step from one set of definitions to the next to a commit, which
   * fails when somebody else was faster.
   *
   * @throws {ScimError} 413 when a definition is larger than what the store keeps
   */
  write(
    change: Change,
    tenant: string,
    before: TenantRegistry,
    after: Definitions,
  ): Change {
    change.check(settingsKey(tenant), before.versionstamp);
    const old = entriesOf(tenant, before.definitions);
    const now = entriesOf(tenant, after);
    for (const [id, { key }] of old) if (!now.has(id)) change.delete(key);
    for (const [id, { key, value }] of now) {
      if (JSON.stringify(old.get(id)?.value) === JSON.stringify(value)) {
        continue;
      }
      const bytes = encode(value);
      if (!fits(bytes)) {
        throw new ScimError(
          413,
          undefined,
          "The definition is larger than 64 KiB when it is stored; shorten its " +
            "descriptions, or make two schemas of it",
        );
      }
      change.set(key, bytes);
    }
    const record: SettingsRecord = {
      settings: {
        ...before.settings,
        uniqueGroupNames: after.uniqueGroupNames,
      },
      incomplete: after.incomplete,
    };
    return writeSettings(change, tenant, record);
  }

  /** What is in force for a tenant that has decided and added nothing. */
  #untouched(): TenantRegistry {
    return {
      definitions: NO_DEFINITIONS,
      settings: DEFAULT_SETTINGS,
      registry: this.#compile(NO_DEFINITIONS),
      versionstamp: null,
    };
  }

  /** undefined when something changed while it was read. */
  async #read(tenant: string): Promise<TenantRegistry | undefined> {
    const before = await this.#store.get(settingsKey(tenant));
    const { settings, incomplete } = decodeSettings(before);
    const schemas = (await this.#store.listAll({
      prefix: schemaPrefix(tenant),
    })).map(({ value }) => schemaRecord.parse(decode(value)));
    const types = (await this.#store.listAll({
      prefix: resourceTypePrefix(tenant),
    })).map(({ value }) => resourceTypeRecord.parse(decode(value)));
    const after = await this.#store.get(settingsKey(tenant));
    if (before.versionstamp !== after.versionstamp) return undefined;
    const definitions: Definitions = {
      schemas: inOrder(schemas).map(({ position: _, ...schema }) => schema),
      resourceTypes: inOrder(types).map(({ definition }) => definition),
      uniqueGroupNames: settings.uniqueGroupNames,
      incomplete,
    };
    return {
      definitions,
      settings,
      registry: this.#compile(definitions),
      versionstamp: before.versionstamp,
    };
  }

  #compile(definitions: Definitions): Registry {
    const { schemas, resourceTypes, uniqueGroupNames } = definitions;
    if (schemas.length > 0 || resourceTypes.length > 0) {
      return new Registry(definitions);
    }
    const shared = this.#builtIn.get(uniqueGroupNames) ??
      new Registry({ ...NO_DEFINITIONS, uniqueGroupNames });
    this.#builtIn.set(uniqueGroupNames, shared);
    return shared;
  }
}

/** What is stored of definitions, by the text of the key. */
function entriesOf(
  tenant: string,
  { schemas, resourceTypes }: Definitions,
): Map<string, { key: Deno.KvKey; value: unknown }> {
  const entries = [
    ...schemas.map((schema: CustomSchema, position) => ({
      key: schemaKey(tenant, schema.definition.id),
      value: { ...schema, position },
    })),
    ...resourceTypes.map((definition: ResourceTypeDefinition, position) => ({
      key: resourceTypeKey(tenant, definition.name),
      value: { definition, position },
    })),
  ];
  return new Map(entries.map((entry) => [JSON.stringify(entry.key), entry]));
}

function inOrder<T extends { readonly position: number }>(items: T[]): T[] {
  return items.sort((a, b) => a.position - b.position);
}
