/**
 * Changes what an operator has added: schemas, resource types, and whether group
 * names are unique. What resources use is not taken away from them, and what
 * becomes unique is so for the resources that are there.
 * @module
 */

import {
  addResourceType,
  addSchema,
  attributeOf,
  compareSchemas,
  findSchema,
  removeResourceType,
  removeSchema,
  replaceSchema,
} from "../domain/definitions.ts";
import { ScimError } from "../domain/errors.ts";
import { isJsonObject, own } from "../domain/json.ts";
import {
  type CustomSchema,
  type Definitions,
  GROUP_NAMES,
} from "../domain/registry.ts";
import { valuesOf } from "../domain/indexing.ts";

import type { ResourceType } from "../domain/schema/compile.ts";
import type {
  ResourceTypeDefinition,
  SchemaDefinition,
} from "../domain/schema/definition.ts";
import { Change } from "./change.ts";
import { KeyedLock, retrying } from "./concurrency.ts";
import { addJob } from "./jobs.ts";
import { jobKey, resourcePrefix } from "./keys.ts";
import { decodeRecord, type ResourceRecord } from "./records.ts";
import type { Registries, TenantRegistry } from "./registries.ts";
import type { Store } from "./store.ts";
import type { DuplicateValue, UniqueValues } from "./unique_values.ts";

/** Refuses a change because of what resources hold. */
export class InUseError extends ScimError {
  /** Values that several resources share. */
  readonly duplicates: readonly DuplicateValue[];

  /** @param duplicates values that several resources share */
  constructor(detail: string, duplicates: readonly DuplicateValue[] = []) {
    super(409, undefined, detail);
    this.duplicates = duplicates;
  }
}

/** A step from one set of definitions to another. */
interface Step {
  readonly definitions: Definitions;
  /** Throws when resources use what goes away. */
  readonly check?: (registry: TenantRegistry) => Promise<void>;
  /** The attribute whose uniqueness changes, with the URI of its schema. */
  readonly settle?: { readonly name: string; readonly unique: boolean };
}

/** Keeps what operators add. */
export class DefinitionRepository {
  readonly #store: Store;
  readonly #registries: Registries;
  readonly #uniqueValues: UniqueValues;
  readonly #locks = new KeyedLock();

  constructor(
    store: Store,
    registries: Registries,
    uniqueValues: UniqueValues,
  ) {
    this.#store = store;
    this.#registries = registries;
    this.#uniqueValues = uniqueValues;
  }

  /** @throws {ScimError} 400, 409; see domain/definitions.ts */
  async addSchema(tenant: string, schema: CustomSchema): Promise<void> {
    await this.#change(tenant, ({ definitions }) => ({
      definitions: addSchema(definitions, schema),
    }));
  }

  /**
   * Changes the attributes of a schema. Attributes that no resource has a value
   * of can go or become others; one attribute at a time can become unique.
   *
   * @throws {ScimError} 400, 404; 409 when resources have values that would be
   * lost, or share values that are to be unique
   */
  async replaceSchema(
    tenant: string,
    schema: SchemaDefinition,
  ): Promise<void> {
    await this.#change(tenant, ({ definitions }) => {
      const before = findSchema(definitions, schema.id).definition;
      const nameOf = (path: string) => `${before.id}:${path}`;
      const { abandoned, unique, repeatable } = compareSchemas(before, schema);
      const [path, ...others] = [...unique, ...repeatable];
      if (others.length > 0) {
        throw new InUseError(
          `The uniqueness of ${path} and ${others.join(", ")} would change; ` +
            "change that of one attribute at a time",
        );
      }
      return {
        definitions: replaceSchema(definitions, schema),
        check: async (current) => {
          for (const path of abandoned) {
            await this.#refuseValues(tenant, current, nameOf(path));
          }
        },
        ...(path === undefined ? {} : {
          settle: { name: nameOf(path), unique: unique.includes(path) },
        }),
      };
    });
  }

  /**
   * Takes a schema out.
   *
   * @throws {ScimError} 404; 409 when a resource type names it or a resource has
   * its attributes
   */
  async removeSchema(tenant: string, id: string): Promise<void> {
    await this.#change(tenant, ({ definitions }) => ({
      definitions: removeSchema(definitions, id),
      check: async ({ registry }) => {
        const uri = registry.schema(id)?.id ?? id;
        for (const type of registry.resourceTypes) {
          if (!type.extensions.has(uri.toLowerCase())) continue;
          await this.#refuse(
            tenant,
            type,
            ({ attributes }) => isJsonObject(own(attributes, uri)),
            `attributes of the schema "${uri}"`,
          );
        }
      },
    }));
  }

  /** @throws {ScimError} 400, 409; see domain/definitions.ts */
  async addResourceType(
    tenant: string,
    type: ResourceTypeDefinition,
  ): Promise<void> {
    await this.#change(tenant, ({ definitions }) => ({
      definitions: addResourceType(definitions, type),
    }));
  }

  /**
   * Takes a resource type out.
   *
   * @throws {ScimError} 404; 409 when a schema extends it or there are resources
   */
  async removeResourceType(tenant: string, name: string): Promise<void> {
    await this.#change(tenant, ({ definitions }) => ({
      definitions: removeResourceType(definitions, name),
      check: async ({ registry }) => {
        const type = registry.byName(name);
        if (type === undefined) return;
        await this.#refuse(tenant, type, () => true, "that resource type");
      },
    }));
  }

  /**
   * Makes group names unique or lets them repeat.
   *
   * @throws {InUseError} when groups share names; then nothing has changed
   */
  async setUniqueGroupNames(tenant: string, unique: boolean): Promise<void> {
    await this.#change(tenant, ({ definitions }) => ({
      definitions: { ...definitions, uniqueGroupNames: unique },
      ...(definitions.uniqueGroupNames === unique
        ? {}
        : { settle: { name: GROUP_NAMES, unique } }),
    }));
  }

  /**
   * Takes a step. From its commit on all writers follow the new rules, since they
   * check what they have seen; what was written just before is looked at again.
   */
  async #change(
    tenant: string,
    decide: (current: TenantRegistry) => Step,
  ): Promise<void> {
    await this.#locks.run(tenant, async () => {
      const { before, step } = await retrying(async () => {
        const before = await this.#registries.current(tenant);
        const step = decide(before);
        await step.check?.(before);
        const { settle } = step;
        if (settle?.unique === true) {
          await this.#refuseDuplicates(tenant, before, settle.name);
        }
        const change = this.#registries.write(
          new Change(),
          tenant,
          before,
          settle === undefined ? step.definitions : {
            ...step.definitions,
            incomplete: [...step.definitions.incomplete, settle.name],
          },
        );
        if (settle !== undefined) {
          // Anybody may help with it at any time, so that it needs no lease.
          addJob(change, {
            id: jobId(tenant, settle.name),
            kind: "settleUnique",
            tenant,
            attribute: settle.name,
            notBefore: 0,
          });
        }
        return await this.#store.commit(change) === undefined
          ? undefined
          : { before, step };
      });
      try {
        await this.#checkAgain(tenant, before, step);
      } finally {
        if (step.settle !== undefined) {
          await this.#settle(tenant, step.settle.name);
        }
      }
    });
  }

  /** Undoes a step when resources have begun to use what it takes away. */
  async #checkAgain(
    tenant: string,
    before: TenantRegistry,
    { check }: Step,
  ): Promise<void> {
    try {
      await check?.(before);
    } catch (error) {
      await retrying(async () => {
        const now = await this.#registries.current(tenant);
        const { definitions } = before;
        const undo = this.#registries.write(new Change(), tenant, now, {
          ...definitions,
          incomplete: now.definitions.incomplete,
        });
        return await this.#store.commit(undo);
      });
      throw error;
    }
  }

  async #settle(tenant: string, name: string): Promise<void> {
    const duplicates = await this.#uniqueValues.settle(tenant, name);
    await this.#store.write(new Change().delete(jobKey(jobId(tenant, name))));
    if (duplicates.length > 0) throw notUnique(name, duplicates);
  }

  async #refuseDuplicates(
    tenant: string,
    current: TenantRegistry,
    name: string,
  ): Promise<void> {
    const duplicates = await this.#uniqueValues.duplicates(
      tenant,
      current,
      name,
    );
    if (duplicates.length > 0) throw notUnique(name, duplicates);
  }

  /** @throws {InUseError} when a resource has a value of an attribute */
  async #refuseValues(
    tenant: string,
    { registry }: TenantRegistry,
    name: string,
  ): Promise<void> {
    for (const type of registry.resourceTypes) {
      const attribute = attributeOf(type, name);
      if (attribute === undefined) continue;
      await this.#refuse(
        tenant,
        type,
        ({ attributes }) => valuesOf(attribute, attributes).length > 0,
        `a value of "${name}"`,
      );
    }
  }

  /** @throws {InUseError} when a resource of a type is one that matters */
  async #refuse(
    tenant: string,
    { name }: ResourceType,
    matters: (record: ResourceRecord) => boolean,
    what: string,
  ): Promise<void> {
    const prefix = resourcePrefix(tenant, name);
    for await (const batch of this.#store.batches({ prefix })) {
      const user = batch.map(decodeRecord).find((record) =>
        record !== undefined && matters(record)
      );
      if (user === undefined) continue;
      throw new InUseError(
        `Resources have ${what}, ${name} "${user.id}" among them; that can ` +
          "go, or become another, while none has",
      );
    }
  }
}

function jobId(tenant: string, attribute: string): string {
  return `unique.${tenant}.${attribute}`;
}

function notUnique(
  name: string,
  duplicates: readonly DuplicateValue[],
): InUseError {
  return new InUseError(
    `The values of "${name}" cannot be made unique: some resources share one; ` +
      "change or delete them first",
    duplicates,
  );
}
