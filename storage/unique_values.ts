/**
 * Enters the values of an attribute as unique ones over the resources that are
 * there, or takes them out, when the attribute becomes unique or is so no longer.
 * @module
 */

import { attributeOf, withoutUniqueness } from "../domain/definitions.ts";
import { indexText, valuesOf } from "../domain/indexing.ts";
import type { Attribute } from "../domain/schema/attribute.ts";
import { isUnique, type ResourceType } from "../domain/schema/compile.ts";
import { Change } from "./change.ts";
import { retrying } from "./concurrency.ts";
import {
  resourceKey,
  resourcePrefix,
  settingsKey,
  uniqueKey,
  uniquePrefix,
} from "./keys.ts";
import { decodeRecord } from "./records.ts";
import type { Registries, TenantRegistry } from "./registries.ts";
import type { Store } from "./store.ts";

/** Resources that share a value, so that it cannot be made unique. */
export interface DuplicateValue {
  /** The name of their resource type. */
  readonly resourceType: string;
  /** The value in comparable form. */
  readonly value: string;
  readonly ids: readonly string[];
}

/** How many values one commit enters: each takes two of its ten checks. */
const VALUES_PER_COMMIT = 4;

/** How many keys one commit takes out. */
const KEYS_PER_COMMIT = 100;

/** How many duplicates are told. */
const MAX_DUPLICATES = 100;

/** Stands for an owner that is not known because the rules have changed. */
const OUT_OF_DATE = "";

/** A value of one resource. */
interface Value {
  readonly text: string;
  readonly id: string;
  /** Of the resource's record. */
  readonly versionstamp: string;
}

/** A value that is to belong to a resource. */
interface Claim extends Value {
  readonly key: Deno.KvKey;
  /** The key of the resource. */
  readonly record: Deno.KvKey;
}

/** Brings unique keys in line with what is in force. */
export class UniqueValues {
  readonly #store: Store;
  readonly #registries: Registries;

  constructor(store: Store, registries: Registries) {
    this.#store = store;
    this.#registries = registries;
  }

  /**
   * The values of an attribute that several resources share.
   *
   * @param name of the attribute, with the URI of its schema
   */
  async duplicates(
    tenant: string,
    { registry }: TenantRegistry,
    name: string,
  ): Promise<DuplicateValue[]> {
    const found: DuplicateValue[] = [];
    for (const type of registry.resourceTypes) {
      const attribute = attributeOf(type, name);
      if (attribute === undefined) continue;
      const owners = new Map<string, string[]>();
      for await (const values of this.#values(tenant, type, attribute)) {
        for (const { text, id } of values) {
          const ids = owners.get(text);
          if (ids === undefined) owners.set(text, [id]);
          else ids.push(id);
        }
      }
      for (const [value, ids] of owners) {
        if (ids.length < 2 || found.length >= MAX_DUPLICATES) continue;
        found.push({ resourceType: type.name, value, ids });
      }
    }
    return found;
  }

  /**
   * Brings the keys of an attribute in line with what is in force: all values
   * are entered, or none is left. Can be repeated, and run by several at once.
   *
   * @param name of the attribute, with the URI of its schema
   * @returns values that resources share after all, because they were written
   * before the attribute became unique; then it is not made unique
   */
  async settle(tenant: string, name: string): Promise<DuplicateValue[]> {
    return await retrying(async () => {
      const current = await this.#registries.current(tenant);
      const duplicates: DuplicateValue[] = [];
      for (const type of current.registry.resourceTypes) {
        const attribute = attributeOf(type, name);
        if (attribute === undefined) continue;
        const found = isUnique(attribute)
          ? await this.#enter(tenant, current, type, attribute)
          : await this.#forget(tenant, current, type, attribute);
        if (found === undefined) return undefined;
        duplicates.push(...found);
      }
      const { definitions } = current;
      if (duplicates.length === 0 && !definitions.incomplete.includes(name)) {
        return duplicates;
      }
      const change = this.#registries.write(new Change(), tenant, current, {
        ...(duplicates.length === 0
          ? definitions
          : withoutUniqueness(definitions, name)),
        incomplete: definitions.incomplete.filter((other) => other !== name),
      });
      if (await this.#store.commit(change) === undefined) return undefined;
      if (duplicates.length > 0) await this.settle(tenant, name);
      return duplicates;
    });
  }

  /**
   * Enters all values that nobody has entered.
   *
   * @returns the values that belong to others; undefined when what is in force
   * has changed meanwhile
   */
  async #enter(
    tenant: string,
    current: TenantRegistry,
    type: ResourceType,
    attribute: Attribute,
  ): Promise<DuplicateValue[] | undefined> {
    const duplicates: DuplicateValue[] = [];
    for await (const values of this.#values(tenant, type, attribute)) {
      const claims = values.map((value) => ({
        ...value,
        key: uniqueKey(tenant, type.name, attribute.path, value.text),
        record: resourceKey(tenant, type.name, value.id),
      }));
      const owners = await this.#store.getMany(claims.map(({ key }) => key));
      const open = claims.filter(({ id }, index) =>
        owners[index]?.value !== id
      );
      for (let i = 0; i < open.length; i += VALUES_PER_COMMIT) {
        const some = open.slice(i, i + VALUES_PER_COMMIT);
        if (await this.#commit(tenant, current, some)) continue;
        for (const claim of some) {
          const owner = await this.#enterOne(tenant, current, claim);
          if (owner === undefined) return undefined;
          if (owner === claim.id || duplicates.length >= MAX_DUPLICATES) {
            continue;
          }
          const ids = [owner, claim.id];
          duplicates.push({ resourceType: type.name, value: claim.text, ids });
        }
      }
    }
    return duplicates;
  }

  /** @returns who has the value then; undefined when it is out of date */
  async #enterOne(
    tenant: string,
    current: TenantRegistry,
    claim: Claim,
  ): Promise<string | undefined> {
    const owner = await retrying(async () => {
      if (await this.#commit(tenant, current, [claim])) return claim.id;
      const [settings, record, unique] = await this.#store.getMany([
        settingsKey(tenant),
        claim.record,
        claim.key,
      ]);
      if (settings?.versionstamp !== current.versionstamp) return OUT_OF_DATE;
      // A resource that has changed has entered its value by itself.
      if (record?.versionstamp !== claim.versionstamp) return claim.id;
      return unique === undefined || unique.versionstamp === null
        ? undefined
        : String(unique.value);
    });
    return owner === OUT_OF_DATE ? undefined : owner;
  }

  async #commit(
    tenant: string,
    current: TenantRegistry,
    claims: readonly Claim[],
  ): Promise<boolean> {
    const change = this.#checked(tenant, current);
    for (const { key, record, id, versionstamp } of claims) {
      change.check(key, null).check(record, versionstamp).set(key, id);
    }
    return await this.#store.commit(change) !== undefined;
  }

  /** Takes all values out; undefined when what is in force has changed meanwhile. */
  async #forget(
    tenant: string,
    current: TenantRegistry,
    type: ResourceType,
    attribute: Attribute,
  ): Promise<DuplicateValue[] | undefined> {
    const prefix = uniquePrefix(tenant, type.name, attribute.path);
    for await (const batch of this.#store.batches({ prefix })) {
      for (let i = 0; i < batch.length; i += KEYS_PER_COMMIT) {
        const change = this.#checked(tenant, current);
        for (const { key } of batch.slice(i, i + KEYS_PER_COMMIT)) {
          change.delete(key);
        }
        if (await this.#store.commit(change) === undefined) return undefined;
      }
    }
    return [];
  }

  #checked(tenant: string, { versionstamp }: TenantRegistry): Change {
    return new Change().check(settingsKey(tenant), versionstamp);
  }

  /** The values of an attribute over all resources of a type. */
  async *#values(
    tenant: string,
    type: ResourceType,
    attribute: Attribute,
  ): AsyncGenerator<Value[]> {
    const prefix = resourcePrefix(tenant, type.name);
    for await (const batch of this.#store.batches({ prefix })) {
      yield batch.flatMap((entry) => {
        const record = decodeRecord(entry);
        if (record === undefined) return [];
        return valuesOf(attribute, record.attributes)
          .map((value) => indexText(attribute, value))
          .filter((text) => text !== "")
          .map((text) => ({
            text,
            id: record.id,
            versionstamp: record.versionstamp,
          }));
      });
    }
  }
}
