/**
 * Queries over one resource type or all of them (RFC 7644 sections 3.4.2 and
 * 3.4.3, RFC 9865).
 * @module
 */

import { DEFAULT_PAGE_SIZE, MAX_RESULTS } from "../../domain/discovery.ts";
import { invalidFilter, invalidValue, ScimError } from "../../domain/errors.ts";
import type { Filter } from "../../domain/filter/ast.ts";
import {
  compileFilter,
  type Mismatch,
  type Predicate,
} from "../../domain/filter/compile.ts";
import { parseFilter } from "../../domain/filter/parse.ts";
import { attributesNamed } from "../../domain/filter/plan.ts";
import type { JsonValue } from "../../domain/json.ts";
import type { SearchRequest } from "../../domain/messages/search.ts";
import { parseAttributePath } from "../../domain/path.ts";
import type { Profile } from "../../domain/profile.ts";
import {
  compileProjection,
  type Projection,
  splitNames,
} from "../../domain/projection.ts";
import {
  nearestAttribute,
  resolvePath,
  type ResourceType,
} from "../../domain/schema/compile.ts";
import {
  compareSortKeys,
  compileSortOrder,
  type SortOrder,
} from "../../domain/sorting.ts";
import { clip } from "../../domain/text.ts";
import type { Query } from "../../storage/queries.ts";
import type { Place } from "../../storage/ranks.ts";
import type { ResourceRecord } from "../../storage/records.ts";
import type { Services } from "../services.ts";
import { listOfTexts } from "./answers.ts";
import type { Client } from "./environment.ts";
import type { QueryParameters } from "./query.ts";

/** How long a page becomes at the most, in characters; but one resource is always shown. */
const MAX_PAGE_LENGTH = 16_777_216;

/** How many resources are made ready at a time. */
const SHOWN_AT_ONCE = 100;

/** What a search asks for, from a query string or a SearchRequest. */
export interface Search {
  readonly attributes: readonly string[];
  readonly excludedAttributes: readonly string[];
  readonly filter: string | undefined;
  readonly sortBy: string | undefined;
  readonly sortOrder: string | undefined;
  /** Counts from 1. */
  readonly startIndex: number | undefined;
  readonly count: number | undefined;
  /** Empty at the beginning of a walk. */
  readonly cursor: string | undefined;
  /** Whether the search stands in the URL, which others write down. */
  readonly isInUrl: boolean;
}

/** Where a search happens. */
export interface SearchScope {
  readonly client: Client;
  /** The SCIM base URL, without a slash at its end. */
  readonly base: string;
  readonly types: readonly ResourceType[];
}

/**
 * Reads a search from the query string.
 *
 * @throws {ScimError} 400 invalidValue for numbers that are none
 */
export function searchOfQuery(parameters: QueryParameters): Search {
  return {
    attributes: splitNames(parameters.all("attributes")),
    excludedAttributes: splitNames(parameters.all("excludedAttributes")),
    filter: parameters.first("filter"),
    sortBy: parameters.first("sortBy"),
    sortOrder: parameters.first("sortOrder"),
    startIndex: readInteger("startIndex", parameters.first("startIndex")),
    count: readInteger("count", parameters.first("count")),
    cursor: parameters.first("cursor"),
    isInUrl: true,
  };
}

/** Reads a search from a message. */
export function searchOfMessage(request: SearchRequest): Search {
  const { startIndex, count } = request;
  return {
    attributes: splitNames(request.attributes ?? []),
    excludedAttributes: splitNames(request.excludedAttributes ?? []),
    filter: request.filter ?? undefined,
    sortBy: request.sortBy ?? undefined,
    sortOrder: request.sortOrder ?? undefined,
    startIndex: startIndex == null ? undefined : clampInteger(startIndex),
    count: count == null ? undefined : clampInteger(count),
    cursor: request.cursor ?? undefined,
    isInUrl: false,
  };
}

/**
 * Answers a search with a ListResponse.
 *
 * @throws {ScimError} 400 invalidFilter, invalidValue, tooMany, invalidCursor,
 * expiredCursor or invalidCount; 403 sensitive
 */
export async function answerSearch(
  services: Services,
  scope: SearchScope,
  search: Search,
): Promise<Response> {
  const queries = compileQueries(scope, search);
  const projections = new Map(
    scope.types.map((type) => [
      type,
      compileProjection(type, search, scope.client.profile),
    ]),
  );
  const found = search.cursor === undefined
    ? await findPage(services, queries, search)
    : await findStep(services, scope, queries, search, search.cursor);
  const { texts, nextCursor } = await show(services, scope, projections, found);
  return listOfTexts(texts, {
    ...(found.totalResults === undefined
      ? {}
      : { totalResults: found.totalResults }),
    ...(found.startIndex === undefined ? {} : { startIndex: found.startIndex }),
    ...(nextCursor === undefined ? {} : { nextCursor }),
  });
}

/** What was found of one type. */
interface Part {
  readonly type: ResourceType;
  readonly records: readonly ResourceRecord[];
  readonly contiguous: boolean;
}

/** What was found; parts are in the order of the answer. */
interface Found {
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

/** One query for each type; what a type does not have counts as no value. */
function compileQueries(
  { client, base, types }: SearchScope,
  search: Search,
): Query[] {
  const { profile, token } = client;
  const filter = readFilter(search.filter, profile);
  const predicates = filter === undefined
    ? []
    : compileFor(types, filter, profile);
  if (search.isInUrl) predicates.forEach(refuseSensitive);
  const orders = ordersFor(types, search, profile);
  return types.map((type, index) => ({
    tenant: token.tenant,
    base,
    type,
    predicate: predicates[index],
    order: orders[index],
  }));
}

/** Keeps values that are sensitive out of URLs (RFC 7644 section 7.5.2). */
function refuseSensitive(predicate: Predicate): void {
  for (const { sensitive, path } of attributesNamed(predicate)) {
    if (!sensitive) continue;
    throw new ScimError(
      403,
      "sensitive",
      `Attribute "${path}" is sensitive and must not stand in a URL; send the ` +
        "filter by POST /.search",
    );
  }
}

function readFilter(
  text: string | undefined,
  profile: Profile,
): Filter | undefined {
  if (text === undefined) return undefined;
  if (text.trim() === "") {
    throw invalidFilter(
      "The filter is empty; leave the parameter out to get all resources",
    );
  }
  return parseFilter(text, {
    unquotedValues: profile.unquotedFilterValues,
    singleQuotes: profile.singleQuotedFilters,
  });
}

/**
 * Compiles a filter for each of several types.
 *
 * @throws {ScimError} 400 invalidFilter for a test that no type can make
 */
function compileFor(
  types: readonly ResourceType[],
  filter: Filter,
  profile: Profile,
): Predicate[] {
  const [only] = types;
  if (types.length === 1 && only !== undefined) {
    return [compileFilter(filter, only, profile)];
  }
  const mismatches: Mismatch[] = [];
  const predicates = types.map((type) =>
    compileFilter(filter, type, {
      ...profile,
      onMismatch: (mismatch) => mismatches.push(mismatch),
    })
  );
  for (const same of Map.groupBy(mismatches, (m) => m.position).values()) {
    const [first] = same;
    if (first === undefined || same.length < types.length) continue;
    throw same.find(({ isKnown }) => isKnown)?.error ??
      invalidFilter(definedNowhere(types, first.name));
  }
  return predicates;
}

/** What to say about a name that no resource type has. */
function definedNowhere(types: readonly ResourceType[], name: string): string {
  const path = parseAttributePath(name) ?? { name };
  const { subAttribute: _, ...parent } = path;
  const close = [path, parent]
    .flatMap((path) => types.map((type) => nearestAttribute(type, path)))
    .find((found) => found !== undefined);
  return `Attribute "${clip(name, 80)}" is not defined for any resource type` +
    (close === undefined ? "" : `; did you mean "${close}"?`);
}

/**
 * The order for each type that has the attribute; one of them must have it. If
 * none can be sorted by it, a type that has it knows why.
 */
function ordersFor(
  types: readonly ResourceType[],
  { sortBy, sortOrder }: Search,
  profile: Profile,
): (SortOrder | undefined)[] {
  const refusals = new Map<ResourceType, unknown>();
  const orders = types.map((type) => {
    try {
      return compileSortOrder(type, sortBy, sortOrder, profile);
    } catch (error) {
      refusals.set(type, error);
      return undefined;
    }
  });
  const [first] = types;
  if (first === undefined || refusals.size < types.length) return orders;
  const path = parseAttributePath(sortBy?.trim() ?? "");
  const knowing = types.find((type) =>
    path !== undefined &&
    resolvePath(type, path, profile)?.kind === "attribute"
  );
  if (knowing !== undefined) throw refusals.get(knowing);
  // The direction is the same mistake for every type.
  compileSortOrder(first, undefined, sortOrder, profile);
  throw types.length === 1 ? refusals.get(first) : invalidValue(
    `"sortBy": ${definedNowhere(types, sortBy?.trim() ?? "")}`,
  );
}

/** A page by index, over one type after the other or in one order. */
async function findPage(
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
async function findStep(
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
  if (each.length > 1 && each.some(({ order }) => order !== undefined)) {
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
  const cursorAt = (type: ResourceType, { id, key }: Place, sorted: boolean) =>
    cursors.make(tenant, bound, {
      id,
      ...(sorted ? { key: key ?? null } : {}),
      ...(each.length === 1 ? {} : { type: type.name }),
    }, count);
  const places = new Map<string, Place>();
  const isSorted = each.some(({ order }) => order !== undefined);
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
    next = isLast ? undefined : cursorAt(
      query.type,
      { id: end.id, key: step.next?.key },
      query.order !== undefined,
    );
  }
  return {
    parts,
    totalResults: total,
    nextCursor: next,
    cursorBehind: ({ id }, type) =>
      cursorAt(type, places.get(id) ?? { id }, isSorted),
  };
}

function placeOf(
  position: { id: string; key?: string | number | boolean | null } | undefined,
) {
  return position && { id: position.id, key: position.key ?? undefined };
}

/**
 * Representations as the search asked for them, as JSON. A page that would become
 * too large ends early, as it may (RFC 7644 section 3.4.2.4).
 */
async function show(
  { views }: Services,
  { client, base }: SearchScope,
  projections: ReadonlyMap<ResourceType, Projection>,
  { parts, nextCursor, cursorBehind }: Found,
): Promise<{ texts: string[]; nextCursor: string | undefined }> {
  const texts: string[] = [];
  let size = 0;
  let last: { record: ResourceRecord; type: ResourceType } | undefined;
  for (const batch of batchesOf(parts)) {
    const shown = await Promise.all(batch.map(async (part) => {
      const { type, records, contiguous } = part;
      const projection = projections.get(type);
      if (projection === undefined) return [];
      const resources = await views.represent({
        tenant: client.token.tenant,
        type,
        records,
        base,
        contiguous,
        wants: (attribute) => projection.shows(attribute),
      });
      return records.map((record, index) => ({
        record,
        type,
        resource: projection.apply(resources[index] ?? {}),
      }));
    }));
    for (const { record, type, resource } of shown.flat()) {
      const text = JSON.stringify(resource);
      if (last !== undefined && size + text.length > MAX_PAGE_LENGTH) {
        return { texts, nextCursor: cursorBehind?.(last.record, last.type) };
      }
      size += text.length;
      texts.push(text);
      last = { record, type };
    }
  }
  return { texts, nextCursor };
}

/** Cuts parts into batches of no more than so many records as are shown at once. */
function* batchesOf(parts: readonly Part[]): Generator<Part[]> {
  let batch: Part[] = [];
  let size = 0;
  for (const part of parts) {
    for (let i = 0; i < part.records.length; i += SHOWN_AT_ONCE) {
      const records = part.records.slice(i, i + SHOWN_AT_ONCE);
      if (size + records.length > SHOWN_AT_ONCE) {
        yield batch;
        batch = [];
        size = 0;
      }
      batch.push({ ...part, records });
      size += records.length;
    }
  }
  if (batch.length > 0) yield batch;
}

function pageSize(count: number | undefined): number {
  return Math.min(MAX_RESULTS, Math.max(0, count ?? DEFAULT_PAGE_SIZE));
}

function readInteger(
  name: string,
  text: JsonValue | undefined,
): number | undefined {
  if (text === undefined) return undefined;
  if (typeof text !== "string" || !/^\s*[+-]?\d+\s*$/.test(text)) {
    throw invalidValue(
      `Parameter "${name}" must be an integer, not "${clip(String(text), 40)}"`,
    );
  }
  return clampInteger(Number(text));
}

function clampInteger(value: number): number {
  return Math.max(
    Number.MIN_SAFE_INTEGER,
    Math.min(Number.MAX_SAFE_INTEGER, value),
  );
}
