import { deepStrictEqual } from "node:assert/strict";
import access from "./exchanges/access.json" with { type: "json" };
import bulk from "./exchanges/bulk.json" with { type: "json" };
import compatibleClients from "./exchanges/compatible-clients.json" with {
  type: "json",
};
import compatibleValues from "./exchanges/compatible-values.json" with {
  type: "json",
};
import create from "./exchanges/create.json" with { type: "json" };
import cursors from "./exchanges/cursors.json" with { type: "json" };
import deletion from "./exchanges/delete.json" with { type: "json" };
import discovery from "./exchanges/discovery.json" with { type: "json" };
import errorsFilters from "./exchanges/errors-filters.json" with {
  type: "json",
};
import errorsRequests from "./exchanges/errors-requests.json" with {
  type: "json",
};
import etag from "./exchanges/etag.json" with { type: "json" };
import filters from "./exchanges/filters.json" with { type: "json" };
import groups from "./exchanges/groups.json" with { type: "json" };
import groupsNested from "./exchanges/groups-nested.json" with { type: "json" };
import paging from "./exchanges/paging.json" with { type: "json" };
import parallel from "./exchanges/parallel.json" with { type: "json" };
import patch from "./exchanges/patch.json" with { type: "json" };
import projection from "./exchanges/projection.json" with { type: "json" };
import put from "./exchanges/put.json" with { type: "json" };
import rfcPatch from "./exchanges/rfc-patch.json" with { type: "json" };
import rfcRequests from "./exchanges/rfc-requests.json" with { type: "json" };
import search from "./exchanges/search.json" with { type: "json" };
import sorting from "./exchanges/sorting.json" with { type: "json" };
import { isJsonObject, type JsonValue } from "../../domain/json.ts";
import { type ExchangeFile, parseExchangeFile } from "./exchange.ts";
import { findMismatches, isMatcher } from "./matchers.ts";
import { variablesIn } from "./substitute.ts";

/** Bare `deno test` may not read files, but it may import them. */
const FILES: Readonly<Record<string, unknown>> = {
  "access.json": access,
  "bulk.json": bulk,
  "compatible-clients.json": compatibleClients,
  "compatible-values.json": compatibleValues,
  "create.json": create,
  "cursors.json": cursors,
  "delete.json": deletion,
  "discovery.json": discovery,
  "errors-filters.json": errorsFilters,
  "errors-requests.json": errorsRequests,
  "etag.json": etag,
  "filters.json": filters,
  "groups.json": groups,
  "groups-nested.json": groupsNested,
  "paging.json": paging,
  "parallel.json": parallel,
  "patch.json": patch,
  "projection.json": projection,
  "put.json": put,
  "rfc-patch.json": rfcPatch,
  "rfc-requests.json": rfcRequests,
  "search.json": search,
  "sorting.json": sorting,
};

/** What the runner supplies; see README.md. */
const SUPPLIED = [
  "token",
  "read_token",
  "expired_token",
  "other_tenant_token",
];

for (const [name, content] of Object.entries(FILES)) {
  Deno.test(`${name} is in the exchange format`, () => {
    parseExchangeFile(content);
  });

  Deno.test(`${name} uses only variables that it has captured before`, () => {
    deepStrictEqual(unknownVariables(parseExchangeFile(content)), []);
  });

  Deno.test(`${name} has only well-formed matchers`, () => {
    const { exchanges } = parseExchangeFile(content);
    const found = exchanges.flatMap(({ expect }) =>
      malformedMatchers({ ...expect.headers_must, ...expect.body_must })
    );
    deepStrictEqual(found, []);
  });
}

function unknownVariables({ exchanges }: ExchangeFile): string[] {
  const known = new Set(SUPPLIED);
  const unknown: string[] = [];
  const use = (exchange: string, value: unknown) => {
    for (const name of variablesIn(value)) {
      if (!known.has(name)) unknown.push(`${exchange}: ${name}`);
    }
  };
  for (const { name, request, expect, capture } of exchanges) {
    use(name, request);
    for (const captured of Object.keys(capture ?? {})) known.add(captured);
    use(name, expect);
  }
  return unknown;
}

function malformedMatchers(value: JsonValue): JsonValue[] {
  if (typeof value !== "object" || value === null) return [];
  const within = Object.values(value).flatMap(malformedMatchers);
  const isMeantAsMatcher = isJsonObject(value) &&
    Object.keys(value).some((key) => key.startsWith("$") && key !== "$ref");
  if (!isMeantAsMatcher) return within;
  const isWellFormed = isMatcher(value) &&
    !findMismatches(value, undefined, "").join().includes("malformed");
  return isWellFormed ? within : [value, ...within];
}
