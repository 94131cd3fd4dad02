import assert from "node:assert/strict";
import type { JsonValue } from "../../../domain/json.ts";
import {
  readSearchRequest,
  SEARCH_REQUEST_SCHEMA,
} from "../../../domain/messages/search.ts";
import { refuses } from "../fixtures.ts";

const schemas = [SEARCH_REQUEST_SCHEMA];

Deno.test("44-3.4.3-3 a search has these members", () => {
  const request = {
    attributes: ["userName"],
    excludedAttributes: ["emails"],
    filter: "title pr",
    sortBy: "userName",
    sortOrder: "descending",
    startIndex: 3,
    count: 2,
    cursor: "",
  };
  assert.deepEqual(readSearchRequest({ schemas, ...request }), request);
});

Deno.test("44-3.4.3-3 all but schemas may be left out", () => {
  assert.deepEqual(readSearchRequest({ schemas }), {});
});

Deno.test("names of members and the schema URI are read in any case", () => {
  assert.deepEqual(
    readSearchRequest({
      SCHEMAS: ["urn:other", SEARCH_REQUEST_SCHEMA.toUpperCase()],
      StartIndex: 2,
      SORTBY: "title",
    }),
    { startIndex: 2, sortBy: "title" },
  );
});

Deno.test("unknown members have no effect", () => {
  assert.deepEqual(
    readSearchRequest({ schemas, page: 4, constructor: 1, count: 1 }),
    { count: 1 },
  );
});

Deno.test("names of attributes may be one text with commas", () => {
  assert.deepEqual(
    readSearchRequest({ schemas, attributes: "userName,name.givenName" }),
    { attributes: ["userName", "name.givenName"] },
  );
});

for (
  const wrong of [
    undefined,
    null,
    [],
    SEARCH_REQUEST_SCHEMA,
    ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    [7],
  ] satisfies (JsonValue | undefined)[]
) {
  Deno.test(`44-3.4.3-2 schemas ${JSON.stringify(wrong)} is 400 invalidSyntax`, () => {
    refuses(
      () => readSearchRequest(wrong === undefined ? {} : { schemas: wrong }),
      400,
      "invalidSyntax",
      SEARCH_REQUEST_SCHEMA,
    );
  });
}

for (
  const [name, value, wanted] of [
    ["attributes", 7, "array of attribute names"],
    ["excludedAttributes", [1], "array of attribute names"],
    ["filter", {}, "a string"],
    ["sortBy", ["userName"], "a string"],
    ["sortOrder", true, "a string"],
    ["startIndex", "2", "an integer"],
    ["count", 1.5, "an integer"],
    ["count", Infinity, "an integer"],
    ["cursor", 0, "a string"],
  ] satisfies [string, JsonValue, string][]
) {
  Deno.test(`${name} ${JSON.stringify(value)} is 400 invalidValue`, () => {
    refuses(
      () => readSearchRequest({ schemas, [name]: value }),
      400,
      "invalidValue",
      `"${name}"`,
      wanted,
    );
  });
}
