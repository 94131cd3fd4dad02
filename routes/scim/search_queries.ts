/**
 * Compiles a search into one query for each resource type (RFC 7644 sections
 * 3.4.2.1 to 3.4.2.3).
 * @module
 */

import { invalidFilter, invalidValue, ScimError } from "../../domain/errors.ts";
import type { Filter } from "../../domain/filter/ast.ts";
import {
  compileFilter,
  type Mismatch,
  type Predicate,
} from "../../domain/filter/compile.ts";
import { parseFilter } from "../../domain/filter/parse.ts";
import { attributesNamed } from "../../domain/filter/plan.ts";
import { parseAttributePath } from "../../domain/path.ts";
import type { Profile } from "../../domain/profile.ts";
import {
  nearestAttribute,
  resolvePath,
  type ResourceType,
} from "../../domain/schema/compile.ts";
import { compileSortOrder, type SortOrder } from "../../domain/sorting.ts";
import { clip } from "../../domain/text.ts";
import type { Query } from "../../storage/queries.ts";
import type { Search, SearchScope } from "./search.ts";

/** One query for each type; what a type does not have counts as no value. */
export function compileQueries(
  { client, base, types, signal }: SearchScope,
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
    signal,
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
