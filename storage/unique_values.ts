/**
 * Enters the values of an attribute as unique ones over the resources that are
 * there, or takes them out, when the attribute becomes unique or is so no longer.
 * @module
 */

import { replaceSchema } from "../domain/definitions.ts";
import { withoutUniqueness } from "../domain/schema_change.ts";
import { indexText, valuesOf } from "../domain/indexing.ts";
import type { JsonObject } from "../domain/json.ts";
import type { Definitions } from "../domain/registry.ts";
import type { Attribute } from "../domain/schema/attribute.ts";
import {
  attributeOf,
  isUnique,
  type ResourceType,
} from "../domain/schema/compile.ts";
import type { SchemaDefinition } from "../domain/schema/definition.ts";
import { clip } from "../domain/text.ts";
import { Change } from "./change.ts";
import { retrying } from "./concurrency.ts";
import { addJob, type JobOf, readJob } from "./jobs.ts";
import {
  jobKey,
  resourceKey,
  resourcePrefix,
  settingsKey,
  textPart,
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
  /** The beginning of the value in comparable form; left out when it is to be seen by nobody. */
  readonly value?: string;
  readonly ids: readonly string[];
}

/** How many values one commit enters: each takes two of its ten checks. */
const VALUES_PER_COMMIT = 4;

/** How many commits are under way at once: a remote store takes its time for each. */
const COMMITS_AT_ONCE = 4;

/** How many keys one commit takes out. */
const KEYS_PER_COMMIT = 100;

/** How much of a value is told, in UTF-16 units. */
const MAX_SHOWN = 100;

/** How many duplicates are told. */
const MAX_DUPLICATES = 100;

/** Stands for an owner that is not known because the rules have changed. */
const OUT_OF_DATE = "";

/** A value that is to belong to a resource. */
interface Value {
  readonly text: string;
  readonly id: string;
  /** Of the resource's record. */
  readonly versionstamp: string;
}

/** The values of one attribute of one type, and what they were seen with. */
interface Subject {
  readonly tenant: string;
  readonly current: TenantRegistry;
  readonly type: ResourceType;
  readonly attribute: Attribute;
}

/** Brings unique keys in line with what is in force. */
export class UniqueValues {
  readonly #store: Store;
  readonly #registries: Registries;
  /** What is being settled, by the id of the job. */
  readonly #settling = new Map<string, Promise<DuplicateValue[]>>();

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
    current: TenantRegistry,
    name: string,
  ): Promise<DuplicateValue[]> {
    const found: DuplicateValue[] = [];
    for (const type of current.registry.resourceTypes) {
      const attribute = attributeOf(type, name);
      if (attribute === undefined) continue;
      const owners = new Map<string, string[]>();
      const subject = { tenant, current, type, attribute };
      for await (const values of this.#values(subject)) {
        for (const { text, id } of values) {
          // As it stands in a key, so that long values take little memory.
          const part = textPart(text);
          const ids = owners.get(part);
          if (ids === undefined) owners.set(part, [id]);
          else ids.push(id);
        }
      }
      for (const [value, ids] of owners) {
        if (ids.length < 2 || found.length >= MAX_DUPLICATES) continue;
        found.push({
          resourceType: type.name,
          ...shownValue(attribute, value),
          ids,
        });
      }
    }
    return found;
  }

  /**
   * Brings the keys of an attribute in line with what is in force: all values
   * are entered, or none is left. Then its job is done. Can be repeated, and run
   * by several at once.
   *
   * @param name of the attribute, with the URI of its schema
   * @returns values that resources share after all, because they were written
   * before the attribute became unique; then it is not made unique
   */
  async settle(tenant: string, name: string): Promise<DuplicateValue[]> {
    const id = settleJobId(tenant, name);
    const other = this.#settling.get(id);
    if (other !== undefined) {
      const found = await other;
      const { definitions } = await this.#registries.current(tenant);
      if (!definitions.incomplete.includes(name)) return found;
    }
    const settling = this.#settle(tenant, name);
    this.#settling.set(id, settling);
    try {
      return await settling;
    } finally {
      if (this.#settling.get(id) === settling) this.#settling.delete(id);
    }
  }

  async #settle(tenant: string, name: string): Promise<DuplicateValue[]> {
    return await retrying(async () => {
      const current = await this.#registries.current(tenant);
      const duplicates: DuplicateValue[] = [];
      for (const type of current.registry.resourceTypes) {
        const attribute = attributeOf(type, name);
        if (attribute === undefined) continue;
        const subject = { tenant, current, type, attribute };
        const found = isUnique(attribute)
          ? await this.#enter(subject)
          : await this.#forget(subject);
        if (found === undefined) return undefined;
        duplicates.push(...found);
      }
      if (duplicates.length === 0) {
        return await this.#finish(tenant, current, name)
          ? duplicates
          : undefined;
      }
      // What was entered has to go before the attribute is complete again.
      const { definitions } = current;
      const change = this.#registries.write(new Change(), tenant, current, {
        ...withoutUniqueness(definitions, name),
        incomplete: [...new Set([...definitions.incomplete, name])],
      });
      const job = readJob(
        await this.#store.get(jobKey(settleJobId(tenant, name))),
      );
      const { createdAt } = job ?? {};
      addJob(change, settleJob(tenant, name, undefined, undefined, createdAt));
      if (await this.#store.commit(change) === undefined) return undefined;
      await this.#settle(tenant, name);
      return duplicates;
    });
  }

  /** Ends the job, and lets come into force what has waited for it. */
  async #finish(
    tenant: string,
    current: TenantRegistry,
    name: string,
  ): Promise<boolean> {
    const key = jobKey(settleJobId(tenant, name));
    const change = new Change().delete(key);
    if (!current.definitions.incomplete.includes(name)) {
      change.check(settingsKey(tenant), current.versionstamp);
    } else {
      const job = readJob(await this.#store.get(key));
      const definitions: Definitions = {
        ...current.definitions,
        incomplete: current.definitions.incomplete.filter((other) =>
          other !== name
        ),
      };
      this.#registries.write(
        change,
        tenant,
        current,
        job?.kind === "settleUnique" && job.next !== undefined
          ? replaceSchema(definitions, job.next, job.required)
          : definitions,
      );
    }
    return await this.#store.commit(change) !== undefined;
  }

  /**
   * Enters all values that nobody has entered.
   *
   * @returns the values that belong to others; undefined when what is in force
   * has changed meanwhile
   */
  async #enter(subject: Subject): Promise<DuplicateValue[] | undefined> {
    const duplicates: DuplicateValue[] = [];
    for await (const values of this.#values(subject)) {
      const owners = await this.#store.getMany(
        values.map((value) => keyOf(subject, value)),
      );
      const open = values.filter(({ id }, index) =>
        owners[index]?.value !== id
      );
      for (
        let i = 0;
        i < open.length;
        i += COMMITS_AT_ONCE * VALUES_PER_COMMIT
      ) {
        const left = await this.#commitMany(
          subject,
          open.slice(i, i + COMMITS_AT_ONCE * VALUES_PER_COMMIT),
        );
        for (const value of left) {
          const owner = await this.#enterOne(subject, value);
          if (owner === OUT_OF_DATE) return undefined;
          if (owner === value.id || duplicates.length >= MAX_DUPLICATES) {
            continue;
          }
          duplicates.push({
            resourceType: subject.type.name,
            ...shownValue(subject.attribute, value.text),
            ids: [owner, value.id],
          });
        }
      }
    }
    return duplicates;
  }

  /** @returns values whose commits have failed */
  async #commitMany(
    subject: Subject,
    values: readonly Value[],
  ): Promise<Value[]> {
    const commits: Promise<readonly Value[]>[] = [];
    for (let i = 0; i < values.length; i += VALUES_PER_COMMIT) {
      const some = values.slice(i, i + VALUES_PER_COMMIT);
      commits.push(
        this.#commit(subject, some).then((isDone) => isDone ? [] : some),
      );
    }
    return (await Promise.all(commits)).flat();
  }

  /** @returns who has the value then */
  async #enterOne(subject: Subject, { text, id }: Value): Promise<string> {
    const { tenant, current, type, attribute } = subject;
    return await retrying(async () => {
      const [settings, entry, unique] = await this.#store.getMany([
        settingsKey(tenant),
        resourceKey(tenant, type.name, id),
        uniqueKey(tenant, type.name, attribute.path, text),
      ]);
      if (settings?.versionstamp !== current.versionstamp) return OUT_OF_DATE;
      const record = entry && decodeRecord(entry);
      // Who has changed the value since has entered the new one by himself.
      if (
        record === undefined ||
        !textsOf(attribute, record.attributes).includes(text)
      ) return id;
      if (typeof unique?.value === "string") return unique.value;
      const { versionstamp } = record;
      return await this.#commit(subject, [{ text, id, versionstamp }])
        ? id
        : undefined;
    });
  }

  /** @returns false when one of the values is not free, or not that of its resource */
  async #commit(subject: Subject, values: readonly Value[]): Promise<boolean> {
    const { tenant, type } = subject;
    // A value that is there twice would pass both of its checks.
    if (new Set(values.map(({ text }) => text)).size < values.length) {
      return false;
    }
    const change = checked(subject);
    for (const value of values) {
      const key = keyOf(subject, value);
      change.check(key, null)
        .check(resourceKey(tenant, type.name, value.id), value.versionstamp)
        .set(key, value.id);
    }
    return await this.#store.commit(change) !== undefined;
  }

  /** Takes all values out; undefined when what is in force has changed meanwhile. */
  async #forget(subject: Subject): Promise<DuplicateValue[] | undefined> {
    const { tenant, type, attribute } = subject;
    const prefix = uniquePrefix(tenant, type.name, attribute.path);
    for await (const batch of this.#store.batches({ prefix })) {
      for (let i = 0; i < batch.length; i += KEYS_PER_COMMIT) {
        const change = checked(subject);
        for (const { key } of batch.slice(i, i + KEYS_PER_COMMIT)) {
          change.delete(key);
        }
        if (await this.#store.commit(change) === undefined) return undefined;
      }
    }
    return [];
  }

  /** The values of an attribute over all resources of a type. */
  async *#values(
    { tenant, type, attribute }: Subject,
  ): AsyncGenerator<Value[]> {
    const prefix = resourcePrefix(tenant, type.name);
    for await (const batch of this.#store.batches({ prefix })) {
      yield batch.flatMap((entry) => {
        const record = decodeRecord(entry);
        if (record === undefined) return [];
        const { id, attributes, versionstamp } = record;
        return textsOf(attribute, attributes)
          .map((text) => ({ text, id, versionstamp }));
      });
    }
  }
}

/**
 * The job that settles an attribute. Anybody may help with it at any time, so
 * that it needs no lease.
 *
 * @param next the schema that comes into force when all values are entered
 * @param required whether resources must have it then; undefined: as before
 * @param createdAt when it is stored, in ISO 8601; undefined: not known
 */
export function settleJob(
  tenant: string,
  attribute: string,
  next?: SchemaDefinition,
  required?: boolean,
  createdAt?: string,
): JobOf<"settleUnique"> {
  return {
    id: settleJobId(tenant, attribute),
    kind: "settleUnique",
    tenant,
    attribute,
    ...(next === undefined ? {} : { next }),
    ...(required === undefined ? {} : { required }),
    ...(createdAt === undefined ? {} : { createdAt }),
    notBefore: 0,
  };
}

function settleJobId(tenant: string, attribute: string): string {
  return `unique.${tenant}.${attribute}`;
}

/** The value of a duplicate, unless answers never show it or it is sensitive. */
function shownValue(
  attribute: Attribute,
  value: string,
): Pick<DuplicateValue, "value"> {
  const isHidden = attribute.sensitive || attribute.returned === "never" ||
    attribute.parent?.returned === "never";
  return isHidden ? {} : { value: clip(value, MAX_SHOWN) };
}

/** The values of an attribute that stand in keys. */
function textsOf(attribute: Attribute, attributes: JsonObject): string[] {
  return valuesOf(attribute, attributes)
    .map((value) => indexText(attribute, value))
    .filter((text) => text !== "");
}

function keyOf(
  { tenant, type, attribute }: Subject,
  { text }: Value,
): Deno.KvKey {
  return uniqueKey(tenant, type.name, attribute.path, text);
}

function checked({ tenant, current }: Subject): Change {
  return new Change().check(settingsKey(tenant), current.versionstamp);
}
