/**
 * Queries in the order of an index, which read little more than they show.
 * @module
 */

import { planAccess } from "../domain/filter/plan.ts";
import type { ResourceType } from "../domain/schema/compile.ts";
import type { SortOrder } from "../domain/sorting.ts";
import { locate, totalWith } from "./counters.ts";
import { hasIndexOrder, IndexOrder } from "./index_order.ts";
import type { Matching } from "./matching.ts";
import type { Page, PageRequest, Step, Walk } from "./queries.ts";
import { MAX_KEY_LENGTH, type Ranked } from "./ranks.ts";
import { readRecords, type ResourceRecord } from "./records.ts";
import type { Scan } from "./scans.ts";
import type { Store } from "./store.ts";

/** How many resources are tested at a time. */
const BATCH = 100;

/**
 * Answers sorted queries from indexes. An index does not hold resources without
 * a value, which come last, and first when the order is descending; what needs
 * them is left to whoever looks at all resources.
 */
export class SortedQueries {
  readonly #store: Store;
  readonly #matching: Matching;
  readonly #index: IndexOrder;
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
    this.#checkBudget = checkBudget;
  }

  /**
   * A page of all resources.
   *
   * @returns undefined when the index does not tell
   * @throws {ScimError} 400 tooMany when it lies too deep
   */
  async page(
    request: PageRequest,
    order: SortOrder,
    scan: Scan,
  ): Promise<Page | undefined> {
    const { tenant, type, predicate, startIndex, count } = request;
    const holdsAll = isAlwaysThere(type, order);
    if (
      predicate !== undefined || !hasIndexOrder(type, order.attribute) ||
      (order.descending && !holdsAll)
    ) return undefined;
    const { total } = await locate(this.#store, tenant, type.name, 0);
    const first = startIndex - 1;
    const { ids, passed } = count === 0 || first >= total
      ? { ids: [], passed: total }
      : await this.#valued(request, order, scan, first, count);
    if (ids.length < count && passed < total && !holdsAll) return undefined;
    return {
      totalResults: ids.length === 0
        ? total
        : totalWith(total, first + ids.length),
      records: await readRecords(this.#store, request, ids),
      contiguous: false,
    };
  }

  /**
   * A step over all resources, or over those that match a filter which no index
   * helps.
   *
   * @returns undefined when the index does not tell
   * @throws {ScimError} 400 tooMany when too few of them match
   */
  async step(
    walk: Walk,
    order: SortOrder,
    scan: Scan,
  ): Promise<Step | undefined> {
    const { tenant, type, predicate, count, after } = walk;
    const holdsAll = isAlwaysThere(type, order);
    const isFiltered = predicate !== undefined;
    const begins = after === undefined
      ? holdsAll || !order.descending
      : after.key !== undefined;
    if (
      !begins || !hasIndexOrder(type, order.attribute) ||
      (isFiltered && planAccess(predicate, type).kind !== "all")
    ) return undefined;
    const found: { rank: Ranked; record: ResourceRecord }[] = [];
    let seen = 0;
    const parts = count > 0 ? this.#behind(walk, order) : [];
    reading: for await (const ranked of parts) {
      for (let i = 0; i < ranked.length;) {
        const wanted = count + 1 - found.length;
        if (wanted <= 0) break reading;
        const size = isFiltered ? BATCH : wanted;
        const some = ranked.slice(i, i + size);
        i += size;
        seen += some.length;
        await scan.look(some.length);
        this.#checkBudget(seen);
        found.push(...await this.#matches(walk, some));
      }
      if (found.length > count) break;
    }
    const isEnd = found.length <= count && count > 0;
    if (isEnd && !holdsAll && !order.descending) return undefined;
    const shown = found.slice(0, count);
    const total = isFiltered
      ? undefined
      : (await locate(this.#store, tenant, type.name, 0)).total;
    return {
      totalResults: total === undefined
        ? undefined
        : totalWith(total, shown.length),
      records: shown.map(({ record }) => record),
      contiguous: false,
      next: found.length > count ? shown.at(-1)?.rank : undefined,
      places: shown.map(({ rank }) => rank),
    };
  }

  /** Some of the resources with a value, and how many there are up to their end. */
  async #valued(
    subject: PageRequest,
    order: SortOrder,
    scan: Scan,
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
      await scan.look(size);
      if (passed + size > skip) {
        const some = (await ranked()).slice(Math.max(0, skip - passed));
        ids.push(...some.slice(0, count - ids.length).map(({ id }) => id));
      }
      passed += size;
      if (ids.length === count) break;
    }
    return { ids, passed };
  }

  /** The resources with a value behind the place where a walk stopped, in order. */
  async *#behind(walk: Walk, order: SortOrder): AsyncGenerator<Ranked[]> {
    const stretches = this.#index.stretches({
      subject: walk,
      order,
      after: walk.after,
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

/** Whether no resource can be without a value. */
function isAlwaysThere(
  { traits }: ResourceType,
  { attribute }: SortOrder,
): boolean {
  return traits.always.includes(attribute.path);
}
