/**
 * Reads the resources without a value, which no index names.
 * @module
 */

import { sortKey, type SortOrder } from "../domain/sorting.ts";
import { bucketOf } from "./counters.ts";
import { type Gap, Gaps, isAlwaysThere } from "./gaps.ts";
import { allBelow, idRange, justBehind, resourcePrefix } from "./keys.ts";
import type { Subject } from "./matching.ts";
import type { Ranked } from "./ranks.ts";
import { decodeRecord } from "./records.ts";
import type { Entry, Store } from "./store.ts";

/** How many resources are looked at before anything is counted. */
const LOOK_AHEAD = 500;

/** Reads what indexes leave out. */
export class Unvalued {
  readonly #store: Store;
  readonly #gaps: Gaps;
  readonly #checkBudget: (seen: number) => void;

  /** @param checkBudget throws when too many resources have been looked at */
  constructor(store: Store, checkBudget: (seen: number) => void) {
    this.#store = store;
    this.#gaps = new Gaps(store);
    this.#checkBudget = checkBudget;
  }

  /** The buckets with resources that have no value, in order. */
  async gaps(
    subject: Subject,
    { attribute }: SortOrder,
  ): Promise<readonly Gap[]> {
    return await this.#gaps.of(subject, attribute);
  }

  /** Gaps whose counts are sure: it looks into those that were not. */
  async settled(
    subject: Subject,
    order: SortOrder,
    gaps: readonly Gap[],
  ): Promise<Gap[]> {
    const settled: Gap[] = [];
    let seen = 0;
    for (const gap of gaps) {
      let { count } = gap;
      if (!gap.isSure) {
        count = 0;
        for await (const batch of this.#inBucket(subject, gap.bucket)) {
          this.#checkBudget(seen += batch.length);
          count += without(order, batch).length;
        }
      }
      settled.push({ ...gap, count, isSure: true });
    }
    return settled;
  }

  /** The resources in some gaps, in the order of their ids, but for the first few. */
  async *in(
    subject: Subject,
    order: SortOrder,
    gaps: readonly Gap[],
    skip: number,
  ): AsyncGenerator<Ranked[]> {
    let left = skip;
    let seen = 0;
    for (const { bucket, count, isSure } of gaps) {
      if (isSure && count <= left) {
        left -= count;
        continue;
      }
      for await (const batch of this.#inBucket(subject, bucket)) {
        this.#checkBudget(seen += batch.length);
        const ranked = without(order, batch);
        yield ranked.slice(left);
        left = Math.max(0, left - ranked.length);
      }
    }
  }

  /** The resources behind an id, in the order of their ids. */
  async *behind(
    subject: Subject,
    order: SortOrder,
    id: string | undefined,
  ): AsyncGenerator<Ranked[]> {
    if (isAlwaysThere(subject.type, order.attribute)) return;
    const all = allBelow(resourcePrefix(subject.tenant, subject.type.name));
    const start = id === undefined ? all.start : justBehind([...all.start, id]);
    const ahead = await this.#store.listAll({ ...all, start }, LOOK_AHEAD);
    yield without(order, ahead);
    const last = ahead.at(-1);
    if (last === undefined || ahead.length < LOOK_AHEAD) return;
    const reached = String(last.key.at(-1));
    let seen = LOOK_AHEAD;
    for (const { bucket } of await this.gaps(subject, order)) {
      if (bucket < bucketOf(reached)) continue;
      for await (const batch of this.#inBucket(subject, bucket, reached)) {
        this.#checkBudget(seen += batch.length);
        yield without(order, batch);
      }
    }
  }

  async *#inBucket(
    { tenant, type }: Subject,
    bucket: string,
    after?: string,
  ): AsyncGenerator<Entry[]> {
    const prefix = resourcePrefix(tenant, type.name);
    const range = idRange(prefix, bucket, bucket);
    const selector = after === undefined || bucketOf(after) < bucket
      ? range
      : { ...range, start: justBehind([...prefix, after]) };
    yield* this.#store.batches(selector);
  }
}

function without(order: SortOrder, entries: readonly Entry[]): Ranked[] {
  return entries.map(decodeRecord)
    .filter((record) => record !== undefined)
    .filter(({ attributes }) => sortKey(order, attributes) === undefined)
    .map(({ id }) => ({ id, key: undefined }));
}
