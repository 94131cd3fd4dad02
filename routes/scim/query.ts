/**
 * Reads the query parameters of a SCIM request (RFC 7644 section 3.4.2).
 * @module
 */

import { DEFAULT_PAGE_SIZE, MAX_RESULTS } from "../../domain/discovery.ts";
import { invalidFilter, invalidValue } from "../../domain/errors.ts";
import { compileFilter, type Predicate } from "../../domain/filter/compile.ts";
import { parseFilter } from "../../domain/filter/parse.ts";
import type { Profile } from "../../domain/profile.ts";
import {
  compileProjection,
  type Projection,
  splitNames,
} from "../../domain/projection.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import { clip } from "../../domain/text.ts";

/** Query parameters by name; `profile` decides whether case matters. */
export class QueryParameters {
  readonly #entries: readonly (readonly [string, string])[];
  readonly #ignoreCase: boolean;

  constructor(url: string, profile: Profile) {
    this.#entries = [...new URL(url).searchParams];
    this.#ignoreCase = profile.queryNamesIgnoreCase;
  }

  /** All values of a parameter, in order. */
  all(name: string): string[] {
    return this.#entries.filter(([key]) =>
      key === name ||
      (this.#ignoreCase && key.toLowerCase() === name.toLowerCase())
    ).map(([, value]) => value);
  }

  /** The first value of a parameter. */
  first(name: string): string | undefined {
    return this.all(name)[0];
  }
}

/**
 * Reads which attributes the answer shows.
 *
 * @throws {ScimError} 400 invalidValue when both lists are given
 */
export function readProjection(
  parameters: QueryParameters,
  type: ResourceType,
  profile: Profile,
): Projection {
  return compileProjection(type, {
    attributes: splitNames(parameters.all("attributes")),
    excludedAttributes: splitNames(parameters.all("excludedAttributes")),
  }, profile);
}

/** Whether a request names attributes, so that PATCH answers with the resource. */
export function namesAttributes(parameters: QueryParameters): boolean {
  return ["attributes", "excludedAttributes"].some((name) =>
    splitNames(parameters.all(name)).length > 0
  );
}

/**
 * Reads and compiles the filter; undefined when there is none.
 *
 * @throws {ScimError} 400 invalidFilter
 */
export function readFilter(
  parameters: QueryParameters,
  type: ResourceType,
  profile: Profile,
): Predicate | undefined {
  const text = parameters.first("filter");
  if (text === undefined) return undefined;
  if (text.trim() === "") {
    throw invalidFilter(
      "The filter is empty; leave the parameter out to get all resources",
    );
  }
  const filter = parseFilter(text, {
    unquotedValues: profile.unquotedFilterValues,
    singleQuotes: profile.singleQuotedFilters,
  });
  return compileFilter(filter, type, profile);
}

/** Which part of the results is wanted. */
export interface Paging {
  /** Counts from 1. */
  readonly startIndex: number;
  readonly count: number;
}

/**
 * Reads startIndex and count. Values below the least one count as the least
 * one; a count above the most counts as the most (RFC 7644 section 3.4.2.4).
 *
 * @throws {ScimError} 400 invalidValue for what is not an integer
 */
export function readPaging(parameters: QueryParameters): Paging {
  const startIndex = readInteger(parameters, "startIndex") ?? 1;
  const count = readInteger(parameters, "count") ?? DEFAULT_PAGE_SIZE;
  return {
    startIndex: Math.max(1, startIndex),
    count: Math.min(MAX_RESULTS, Math.max(0, count)),
  };
}

function readInteger(
  parameters: QueryParameters,
  name: string,
): number | undefined {
  const text = parameters.first(name);
  if (text === undefined) return undefined;
  if (!/^\s*[+-]?\d+\s*$/.test(text)) {
    throw invalidValue(
      `Parameter "${name}" must be an integer, not "${clip(text, 40)}"`,
    );
  }
  return Math.max(
    Number.MIN_SAFE_INTEGER,
    Math.min(Number.MAX_SAFE_INTEGER, Number(text)),
  );
}
