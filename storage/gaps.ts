/**
 * Where the resources are that an index leaves out because they have no value: in
 * those buckets that count more resources than the index.
 * @module
 */

import type { Attribute } from "../domain/schema/attribute.ts";
import type { ResourceType } from "../domain/schema/compile.ts";
import { readLog } from "./changelog.ts";
import { bucketOf, readCounts } from "./counters.ts";
import { idOfEntry, valuePrefix } from "./index_order.ts";
import { logPrefix } from "./keys.ts";
import type { Subject } from "./matching.ts";
import type { Store } from "./store.ts";

/** A bucket with resources that have no value. */
export interface Gap {
  readonly bucket: string;
  /** How many there are. */
  readonly count: number;
  /** false when something was written meanwhile: there may be more, or none. */
  readonly isSure: boolean;
}

/** All gaps at one place of the log. */
interface Survey {
  /** undefined: nothing was ever written. */
  readonly position: string | undefined;
  readonly gaps: readonly Gap[];
}

/** Schemas that the RFCs fix; what they require was required from the beginning. */
const FIXED_SCHEMAS = "urn:ietf:params:scim:schemas:core:2.0:";

/**
 * After how many writes everything is counted anew: each makes one bucket unsure,
 * and to look into one of 256 buckets costs as much as to count a few of them.
 */
const MAX_WRITES = 50;

/** For how many tenants the gaps of an attribute are remembered. */
const MAX_TENANTS = 1_000;

/** Whether no resource of a type can be without a value of an attribute. */
export function isAlwaysThere(
  type: ResourceType,
  attribute: Attribute,
): boolean {
  return attribute.required && attribute.type === "string" &&
    attribute.parent === undefined && attribute.extension === undefined &&
    attribute.mutability !== "readOnly" &&
    type.schema.startsWith(FIXED_SCHEMAS);
}

/** Finds gaps, and remembers them as long as little is written. */
export class Gaps {
  readonly #store: Store;
  readonly #surveys = new WeakMap<Attribute, Map<string, Survey>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * The gaps in the index of an attribute, in order. No bucket is missed that has
   * a resource without a value all the while.
   */
  async of(subject: Subject, attribute: Attribute): Promise<readonly Gap[]> {
    if (isAlwaysThere(subject.type, attribute)) return [];
    const { tenant } = subject;
    const surveys = this.#surveys.get(attribute) ?? new Map<string, Survey>();
    this.#surveys.set(attribute, surveys);
    const known = surveys.get(tenant);
    const gaps = known && await this.#continued(subject, known);
    if (gaps !== undefined) return gaps;
    const survey = await this.#survey(subject, attribute);
    if (surveys.size >= MAX_TENANTS) surveys.clear();
    surveys.set(tenant, survey);
    return survey.gaps;
  }

  /** The gaps since a survey; undefined when too much was written. */
  async #continued(
    { tenant, type }: Subject,
    { position, gaps }: Survey,
  ): Promise<Gap[] | undefined> {
    if (position === undefined) return undefined;
    const [place, writes] = await Promise.all([
      this.#store.get([...logPrefix(tenant), position]),
      readLog(this.#store, tenant, position, MAX_WRITES + 1),
    ]);
    // Where the log does not reach back, nobody knows what was written.
    if (place.versionstamp === null || writes.length > MAX_WRITES) {
      return undefined;
    }
    const touched = new Set(
      writes.filter(({ resourceType }) => resourceType === type.name)
        .map(({ id }) => bucketOf(id)),
    );
    return [
      ...gaps.filter(({ bucket }) => !touched.has(bucket)),
      ...[...touched].map((bucket) => ({ bucket, count: 0, isSure: false })),
    ].sort((a, b) => a.bucket < b.bucket ? -1 : 1);
  }

  async #survey(subject: Subject, attribute: Attribute): Promise<Survey> {
    const { tenant, type } = subject;
    const before = await readCounts(this.#store, tenant, type.name);
    // Every write is in the log, so that what is newer was written meanwhile.
    const [write] = await this.#store.listAll(
      { prefix: logPrefix(tenant) },
      1,
      true,
    );
    const named = new Map<string, number>();
    const moved = new Set<string>();
    const prefix = valuePrefix(subject, attribute);
    for await (const batch of this.#store.batches({ prefix })) {
      for (const entry of batch) {
        const bucket = bucketOf(idOfEntry(prefix, entry));
        if (write === undefined || entry.versionstamp > write.versionstamp) {
          moved.add(bucket);
        } else named.set(bucket, (named.get(bucket) ?? 0) + 1);
      }
    }
    const after = await readCounts(this.#store, tenant, type.name);
    const gaps = [...after].map(([bucket, { count, versionstamp }]) => ({
      bucket,
      count: Math.max(0, count - (named.get(bucket) ?? 0)),
      isSure: !moved.has(bucket) &&
        before.get(bucket)?.versionstamp === versionstamp,
    }));
    return {
      position: write && String(write.key.at(-1)),
      gaps: gaps.filter(({ count, isSure }) => count > 0 || !isSure),
    };
  }
}
