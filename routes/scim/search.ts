/**
 * Queries over one resource type or all of them (RFC 7644 sections 3.4.2 and
 * 3.4.3, RFC 9865): what they ask for, and the answer.
 * @module
 */

import { invalidValue } from "../../domain/errors.ts";
import type { JsonValue } from "../../domain/json.ts";
import type { SearchRequest } from "../../domain/messages/search.ts";
import { compileProjection, splitNames } from "../../domain/projection.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import { clip } from "../../domain/text.ts";
import type { Services } from "../services.ts";
import { listOfOne, listOfTexts, reportingCutOff } from "./answers.ts";
import type { Client } from "./environment.ts";
import { findPage, findStep } from "./find.ts";
import type { QueryParameters } from "./query.ts";
import { compileQueries } from "./search_queries.ts";
import { show } from "./show.ts";

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
  /** Aborted when the client goes away. */
  readonly signal?: () => AbortSignal;
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
  const page = await show(services, scope, projections, found);
  const { texts, alone, nextCursor } = page;
  const more = {
    ...(found.totalResults === undefined
      ? {}
      : { totalResults: found.totalResults }),
    ...(found.startIndex === undefined ? {} : { startIndex: found.startIndex }),
    ...(nextCursor === undefined ? {} : { nextCursor }),
  };
  return alone === undefined
    ? listOfTexts(texts, more)
    : listOfOne(alone, more, reportingCutOff(services));
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
