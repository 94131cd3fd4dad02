/**
 * Makes what the program derives from the resources and members of a tenant:
 * unique values, indexes, counters, and memberships seen from the members.
 * @module
 */

import { indexEntries } from "../../domain/indexing.ts";
import type { Registry } from "../../domain/registry.ts";
import { hasUniqueKey, isUnique } from "../../domain/schema/compile.ts";
import { bucketKey } from "../counters.ts";
import {
  allMembershipVersionsPrefix,
  allMembersPrefix,
  allResourcesPrefix,
  indexKey,
  memberKey,
  memberOfKey,
  membershipModifiedKey,
  membershipVersionKey,
  nestedKey,
  resourceKey,
  uniqueKey,
  uniquePrefix,
} from "../keys.ts";
import { decodeRecord, type ResourceRecord } from "../records.ts";
import { Registries } from "../registries.ts";
import type { Entry, Store } from "../store.ts";
import { Batch } from "./batch.ts";
import { ExportError } from "./format.ts";

/** How many resources and memberships a tenant has. */
export interface TenantCounts {
  /** By the names of their types. */
  readonly resources: ReadonlyMap<string, number>;
  readonly memberships: number;
}

/**
 * Makes all of it. Nothing of it may be there.
 *
 * @throws {ExportError} when resources share a value that must be unique, or are
 * of a type that the tenant does not have
 */
export async function rebuild(
  store: Store,
  tenant: string,
): Promise<TenantCounts> {
  const { registry } = await new Registries(store).current(tenant);
  const rebuilding = new Rebuilding(store, tenant, registry);
  const resources = await rebuilding.indexes();
  return { resources, memberships: await rebuilding.memberships() };
}

class Rebuilding {
  readonly #store: Store;
  readonly #tenant: string;
  readonly #registry: Registry;
  readonly #batch: Batch;

  constructor(store: Store, tenant: string, registry: Registry) {
    this.#store = store;
    this.#tenant = tenant;
    this.#registry = registry;
    this.#batch = new Batch(store);
  }

  /** @returns how many resources there are of each type */
  async indexes(): Promise<Map<string, number>> {
    const totals = new Map<string, number>();
    const buckets = new Map<string, { key: Deno.KvKey; count: number }>();
    const unique = new Map<string, number>();
    for await (const { type, record } of this.#resources()) {
      totals.set(type.name, (totals.get(type.name) ?? 0) + 1);
      const key = bucketKey(this.#tenant, type.name, record.id);
      const bucket = buckets.get(key.join(" ")) ?? { key, count: 0 };
      bucket.count++;
      buckets.set(key.join(" "), bucket);
      const { id, attributes } = record;
      for (const { attribute, text } of indexEntries(type, attributes)) {
        const names = [this.#tenant, type.name, attribute.path, text] as const;
        if (isUnique(attribute)) {
          await this.#batch.set(uniqueKey(...names), id);
          // Two resources may share a value of one that is being entered.
          if (!type.incomplete.has(attribute)) {
            const kind = JSON.stringify([type.name, attribute.path]);
            unique.set(kind, (unique.get(kind) ?? 0) + 1);
          }
        }
        if (!hasUniqueKey(type, attribute)) {
          await this.#batch.set(indexKey(...names, id), 0);
        }
      }
    }
    for (const { key, count } of buckets.values()) {
      await this.#batch.set(key, new Deno.KvU64(BigInt(count)));
    }
    await this.#batch.flush();
    for (const [kind, count] of unique) await this.#checkUnique(kind, count);
    return totals;
  }

  /** @returns how many memberships there are */
  async memberships(): Promise<number> {
    let count = 0;
    const prefix = allMembersPrefix(this.#tenant);
    for await (const edges of this.#store.batches({ prefix })) {
      count += await this.#edges(edges);
    }
    await this.#forgetVersions();
    await this.#batch.flush();
    return count;
  }

  async *#resources() {
    const prefix = allResourcesPrefix(this.#tenant);
    for await (const entries of this.#store.batches({ prefix })) {
      for (const entry of entries) {
        const name = String(entry.key[3]);
        const type = this.#registry.byName(name);
        const record = decodeRecord(entry);
        if (record === undefined) continue;
        if (type?.name !== name) {
          throw new ExportError(
            `The resource ${record.id} is of the type ${name}, which the ` +
              `tenant ${this.#tenant} does not have`,
          );
        }
        yield { type, record };
      }
    }
  }

  /** A value that two resources have has one key only. */
  async #checkUnique(kind: string, count: number): Promise<void> {
    const [name, path]: string[] = JSON.parse(kind);
    if (name === undefined || path === undefined) return;
    let keys = 0;
    const prefix = uniquePrefix(this.#tenant, name, path);
    for await (const entries of this.#store.batches({ prefix })) {
      keys += entries.length;
    }
    if (keys === count) return;
    for await (const { type, record } of this.#resources()) {
      if (type.name !== name) continue;
      await this.#refuseOther(type.name, path, record);
    }
    throw new ExportError(`The values of ${path} of ${name} are not unique`);
  }

  async #refuseOther(
    name: string,
    path: string,
    { id, attributes }: ResourceRecord,
  ): Promise<void> {
    const type = this.#registry.byName(name);
    if (type === undefined) return;
    for (const { attribute, text } of indexEntries(type, attributes)) {
      if (attribute.path !== path) continue;
      const key = uniqueKey(this.#tenant, name, path, text);
      const { value } = await this.#store.get(key);
      if (value === id) continue;
      throw new ExportError(
        `${name} "${id}" and ${name} "${value}" of the tenant ` +
          `${this.#tenant} have the same ${path}, which must be unique`,
      );
    }
  }

  /** Writes edges upwards, and takes away those with an end that is not there. */
  async #edges(edges: readonly Entry[]): Promise<number> {
    const members = await this.#types(
      edges.map(({ key, value }) => ({
        id: String(key.at(-1)),
        type: String(value),
      })),
      this.#registry.resourceTypes.map(({ name }) => name),
    );
    const groups = await this.#types(
      [...new Set(edges.map(({ key }) => String(key[3])))]
        .map((id) => ({ id, type: "" })),
      this.#registry.withMembers.map(({ name }) => name),
    );
    let count = 0;
    for (const { key, value } of edges) {
      const [group, generation, member] = key.slice(3).map(String);
      if (!group || !generation || !member) continue;
      const [up, down] = [groups.get(group), members.get(member)];
      if (up === undefined || down === undefined) {
        await this.#batch.delete(key);
        continue;
      }
      count++;
      const tenant = this.#tenant;
      if (down !== value) {
        await this.#batch.set(
          memberKey(tenant, group, generation, member),
          down,
        );
      }
      await this.#batch.set(memberOfKey(tenant, member, group, generation), up);
      if (this.#registry.byName(down)?.members !== undefined) {
        await this.#batch.set(nestedKey(tenant), true);
      }
    }
    return count;
  }

  /** The types of resources, as far as they exist. A type that is known is tried first. */
  async #types(
    places: readonly { readonly id: string; readonly type: string }[],
    names: readonly string[],
  ): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    const look = async (tried: typeof places) => {
      const entries = await this.#store.getMany(
        tried.map(({ type, id }) => resourceKey(this.#tenant, type, id)),
      );
      tried.forEach(({ id, type }, index) => {
        if ((entries[index]?.versionstamp ?? null) !== null) {
          found.set(id, type);
        }
      });
    };
    await look(places.filter(({ type }) => type !== ""));
    for (const type of names) {
      const left = places.filter(({ id }) => !found.has(id));
      if (left.length === 0) break;
      await look(left.map(({ id }) => ({ id, type })));
    }
    return found;
  }

  /** Forgets how often the members of groups have changed that are not there. */
  async #forgetVersions(): Promise<void> {
    const tenant = this.#tenant;
    const prefix = allMembershipVersionsPrefix(tenant);
    for await (const entries of this.#store.batches({ prefix })) {
      const ids = entries.map(({ key }) => String(key.at(-1)));
      const groups = await this.#types(
        ids.map((id) => ({ id, type: "" })),
        this.#registry.withMembers.map(({ name }) => name),
      );
      for (const id of ids) {
        if (groups.has(id)) continue;
        await this.#batch.delete(membershipVersionKey(tenant, id));
        await this.#batch.delete(membershipModifiedKey(tenant, id));
      }
    }
  }
}
