/**
 * The exchanges and vectors of the conformance tests as material to start from.
 * @module
 */

import access from "../conformance/exchanges/access.json" with { type: "json" };
import bulk from "../conformance/exchanges/bulk.json" with { type: "json" };
import compatibleClients from "../conformance/exchanges/compatible-clients.json" with {
  type: "json",
};
import compatibleValues from "../conformance/exchanges/compatible-values.json" with {
  type: "json",
};
import create from "../conformance/exchanges/create.json" with { type: "json" };
import cursors from "../conformance/exchanges/cursors.json" with {
  type: "json",
};
import deletion from "../conformance/exchanges/delete.json" with {
  type: "json",
};
import discovery from "../conformance/exchanges/discovery.json" with {
  type: "json",
};
import errorsFilters from "../conformance/exchanges/errors-filters.json" with {
  type: "json",
};
import errorsRequests from "../conformance/exchanges/errors-requests.json" with {
  type: "json",
};
import etag from "../conformance/exchanges/etag.json" with { type: "json" };
import filters from "../conformance/exchanges/filters.json" with {
  type: "json",
};
import groupsNested from "../conformance/exchanges/groups-nested.json" with {
  type: "json",
};
import groups from "../conformance/exchanges/groups.json" with { type: "json" };
import paging from "../conformance/exchanges/paging.json" with { type: "json" };
import parallel from "../conformance/exchanges/parallel.json" with {
  type: "json",
};
import patch from "../conformance/exchanges/patch.json" with { type: "json" };
import projection from "../conformance/exchanges/projection.json" with {
  type: "json",
};
import put from "../conformance/exchanges/put.json" with { type: "json" };
import rfcPatch from "../conformance/exchanges/rfc-patch.json" with {
  type: "json",
};
import rfcRequests from "../conformance/exchanges/rfc-requests.json" with {
  type: "json",
};
import search from "../conformance/exchanges/search.json" with { type: "json" };
import sorting from "../conformance/exchanges/sorting.json" with {
  type: "json",
};
import filterVectors from "../conformance/vectors/filters.json" with {
  type: "json",
};
import patchVectors from "../conformance/vectors/patch.json" with {
  type: "json",
};
import { isJsonObject, type JsonValue } from "../../domain/json.ts";
import { type Exchange, parseExchangeFile } from "../conformance/exchange.ts";

/** The requests of all exchanges; `{{name}}` stands for the id of something. */
export const EXCHANGES: readonly Exchange["request"][] = [
  access,
  bulk,
  compatibleClients,
  compatibleValues,
  create,
  cursors,
  deletion,
  discovery,
  errorsFilters,
  errorsRequests,
  etag,
  filters,
  groupsNested,
  groups,
  paging,
  parallel,
  patch,
  projection,
  put,
  rfcPatch,
  rfcRequests,
  search,
  sorting,
].flatMap((file) =>
  parseExchangeFile(file).exchanges.map(({ request }) => request)
);

/** The filters of the vectors. */
export const VECTOR_FILTERS: readonly string[] = membersOf(
  filterVectors,
  "filter",
).filter((filter) => typeof filter === "string");

/** The operations of each PATCH vector. */
export const VECTOR_OPERATIONS: readonly JsonValue[] = membersOf(
  patchVectors,
  "operations",
);

/** A member of each vector of a file. */
function membersOf(content: { vectors: object[] }, name: string): JsonValue[] {
  const vectors: JsonValue = JSON.parse(JSON.stringify(content.vectors));
  return (Array.isArray(vectors) ? vectors : []).flatMap((vector) => {
    const member = isJsonObject(vector) ? vector[name] : undefined;
    return member === undefined ? [] : [member];
  });
}
