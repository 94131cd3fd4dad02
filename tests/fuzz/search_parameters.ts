/**
 * Parameters of searches: filters, orders, pages, cursors, attributes.
 * @module
 */

import { VECTOR_FILTERS } from "./corpus.ts";
import { attributeName, attributeNames, filter } from "./filters.ts";
import type { Random } from "./random.ts";
import type { Tenant, World } from "./world.ts";

/** Query parameters, or members of a search, for a search at an endpoint. */
export function searchOf(
  random: Random,
  tenant: Tenant,
  endpoint: string,
  world: World,
): Record<string, string> {
  const may = (probability: number, name: string, make: () => string) =>
    random.chance(probability) ? { [name]: make() } : {};
  const searched = endpoint === "" ? random.pick(tenant.endpoints) : endpoint;
  return {
    ...may(
      0.7,
      "filter",
      () =>
        random.chance(0.1)
          ? random.pick(VECTOR_FILTERS)
          : filter(random, tenant, searched),
    ),
    ...may(0.5, "count", () =>
      random.weighted([
        [10, String(random.int(30))],
        [2, random.pick(["0", "-1", "1000", "1e3", "99999999999", "x", "1.5"])],
      ])),
    ...may(0.25, "startIndex", () =>
      random.weighted([
        [10, String(1 + random.int(60))],
        [2, random.pick(["0", "-5", "1e30", "99999999999999999999", ""])],
      ])),
    ...may(
      0.15,
      "cursor",
      () =>
        world.cursors.length > 0 && random.chance(0.6)
          ? random.pick(world.cursors)
          : random.pick(["", "x", "%00", "AAAA", "é"]),
    ),
    ...may(0.3, "sortBy", () => attributeName(random, searched)),
    ...may(
      0.15,
      "sortOrder",
      () => random.pick(["ascending", "descending", "Descending", "up"]),
    ),
    ...may(0.15, "attributes", () => attributeNames(random, searched)),
    ...may(0.08, "excludedAttributes", () => attributeNames(random, searched)),
    ...may(
      0.03,
      random.pick(["__proto__", "aadOptscim062020", "x"]),
      () => "1",
    ),
  };
}

/** A query that says which attributes an answer shows. */
export function projection(random: Random, endpoint: string): string {
  return queryOf({
    [random.pick(["attributes", "excludedAttributes", "Attributes"])]:
      attributeNames(random, endpoint),
  });
}

/** A query with its question mark; nothing when there are no parameters. */
export function queryOf(parameters: Readonly<Record<string, string>>): string {
  const parts = Object.entries(parameters).map(([name, value]) =>
    `${name}=${encodeURIComponent(value.toWellFormed())}`
  );
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
