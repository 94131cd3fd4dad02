/**
 * Finds a page of a search over several resource types: by index, in one order, or
 * by cursor (RFC 7644 section 3.4.2.4, RFC 9865).
 * @module
 */

import { invalidValue, ScimError } from "../../domain/errors.ts";
import { DEFAULT_PAGE_SIZE, MAX_RESULTS } from "../../domain/limits.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import { compareSortKeys } from "../../domain/sorting.ts";
import type { Position } from "../../storage/cursors.ts";
import type { Query } from "../../storage/queries.ts";
import type { Place } from "../../storage/ranks.ts";
import type { ResourceRecord } from "../../storage/records.ts";
import type { Services } from "../services.ts";
import type { Search, SearchScope } from "./search.ts";

/** What was found of one type. */
export interface Part {
  readonly type: ResourceType;
  readonly records: readonly ResourceRecord[];
  readonly contiguous: boolean;
}

/** What was found; parts are in the order of the answer. */
export interface Found {
  readonly parts: readonly Part[];
  readonly totalResults: number | undefined;
  readonly startIndex?: number;
  readonly nextCursor?: string | undefined;
  /** The cursor of a page that ends with a record, for pages that have one. */
  readonly cursorBehind?: (
    record: ResourceRecord,
    type: ResourceType,
  ) => string;
}

/** A page by index, over one type after the other or in one order. */
export async function findPage(
  { queries }: Services,
  each: readonly Query[],
  search: Search,
): Promise<Found> {
  const startIndex = Math.max(1, search.startIndex ?? 1);
  const count = pageSize(search.count);
  if (each.length > 1 && each.some(({ order }) => order !== undefined)) {
    return await findInOrder(queries, each, startIndex, count);
  }
  const parts: Part[] = [];
  let total = 0;
  let left = count;
  for (const query of each) {
    const page = await queries.page({
      ...query,
      startIndex: Math.max(1, startIndex - total),
      count: left,
    });
    parts.push({ ...page, type: query.type });
    total += page.totalResults;
    left -= page.records.length;
  }
  return { parts, totalResults: total, startIndex };
}

/** A page over several types in one order. */
async function findInOrder(
  queries: Services["queries"],
  each: readonly Query[],
  startIndex: number,
  count: number,
): Promise<Found> {
  const order = each.find((query) => query.order !== undefined)?.order;
  const ranked = (await Promise.all(
    each.map(async (query) =>
      (await queries.ranked(query)).map((rank) => ({ ...rank, query }))
    ),
  )).flat();
  if (order !== undefined) {
    ranked.sort((a, b) => compareSortKeys(order, a.key, b.key));
  }
  const runs: { query: Query; ids: string[] }[] = [];
  for (const { id, query } of ranked.slice(startIndex - 1).slice(0, count)) {
    const run = runs.at(-1);
    if (run?.query === query) run.ids.push(id);
    else runs.push({ query, ids: [id] });
  }
  const parts = await Promise.all(runs.map(async ({ query, ids }) => ({
    type: query.type,
    records: await queries.records(query, ids),
    contiguous: false,
  })));
  return { parts, totalResults: ranked.length, startIndex };
}

/** A page by cursor, over one type after the other. */
export async function findStep(
  services: Services,
  { client, base }: SearchScope,
  each: readonly Query[],
  search: Search,
  cursor: string,
): Promise<Found> {
  if (search.startIndex !== undefined) {
    throw invalidValue(
      '"cursor" and "startIndex" cannot be used together; send one',
    );
  }
  const isSorted = each.some(({ order }) => order !== undefined);
  if (each.length > 1 && isSorted) {
    throw invalidValue(
      "A walk by cursor over several resource types cannot be sorted; ask for " +
        "one type, or page by startIndex",
    );
  }
  const { queries, cursors } = services;
  const { tenant } = client.token;
  const bound = [
    base,
    each.map(({ type }) => type.name),
    search.filter,
    search.sortBy,
    search.sortOrder,
    search.attributes,
    search.excludedAttributes,
  ];
  const begun = cursor === "" ? undefined : cursors.read(tenant, bound, cursor);
  const count = begun?.count ?? pageSize(search.count);
  if (begun !== undefined && pageSize(search.count ?? count) !== count) {
    throw new ScimError(
      400,
      "invalidCount",
      `"count" must be ${count} for the whole walk, as in its first request`,
    );
  }
  // Nothing but totalResults was asked for, so that has to be counted.
  if (count === 0) {
    const { parts, totalResults } = await findPage(services, each, {
      ...search,
      count,
    });
    return { parts, totalResults };
  }
  const parts: Part[] = [];
  const cursorAt = (type: ResourceType, { id, key }: Place) =>
    cursors.make(tenant, bound, {
      id,
      ...(isSorted ? { key: key ?? null } : {}),
      ...(each.length === 1 ? {} : { type: type.name }),
    }, count);
  const places = new Map<string, Place>();
  let left = count;
  let total: number | undefined = 0;
  let reached = begun?.position.type === undefined;
  let next: string | undefined;
  for (const query of each) {
    const starts = query.type.name === begun?.position.type;
    reached ||= starts;
    const step = await queries.step({
      ...query,
      after: starts || each.length === 1 ? placeOf(begun?.position) : undefined,
      count: reached ? left : 0,
    });
    total = total === undefined || step.totalResults === undefined
      ? undefined
      : total + step.totalResults;
    parts.push({ ...step, type: query.type });
    for (const place of step.places ?? []) places.set(place.id, place);
    left = step.next === undefined ? left - step.records.length : 0;
    const end = step.next ?? step.records.at(-1);
    if (end === undefined) continue;
    const isLast = step.next === undefined &&
      (left > 0 || query === each.at(-1));
    next = isLast
      ? undefined
      : cursorAt(query.type, { id: end.id, key: step.next?.key });
  }
  return {
    parts,
    totalResults: total,
    nextCursor: next,
    cursorBehind: ({ id }, type) => cursorAt(type, places.get(id) ?? { id }),
  };
}

function placeOf(position: Position | undefined): Place | undefined {
  return position && { id: position.id, key: position.key ?? undefined };
}

function pageSize(count: number | undefined): number {
  return Math.min(MAX_RESULTS, Math.max(0, count ?? DEFAULT_PAGE_SIZE));
}
