/**
 * Finds resources: pages of all of them, those that match a filter, in the order
 * of their ids or of an attribute, by index or by cursor.
 * @module
 */

import { ScimError } from "../domain/errors.ts";
import type { Predicate } from "../domain/filter/compile.ts";
import { type Access, planAccess } from "../domain/filter/plan.ts";
import type { SortOrder } from "../domain/sorting.ts";
import type { Attribute } from "../domain/schema/attribute.ts";
import {
  hasPassingKeys,
  hasUniqueKey,
  isSearchable,
  type ResourceType,
} from "../domain/schema/compile.ts";
import { AccessPaths } from "./access.ts";
import { locate, totalWith } from "./counters.ts";
import { isExactPrefix, resourcePrefix } from "./keys.ts";
import { Matching, type Subject } from "./matching.ts";
import type { Memberships } from "./memberships.ts";
import {
  compareRanks,
  isBehind,
  MAX_KEY_LENGTH,
  type Place,
  type Ranked,
} from "./ranks.ts";
import { decodeRecord, readRecords, type ResourceRecord } from "./records.ts";
import { type Asker, type Scan, Scans } from "./scans.ts";
import { SortedQueries } from "./sorted.ts";
import type { Registries } from "./registries.ts";
import type { Store } from "./store.ts";
import type { Views } from "./views.ts";

/** What is searched for among the resources of one type. */
export interface Query extends Subject, Asker {
  readonly predicate: Predicate | undefined;
  /** undefined: in the order of ids, which is stable. */
  readonly order?: SortOrder | undefined;
}

/** A page by index (RFC 7644 section 3.4.2.4). */
export interface PageRequest extends Query {
  /** Counts from 1. */
  readonly startIndex: number;
  readonly count: number;
}

/** What a query found. */
export interface Page {
  readonly totalResults: number;
  readonly records: readonly ResourceRecord[];
  /** The records are all that lie between the first and the last. */
  readonly contiguous: boolean;
}

/** A page by cursor (RFC 9865). */
export interface Walk extends Query {
  /** undefined: from the beginning. */
  readonly after: Place | undefined;
  readonly count: number;
}

/** What a walk found. */
export interface Step {
  /** undefined where counting would mean to look at everything. */
  readonly totalResults: number | undefined;
  readonly records: readonly ResourceRecord[];
  readonly contiguous: boolean;
  /** Where the next page begins; undefined on the last page. */
  readonly next: Place | undefined;
  /** Where a page would begin that follows one of the records; sorted steps have them. */
  readonly places?: readonly Place[];
}

/** How many resources a query may look at before it is refused. */
export const DEFAULT_SCAN_LIMIT = 250_000;

/** How many resources are tested at a time. */
const BATCH = 100;

/** How much a sort keeps in memory, in characters of sort keys. */
const MAX_KEY_CHARACTERS = 50_000_000;

/** Runs queries. */
export class Queries {
  readonly #store: Store;
  readonly #paths: AccessPaths;
  readonly #matching: Matching;
  readonly #sorted: SortedQueries;
  readonly #registries: Registries;
  readonly #scanLimit: number;
  readonly #scans: Scans;

  constructor(
    store: Store,
    memberships: Memberships,
    views: Views,
    registries: Registries,
    scanLimit: number = DEFAULT_SCAN_LIMIT,
    scans: Scans = new Scans(),
  ) {
    this.#store = store;
    this.#registries = registries;
    this.#paths = new AccessPaths(store, memberships);
    this.#matching = new Matching(views);
    this.#scanLimit = scanLimit;
    this.#scans = scans;
    this.#sorted = new SortedQueries(
      store,
      this.#matching,
      (seen) => this.#checkBudget(seen),
    );
  }

  /**
   * Finds a page by index.
   *
   * @throws {ScimError} 400 tooMany when a filter or an order without an index
   * would have to look at more resources than the budget allows, 503 when other
   * such queries leave no room for it
   */
  async page(request: PageRequest): Promise<Page> {
    return await this.#scans.run(request, (scan) => this.#page(request, scan));
  }

  async #page(request: PageRequest, scan: Scan): Promise<Page> {
    const { predicate, order, startIndex, count } = request;
    const first = startIndex - 1;
    if (order !== undefined) {
      const page = await this.#sorted.page(request, order, scan);
      if (page !== undefined) return page;
      const ranked = await this.#ranked(request, order, scan);
      return {
        totalResults: ranked.length,
        records: await readRecords(
          this.#store,
          request,
          ranked.slice(first, first + count).map(({ id }) => id),
        ),
        contiguous: false,
      };
    }
    if (predicate === undefined) return await this.#pageOfAll(request);
    const ids = await this.#exactIds(request, scan);
    if (ids !== undefined) {
      return {
        totalResults: ids.length,
        records: await readRecords(
          this.#store,
          request,
          ids.slice(first, first + count),
        ),
        contiguous: false,
      };
    }
    const kept: ResourceRecord[] = [];
    let matches = 0;
    for await (const records of this.#matches(request, scan)) {
      for (const record of records) {
        if (matches >= first && matches < first + count) kept.push(record);
        matches++;
      }
    }
    return { totalResults: matches, records: kept, contiguous: false };
  }

  /**
   * Takes one step of a walk. Resources that exist all the while are met exactly
   * once, whatever is added and deleted meanwhile.
   *
   * @throws {ScimError} 400 tooMany, 503
   */
  async step(walk: Walk): Promise<Step> {
    const { order } = walk;
    return await this.#scans.run(
      walk,
      async (scan) =>
        order === undefined
          ? await this.#stepByIds(walk, scan)
          : await this.#sorted.step(walk, order, scan) ??
            await this.#stepInOrder(walk, order, scan),
    );
  }

  /** Every match with its sort key, in order; without an order, without keys. */
  async ranked(query: Query): Promise<Ranked[]> {
    const { order } = query;
    return await this.#scans.run(
      query,
      (scan) =>
        order === undefined
          ? this.#unranked(query, scan)
          : this.#ranked(query, order, scan),
    );
  }

  async #unranked(query: Query, scan: Scan): Promise<Ranked[]> {
    const ranked: Ranked[] = [];
    for await (const records of this.#matches(query, scan)) {
      for (const { id } of records) ranked.push({ id, key: undefined });
      this.#checkBudget(ranked.length);
    }
    return ranked;
  }

  /** The records with some ids, as far as they exist. */
  async records(
    subject: Subject,
    ids: readonly string[],
  ): Promise<ResourceRecord[]> {
    return await readRecords(this.#store, subject, ids);
  }

  async #stepByIds(walk: Walk, scan: Scan): Promise<Step> {
    const { tenant, type, predicate, after, count } = walk;
    const found: ResourceRecord[] = [];
    if (count > 0) {
      const matches = this.#matches(walk, scan, after?.id, count + 1);
      for await (const records of matches) {
        found.push(...records.slice(0, count + 1 - found.length));
        if (found.length > count) break;
      }
    }
    const records = found.slice(0, count);
    const last = records.at(-1);
    const total = predicate === undefined
      ? (await locate(this.#store, tenant, type.name, 0)).total
      : (await this.#exactIds(walk, scan))?.length;
    return {
      totalResults: total === undefined
        ? undefined
        : totalWith(total, records.length),
      records,
      contiguous: predicate === undefined,
      next: found.length > count && last !== undefined
        ? { id: last.id }
        : undefined,
    };
  }

  async #stepInOrder(
    walk: Walk,
    order: SortOrder,
    scan: Scan,
  ): Promise<Step> {
    const { after, count } = walk;
    const ranked = await this.#ranked(walk, order, scan, MAX_KEY_LENGTH);
    const start = after === undefined ? 0 : startBehind(ranked, order, after);
    const wanted = ranked.slice(start, start + count);
    const last = wanted.at(-1);
    return {
      totalResults: ranked.length,
      records: await readRecords(this.#store, walk, wanted.map(({ id }) => id)),
      contiguous: false,
      next: last === undefined || last === ranked.at(-1) ? undefined : last,
      places: wanted,
    };
  }

  async #pageOfAll(
    { tenant, type, startIndex, count }: PageRequest,
  ): Promise<Page> {
    const place = await locate(this.#store, tenant, type.name, startIndex - 1);
    if (count === 0 || place.bucket === undefined) {
      return { totalResults: place.total, records: [], contiguous: true };
    }
    const prefix = resourcePrefix(tenant, type.name);
    const entries = await this.#store.listAll(
      { prefix, start: [...prefix, place.bucket] },
      place.skip + count,
    );
    const records = entries.slice(place.skip).map(decodeRecord)
      .filter((record) => record !== undefined);
    return {
      totalResults: totalWith(place.total, startIndex - 1 + records.length),
      records,
      contiguous: true,
    };
  }

  /**
   * Every match with its sort key, in order.
   *
   * @param length how many characters of a sort key count
   */
  async #ranked(
    query: Query,
    order: SortOrder,
    scan: Scan,
    length: number = Infinity,
  ): Promise<Ranked[]> {
    const ranked: Ranked[] = [];
    let characters = 0;
    for await (const records of this.#matches(query, scan)) {
      const keys = await this.#matching.sortKeys(query, order, records);
      records.forEach(({ id }, index) => {
        const key = keys[index];
        const kept = typeof key === "string" ? copy(key.slice(0, length)) : key;
        if (typeof kept === "string") characters += kept.length;
        ranked.push({ id, key: kept });
      });
      this.#checkBudget(ranked.length);
      if (characters > MAX_KEY_CHARACTERS) {
        throw new ScimError(
          400,
          "tooMany",
          `The values of "${order.attribute.path}" are too long to sort so many ` +
            "resources by them; add a filter, or sort by another attribute",
        );
      }
    }
    return ranked.sort((a, b) => compareRanks(order, a, b));
  }

  /**
   * The matches in the order of their ids.
   *
   * @param after begin behind this id
   * @param wanted how many are enough, so that no more are read than needed
   */
  async *#matches(
    query: Query,
    scan: Scan,
    after?: string,
    wanted: number = Infinity,
  ): AsyncGenerator<ResourceRecord[]> {
    const { tenant, type, predicate } = query;
    const access: Access = predicate === undefined
      ? { kind: "all" }
      : planAccess(predicate, type);
    const named = access.kind === "all"
      ? undefined
      : await this.#ids(query, access, scan);
    if (named !== undefined) {
      const ids = named.filter((id) => after === undefined || id > after);
      for (let i = 0; i < ids.length; i += BATCH) {
        await scan.look(BATCH);
        const records = await readRecords(
          this.#store,
          query,
          ids.slice(i, i + BATCH),
        );
        yield await this.#test(query, records);
      }
      return;
    }
    const prefix = resourcePrefix(tenant, type.name);
    const selector = after === undefined
      ? { prefix }
      : { prefix, start: [...prefix, `${after}\u0000`] };
    const limit = predicate === undefined ? wanted : Infinity;
    let seen = 0;
    for await (const batch of this.#store.batches(selector, limit)) {
      seen += batch.length;
      await scan.look(batch.length);
      if (predicate !== undefined) this.#checkBudget(seen);
      const records = batch.map(decodeRecord)
        .filter((record) => record !== undefined);
      yield await this.#test(query, records);
    }
  }

  async #test(
    query: Query,
    records: ResourceRecord[],
  ): Promise<ResourceRecord[]> {
    return query.predicate === undefined
      ? records
      : await this.#matching.matching(query, query.predicate, records);
  }

  /** The ids of all matches, if an index names them and nothing else. */
  async #exactIds(query: Query, scan: Scan): Promise<string[] | undefined> {
    if (query.predicate === undefined) return undefined;
    const access = planAccess(query.predicate, query.type);
    return isExact(query.predicate, access)
      ? await this.#ids(query, access, scan)
      : undefined;
  }

  /**
   * The ids that an index names, in order and without repetitions; undefined when
   * the index may have gone while it was read.
   */
  async #ids(
    { tenant, type }: Subject,
    access: Access,
    scan: Scan,
  ): Promise<string[] | undefined> {
    const ids = new Set<string>();
    for await (const id of this.#paths.ids(tenant, type, access)) {
      ids.add(id);
      if (ids.size % BATCH === 0) await scan.look(BATCH);
      this.#checkBudget(ids.size);
    }
    const passing = [...passingAttributes(access, type)];
    if (passing.length > 0) {
      const { registry } = await this.#registries.current(tenant);
      const now = registry.byName(type.name);
      const stands = ({ path }: Attribute) =>
        now?.indexes.some((each) =>
          each.path === path && hasUniqueKey(now, each) &&
          isSearchable(now, each)
        ) === true;
      if (!passing.every(stands)) return undefined;
    }
    return [...ids].sort();
  }

  #checkBudget(seen: number): void {
    if (seen <= this.#scanLimit) return;
    throw new ScimError(
      400,
      "tooMany",
      `The query would have to look at more than ${this.#scanLimit} resources; ` +
        "compare an attribute that is unique or a name (such as userName, " +
        "externalId or displayName) with eq or sw as one side of an and",
    );
  }
}

/**
 * Where a walk goes on: behind the place in the order where it stopped, whether
 * or not the resource is still there.
 */
function startBehind(
  ranked: readonly Ranked[],
  order: SortOrder,
  after: Place,
): number {
  const next = ranked.findIndex((each) => isBehind(order, each, after));
  return next < 0 ? ranked.length : next;
}

/** A copy of a text that does not keep the one alive that it was cut from. */
function copy(text: string): string {
  return JSON.parse(JSON.stringify(text));
}

/** The attributes by whose unique keys a set is named, as far as these can go. */
function* passingAttributes(
  access: Access,
  type: ResourceType,
): Generator<Attribute> {
  if (access.kind === "union") {
    for (const part of access.of) yield* passingAttributes(part, type);
  } else if (access.kind === "equal" || access.kind === "range") {
    if (hasPassingKeys(type, access.attribute)) yield access.attribute;
  }
}

/** Whether an index names the matches and nothing else. */
function isExact(predicate: Predicate, access: Access): boolean {
  return predicate.kind === "comparison" && predicate.operator === "sw" &&
    access.kind === "range" && access.prefix !== undefined &&
    isExactPrefix(access.prefix);
}
