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
  findResourceType,
  findSchema,
  removeResourceType,
  removeSchema,
  replaceSchema,
  setUniqueGroupNames,
  withUniqueness,
} from "../domain/definitions.ts";
import { ScimError } from "../domain/errors.ts";
import {
  type CustomSchema,
  type Definitions,
  GROUP_NAMES,
} from "../domain/registry.ts";
import { isUnique } from "../domain/schema/compile.ts";
import type {
  ResourceTypeDefinition,
  SchemaDefinition,
} from "../domain/schema/definition.ts";
import { Change } from "./change.ts";
import { KeyedLock, retrying } from "./concurrency.ts";
import { addJob, JOB_LEASE } from "./jobs.ts";
import { resourcePrefix } from "./keys.ts";
import { inMotion, type Leaving, useOf } from "./leaving.ts";
import { decodeRecord } from "./records.ts";
import {
  encodeDefinition,
  type Registries,
  type TenantRegistry,
} from "./registries.ts";
import type { Store } from "./store.ts";
import {
  type DuplicateValue,
  settleJob,
  type UniqueValues,
} from "./unique_values.ts";

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
  /** What goes away, which no resource may use. */
  readonly leaving?: readonly Leaving[];
  /** The attribute whose uniqueness changes. */
  readonly settle?: {
    /** With the URI of its schema. */
    readonly name: string;
    readonly unique: boolean;
    /** The schema that is in force when all values are entered. */
    readonly next?: SchemaDefinition;
  };
}

/** Keeps what operators add. */
export class DefinitionRepository {
  readonly #store: Store;
  readonly #registries: Registries;
  readonly #uniqueValues: UniqueValues;
  readonly #clock: () => Date;
  readonly #locks = new KeyedLock();

  constructor(
    store: Store,
    registries: Registries,
    uniqueValues: UniqueValues,
    clock: () => Date,
  ) {
    this.#store = store;
    this.#registries = registries;
    this.#uniqueValues = uniqueValues;
    this.#clock = clock;
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
   * lost, or share values that are to be unique; then nothing has changed
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
        leaving: abandoned.map((path) => ({
          kind: "attribute",
          name: nameOf(path),
        })),
        ...(path === undefined ? {} : {
          settle: {
            name: nameOf(path),
            unique: unique.includes(path),
            next: schema,
          },
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
      leaving: [{
        kind: "schema",
        uri: findSchema(definitions, id).definition.id,
      }],
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
      leaving: [{
        kind: "resourceType",
        name: findResourceType(definitions, name).name,
      }],
    }));
  }

  /**
   * Makes group names unique or lets them repeat.
   *
   * @throws {ScimError} 400; 409 when groups share names; then nothing has
   * changed
   */
  async setUniqueGroupNames(tenant: string, unique: boolean): Promise<void> {
    await this.#change(tenant, ({ definitions }) => ({
      definitions: setUniqueGroupNames(definitions, unique),
      ...(definitions.uniqueGroupNames === unique
        ? {}
        : { settle: { name: GROUP_NAMES, unique } }),
    }));
  }

  /**
   * Takes a step. From its commit on all writers follow the new rules, since they
   * check what they have seen.
   */
  async #change(
    tenant: string,
    decide: (current: TenantRegistry) => Step,
  ): Promise<void> {
    await this.#locks.run(tenant, async () => {
      const { settle } = await retrying(async () => {
        const before = await this.#atRest(tenant);
        const step = decide(before);
        const { leaving = [] } = step;
        if (step.definitions === before.definitions) return step;
        if (!isUsable(before, leaving)) {
          return await this.#take(tenant, before, step) ? step : undefined;
        }
        const until = this.#clock().getTime() + JOB_LEASE;
        const current = await this.#registries.announce(
          tenant,
          before,
          leaving,
          until,
        );
        if (current === undefined) return undefined;
        let isTaken = false;
        try {
          await this.#refuseUses(tenant, current);
          isTaken = await this.#take(tenant, current, step);
        } finally {
          if (!isTaken) await this.#registries.keepLeaving(tenant);
        }
        return isTaken ? step : undefined;
      });
      if (settle !== undefined) await this.#settle(tenant, settle);
    });
  }

  /**
   * What is in force, when all that was begun has come to its end.
   *
   * @throws {ScimError} 503 when another process is taking a step
   */
  async #atRest(tenant: string): Promise<TenantRegistry> {
    const { definitions } = await this.#registries.current(tenant);
    for (const name of definitions.incomplete) {
      await this.#uniqueValues.settle(tenant, name);
    }
    const current = await this.#registries.current(tenant);
    if (current.leaving.length > 0) throw inMotion();
    return current;
  }

  /** Commits a step; false when somebody else was faster. */
  async #take(
    tenant: string,
    current: TenantRegistry,
    { definitions, settle }: Step,
  ): Promise<boolean> {
    const change = new Change();
    if (settle === undefined) {
      this.#registries.write(change, tenant, current, definitions);
      return await this.#store.commit(change) !== undefined;
    }
    const { name, unique, next } = settle;
    const incomplete = [name];
    if (!unique) {
      const after = { ...definitions, incomplete };
      this.#registries.write(change, tenant, current, after);
      addJob(change, settleJob(tenant, name));
      return await this.#store.commit(change) !== undefined;
    }
    await this.#refuseDuplicates(tenant, current, name);
    // All else waits until the values are entered, so that nothing has changed
    // when some of them turn out to be shared.
    const after = {
      ...withUniqueness(current.definitions, name, "server"),
      incomplete,
    };
    this.#registries.write(change, tenant, current, after, current.leaving);
    const job = settleJob(tenant, name, next);
    encodeDefinition(job);
    addJob(change, job);
    return await this.#store.commit(change) !== undefined;
  }

  async #settle(
    tenant: string,
    { name, unique }: NonNullable<Step["settle"]>,
  ): Promise<void> {
    const duplicates = await this.#uniqueValues.settle(tenant, name);
    if (duplicates.length > 0) throw notUnique(name, duplicates);
    if (!unique) return;
    // Another process may have found duplicates.
    const current = await this.#registries.current(tenant);
    const isInForce = current.registry.resourceTypes.every((type) => {
      const attribute = attributeOf(type, name);
      return attribute === undefined || isUnique(attribute);
    });
    if (isInForce) return;
    await this.#refuseDuplicates(tenant, current, name);
    throw notUnique(name, []);
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

  /** @throws {InUseError} when a resource uses what is about to go */
  async #refuseUses(
    tenant: string,
    { registry, leaving }: TenantRegistry,
  ): Promise<void> {
    for (const type of registry.resourceTypes) {
      const uses = leaving.flatMap((item) => {
        const isUsed = useOf(item, type);
        return isUsed === undefined ? [] : [{ item, isUsed }];
      });
      if (uses.length === 0) continue;
      const prefix = resourcePrefix(tenant, type.name);
      for await (const batch of this.#store.batches({ prefix })) {
        for (const entry of batch) {
          const record = decodeRecord(entry);
          const used = record &&
            uses.find(({ isUsed }) => isUsed(record.attributes));
          if (record === undefined || used === undefined) continue;
          throw new InUseError(
            `Resources have ${
              described(used.item)
            }, ${type.name} "${record.id}" ` +
              "among them; that can go, or become another, while none has",
          );
        }
      }
    }
  }
}

/** Whether there is a type whose resources can use something. */
function isUsable(
  { registry }: TenantRegistry,
  leaving: readonly Leaving[],
): boolean {
  return registry.resourceTypes.some((type) =>
    leaving.some((item) => useOf(item, type) !== undefined)
  );
}

function described(item: Leaving): string {
  switch (item.kind) {
    case "resourceType":
      return "that resource type";
    case "schema":
      return `attributes of the schema "${item.uri}"`;
    case "attribute":
      return `a value of "${item.name}"`;
  }
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
