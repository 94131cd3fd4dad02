/**
 * Changes what an operator has added: schemas, resource types, and whether group
 * names are unique. What resources use is not taken away from them, and what
 * becomes unique is so for the resources that are there.
 * @module
 */

import {
  addResourceType,
  addSchema,
  findResourceType,
  findSchema,
  removeResourceType,
  removeSchema,
  replaceSchema,
  setUniqueGroupNames,
} from "../domain/definitions.ts";
import { compareSchemas, withUniqueness } from "../domain/schema_change.ts";
import { notFound, ScimError } from "../domain/errors.ts";
import { own } from "../domain/json.ts";
import { clip } from "../domain/text.ts";
import {
  type CustomSchema,
  type Definitions,
  GROUP_NAMES,
} from "../domain/registry.ts";
import {
  attributeOf,
  isUnique,
  type ResourceType,
} from "../domain/schema/compile.ts";
import type {
  AttributeDefinition,
  ResourceTypeDefinition,
  SchemaDefinition,
} from "../domain/schema/definition.ts";
import { Change } from "./change.ts";
import { KeyedLock, retrying } from "./concurrency.ts";
import { addJob, JOB_LEASE } from "./jobs.ts";
import { resourcePrefix, tenantKey } from "./keys.ts";
import {
  breachOf,
  inMotion,
  type Leaving,
  type StricterForm,
  useOf,
} from "./leaving.ts";
import { decodeRecord, type ResourceRecord } from "./records.ts";
import {
  encodeDefinition,
  type Registries,
  type TenantRegistry,
} from "./registries.ts";
import type { Store } from "./store.ts";
import { tenantIsGoing } from "./tenant_settings.ts";
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
    /** Whether resources must have it then; undefined: as before. */
    readonly required?: boolean | undefined;
  };
}

/** How long a change waits for the one before it, in milliseconds. */
const MAX_WAIT = 60_000;

/** Keeps what operators add. */
export class DefinitionRepository {
  readonly #store: Store;
  readonly #registries: Registries;
  readonly #uniqueValues: UniqueValues;
  readonly #clock: () => Date;
  readonly #locks = new KeyedLock(MAX_WAIT);

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

  /**
   * Adds a schema.
   *
   * @throws {ScimError} 400, 409; see domain/definitions.ts. 409 also when it is
   * required of a type that has resources, for none has it
   */
  async addSchema(tenant: string, schema: CustomSchema): Promise<void> {
    await this.#change(tenant, ({ definitions }) => ({
      definitions: addSchema(definitions, schema),
      leaving: schema.required ? [stricter(schema)] : [],
    }));
  }

  /**
   * Changes the attributes of a schema. Attributes that no resource has a value
   * of can go or become others; one attribute at a time can become unique. What
   * resources must have or may not hold any more, all of them comply with.
   *
   * @param required whether resources must have it; undefined: as before
   * @throws {ScimError} 400, 404; 409 when resources have values that would be
   * lost, share values that are to be unique, or do not comply with the new form;
   * then nothing has changed
   */
  async replaceSchema(
    tenant: string,
    schema: SchemaDefinition,
    required?: boolean,
  ): Promise<void> {
    await this.#change(tenant, ({ definitions }) => {
      const found = findSchema(definitions, schema.id);
      const before = found.definition;
      const nameOf = (path: string) => `${before.id}:${path}`;
      const { abandoned, unique, repeatable, tightened } = compareSchemas(
        before,
        schema,
      );
      const next = {
        ...found,
        definition: { ...schema, id: before.id },
        required: required ?? found.required,
      };
      const isStricter = tightened.length > 0 ||
        next.required && !found.required;
      const [path, ...others] = [...unique, ...repeatable];
      if (others.length > 0) {
        throw new InUseError(
          `The uniqueness of ${path} and ${others.join(", ")} would change; ` +
            "change that of one attribute at a time",
        );
      }
      return {
        definitions: replaceSchema(definitions, schema, required),
        leaving: [
          ...abandoned.map((path): Leaving => ({
            kind: "attribute",
            name: nameOf(path),
          })),
          ...(isStricter ? [stricter(next)] : []),
        ],
        ...(path === undefined ? {} : {
          settle: {
            name: nameOf(path),
            unique: unique.includes(path),
            next: schema,
            required,
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
   * Sets how many requests a second each token of a tenant may send.
   *
   * @param requestsPerSecond undefined: as the server is configured
   * @throws {ScimError} 503 when another process is changing the schemas
   */
  async setRequestsPerSecond(
    tenant: string,
    requestsPerSecond: number | undefined,
  ): Promise<void> {
    await this.#locks.run(tenant, () =>
      retrying(async () => {
        const before = await this.#atRest(tenant);
        const { requestsPerSecond: _, ...others } = before.settings;
        const settings = requestsPerSecond === undefined
          ? others
          : { ...others, requestsPerSecond };
        return await this.#store.commit(this.#registries.write(
          new Change(),
          tenant,
          { ...before, settings },
          before.definitions,
        ));
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
          await this.#refuseUses(tenant, current, this.#renewal(tenant, until));
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
   * @throws {ScimError} 409 while the tenant is being deleted; 503 when another
   * process is taking a step
   */
  async #atRest(tenant: string): Promise<TenantRegistry> {
    const { definitions, going } = await this.#registries.current(tenant);
    if (going) throw tenantIsGoing(tenant);
    await this.#refuseGone(tenant);
    for (const name of definitions.incomplete) {
      await this.#uniqueValues.settle(tenant, name);
    }
    const current = await this.#registries.current(tenant);
    const { incomplete } = current.definitions;
    if (current.leaving.length > 0 || incomplete.length > 0) throw inMotion();
    return current;
  }

  /** @throws {ScimError} 404 when the tenant was deleted since it was looked up */
  async #refuseGone(tenant: string): Promise<void> {
    const { versionstamp } = await this.#store.get(tenantKey(tenant));
    if (versionstamp === null) {
      throw notFound(`There is no tenant "${clip(tenant, 80)}"`);
    }
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
    const { name, unique, next, required } = settle;
    const incomplete = [name];
    const createdAt = this.#clock().toISOString();
    if (!unique) {
      const after = { ...definitions, incomplete };
      this.#registries.write(change, tenant, current, after);
      addJob(
        change,
        settleJob(tenant, name, undefined, undefined, createdAt),
      );
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
    const job = settleJob(tenant, name, next, required, createdAt);
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

  /** Keeps an announcement its maker's while it takes its time. */
  #renewal(tenant: string, until: number): () => Promise<void> {
    let end = until;
    return async () => {
      const now = this.#clock().getTime();
      if (end - now > JOB_LEASE / 2) return;
      end = now + JOB_LEASE;
      await this.#registries.keepAnnounced(tenant, end);
    };
  }

  /**
   * @param stillHere is told again and again that the look goes on
   * @throws {InUseError} when a resource uses what is about to go
   */
  async #refuseUses(
    tenant: string,
    { registry, leaving }: TenantRegistry,
    stillHere: () => Promise<void>,
  ): Promise<void> {
    for (const type of registry.resourceTypes) {
      const uses = leaving.flatMap((item) => {
        const isUsed = useOf(item, type);
        return isUsed === undefined ? [] : [{ item, isUsed }];
      });
      if (uses.length === 0) continue;
      const prefix = resourcePrefix(tenant, type.name);
      for await (const batch of this.#store.batches({ prefix })) {
        await stillHere();
        for (const entry of batch) {
          const record = decodeRecord(entry);
          const used = record &&
            uses.find(({ isUsed }) => isUsed(record.attributes));
          if (record === undefined || used === undefined) continue;
          throw refusalOf(used.item, type, record);
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

/** The refusal of a step because of one resource. */
function refusalOf(
  item: Leaving,
  type: ResourceType,
  { id, attributes }: ResourceRecord,
): InUseError {
  const who = `${type.name} "${id}" among them`;
  const stays = (what: string) =>
    new InUseError(
      `Resources have ${what}, ${who}; that can go, or become another, while ` +
        "none has",
    );
  switch (item.kind) {
    case "resourceType":
      return stays("that resource type");
    case "schema":
      return stays(`attributes of the schema "${item.uri}"`);
    case "attribute":
      return stays(`a value of "${item.name}"`);
    case "form": {
      const { definition, required } = item;
      if (
        required && type.schema !== definition.id &&
        own(attributes, definition.id) === undefined
      ) {
        return new InUseError(
          `Resources lack the extension "${definition.id}", ${who}; add it as ` +
            "not required, fill it in, then make it required",
        );
      }
      return new InUseError(
        `Resources do not comply with the new form, ${who}: ` +
          `${breachOf(item, type, attributes)}; change them first`,
      );
    }
  }
}

/**
 * A form of a schema as it is announced, before it is looked whether all resources
 * comply with it. From then on each write checks the announcement and is refused
 * if it breaks the new form, so that nothing slips through that is read by the
 * form before; what complies with both is written meanwhile. Scanning again behind
 * the commit would need a way back, which a crash can cut off.
 */
function stricter(
  { definition, extends: extended, required }: CustomSchema,
): StricterForm {
  const bare = (
    { description: _, subAttributes, ...attribute }: AttributeDefinition,
  ): AttributeDefinition => ({
    ...attribute,
    ...(subAttributes === undefined
      ? {}
      : { subAttributes: subAttributes.map(bare) }),
  });
  return {
    kind: "form",
    definition: {
      id: definition.id,
      attributes: definition.attributes.map(bare),
    },
    ...(extended === undefined ? {} : { extends: extended }),
    required,
  };
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
