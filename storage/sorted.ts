/**
 * Queries in the order of an index, which read little more than they show.
 * @module
 */

import { planAccess } from "../domain/filter/plan.ts";
import type { SortOrder } from "../domain/sorting.ts";
import { locate } from "./counters.ts";
import { hasIndexOrder, IndexOrder } from "./index_order.ts";
import type { Matching } from "./matching.ts";
import type { Page, PageRequest, Step, Walk } from "./queries.ts";
import { MAX_KEY_LENGTH, type Place, type Ranked } from "./ranks.ts";
import { readRecords, type ResourceRecord } from "./records.ts";
import type { Store } from "./store.ts";
import { Unvalued } from "./unvalued.ts";

/** How many resources are tested at a time. */
const BATCH = 100;

/** Answers sorted queries from indexes. */
export class SortedQueries {
  readonly #store: Store;
  readonly #matching: Matching;
  readonly #index: IndexOrder;
  readonly #unvalued: Unvalued;
  readonly #checkBudget: (seen: number) => void;

  /** @param checkBudget throws when too many resources have been looked at */
  constructor(
    store: Store,
    matching: Matching,
    checkBudget: (seen: number) => void,
  ) {
    this.#store = store;
    this.#matching = matching;
    this.#index = new IndexOrder(store, checkBudget);
    this.#unvalued = new Unvalued(store, checkBudget);
    this.#checkBudget = checkBudget;
  }

  /** Whether an index gives a page: all matches have to be counted for it. */
  servesPage({ type, predicate }: PageRequest, order: SortOrder): boolean {
    return predicate === undefined && hasIndexOrder(type, order.attribute);
  }

  /** Whether an index gives a step: another index would name fewer resources. */
  servesStep({ type, predicate }: Walk, order: SortOrder): boolean {
    return hasIndexOrder(type, order.attribute) &&
      (predicate === undefined || planAccess(predicate, type).kind === "all");
  }

  /**
   * A page of all resources.
   *
   * @throws {ScimError} 400 tooMany when it lies too deep
   */
  async page(request: PageRequest, order: SortOrder): Promise<Page> {
    const { tenant, type, startIndex, count } = request;
    const { total } = await locate(this.#store, tenant, type.name, 0);
    const first = startIndex - 1;
    const ids = count === 0 || first >= total
      ? []
      : order.descending
      ? await this.#descending(request, order, first)
      : await this.#ascending(request, order, first, total);
    return {
      totalResults: total,
      records: await readRecords(this.#store, request, ids),
      contiguous: false,
    };
  }

  /**
   * A step over all resources, or over those that match a filter.
   *
   * @throws {ScimError} 400 tooMany when too few of them match
   */
  async step(walk: Walk, order: SortOrder): Promise<Step> {
    const { tenant, type, predicate, count } = walk;
    const found: { rank: Ranked; record: ResourceRecord }[] = [];
    let seen = 0;
    const parts = count > 0 ? this.#behind(walk, order) : [];
    reading: for await (const ranked of parts) {
      for (let i = 0; i < ranked.length;) {
        const wanted = count + 1 - found.length;
        if (wanted <= 0) break reading;
        const size = predicate === undefined ? wanted : BATCH;
        const some = ranked.slice(i, i + size);
        i += size;
        seen += some.length;
        this.#checkBudget(seen);
        found.push(...await this.#matches(walk, some));
      }
      if (found.length > count) break;
    }
    const shown = found.slice(0, count);
    return {
      totalResults: predicate === undefined
        ? (await locate(this.#store, tenant, type.name, 0)).total
        : undefined,
      records: shown.map(({ record }) => record),
      contiguous: false,
      next: found.length > count ? shown.at(-1)?.rank : undefined,
    };
  }

  async #ascending(
    request: PageRequest,
    order: SortOrder,
    first: number,
    total: number,
  ): Promise<string[]> {
    const { count } = request;
    const { ids, passed } = await this.#valued(request, order, first, count);
    if (ids.length === count || passed >= total) return ids;
    const gaps = await this.#unvalued.gaps(request, order);
    const skip = Math.max(0, first - passed);
    const others = this.#unvalued.in(request, order, gaps, skip);
    return [...ids, ...await take(others, count - ids.length)];
  }

  async #descending(
    request: PageRequest,
    order: SortOrder,
    first: number,
  ): Promise<string[]> {
    const { count } = request;
    const gaps = await this.#unvalued.settled(
      request,
      order,
      await this.#unvalued.gaps(request, order),
    );
    const size = gaps.reduce((sum, gap) => sum + gap.count, 0);
    const ids = first < size
      ? await take(this.#unvalued.in(request, order, gaps, first), count)
      : [];
    const left = count - ids.length;
    if (left === 0) return ids;
    const skip = Math.max(0, first - size);
    const valued = await this.#valued(request, order, skip, left);
    return [...ids, ...valued.ids];
  }

  /** Some of the resources with a value, and how many there are up to their end. */
  async #valued(
    subject: PageRequest,
    order: SortOrder,
    skip: number,
    count: number,
  ): Promise<{ ids: string[]; passed: number }> {
    const ids: string[] = [];
    let passed = 0;
    const stretches = this.#index.stretches({
      subject,
      order,
      after: undefined,
      wanted: skip + count,
      keyLength: Infinity,
    });
    for await (const { size, ranked } of stretches) {
      this.#checkBudget(Math.min(passed + size, skip));
      if (passed + size > skip) {
        const some = (await ranked()).slice(Math.max(0, skip - passed));
        ids.push(...some.slice(0, count - ids.length).map(({ id }) => id));
      }
      passed += size;
      if (ids.length === count) break;
    }
    return { ids, passed };
  }

  /** Everything behind the place where a walk stopped, in order. */
  async *#behind(walk: Walk, order: SortOrder): AsyncGenerator<Ranked[]> {
    const { after } = walk;
    const hasValue = after !== undefined && after.key !== undefined;
    if (order.descending) {
      if (!hasValue) yield* this.#unvalued.behind(walk, order, after?.id);
      yield* this.#valuedBehind(walk, order, hasValue ? after : undefined);
      return;
    }
    if (after === undefined || hasValue) {
      yield* this.#valuedBehind(walk, order, after);
    }
    yield* this.#unvalued.behind(
      walk,
      order,
      hasValue ? undefined : after?.id,
    );
  }

  async *#valuedBehind(
    walk: Walk,
    order: SortOrder,
    after: Place | undefined,
  ): AsyncGenerator<Ranked[]> {
    const stretches = this.#index.stretches({
      subject: walk,
      order,
      after,
      wanted: walk.count + 1,
      keyLength: MAX_KEY_LENGTH,
    });
    for await (const { ranked } of stretches) yield await ranked();
  }

  async #matches(
    walk: Walk,
    ranked: readonly Ranked[],
  ): Promise<{ rank: Ranked; record: ResourceRecord }[]> {
    const { predicate } = walk;
    const ids = ranked.map(({ id }) => id);
    const records = await readRecords(this.#store, walk, ids);
    const matching = predicate === undefined
      ? records
      : await this.#matching.matching(walk, predicate, records);
    const byId = new Map(matching.map((record) => [record.id, record]));
    return ranked.flatMap((rank) => {
      const record = byId.get(rank.id);
      return record === undefined ? [] : [{ rank, record }];
    });
  }
}

async function take(
  parts: AsyncGenerator<Ranked[]>,
  count: number,
): Promise<string[]> {
  const ids: string[] = [];
  for await (const ranked of parts) {
    ids.push(...ranked.slice(0, count - ids.length).map(({ id }) => id));
    if (ids.length === count) break;
  }
  return ids;
}
