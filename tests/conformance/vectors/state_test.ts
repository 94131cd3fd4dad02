import { deepStrictEqual, notDeepStrictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import { CORE_SCHEMAS, KnownSchemas } from "./schemas.ts";
import { differences, stateOf, wholeOf } from "./state.ts";

const EXTENSION = "urn:example:schemas:Extra";

const SCHEMAS = new KnownSchemas({
  Resources: [
    {
      id: CORE_SCHEMAS.User,
      attributes: [
        { name: "groups", mutability: "readOnly" },
        {
          name: "emails",
          subAttributes: [
            { name: "value" },
            { name: "proof", mutability: "readOnly" },
          ],
        },
      ],
    },
    {
      id: EXTENSION,
      attributes: [{ name: "rank", mutability: "readOnly" }],
    },
  ],
});

function state(resource: JsonObject): JsonObject {
  return stateOf(resource, "User", SCHEMAS);
}

Deno.test("stateOf() leaves out what the server makes", () => {
  const resource = { schemas: [], id: "1", meta: {}, userName: "u" };
  deepStrictEqual(state(resource), { userName: "u" });
});

Deno.test("stateOf() leaves out read-only attributes, sub-attributes too", () => {
  deepStrictEqual(
    state({
      groups: [{ value: "g" }],
      emails: [{ value: "a", proof: "x" }],
      [EXTENSION]: { rank: 1, size: 2 },
    }),
    { emails: [{ value: "a" }], [`${EXTENSION}:size`]: 2 },
  );
});

for (const nothing of [null, [], {}, [null], { givenName: null }]) {
  Deno.test(`stateOf() reads ${JSON.stringify(nothing)} as no value`, () => {
    deepStrictEqual(state({ name: nothing }), {});
  });
}

for (const something of ["", 0, false]) {
  Deno.test(`stateOf() reads ${JSON.stringify(something)} as a value`, () => {
    deepStrictEqual(state({ title: something }), { title: something });
  });
}

Deno.test("stateOf() reads primary: false as no primary", () => {
  deepStrictEqual(
    state({ emails: [{ value: "a", primary: false }] }),
    state({ emails: [{ value: "a" }] }),
  );
});

Deno.test("stateOf() tells primary: true from no primary", () => {
  notDeepStrictEqual(
    state({ emails: [{ value: "a", primary: true }] }),
    state({ emails: [{ value: "a" }] }),
  );
});

Deno.test("stateOf() gives elements and names an order of their own", () => {
  deepStrictEqual(
    JSON.stringify(
      state({ emails: [{ value: "b", type: "x" }, { value: "a" }] }),
    ),
    JSON.stringify(
      state({ emails: [{ value: "a" }, { type: "x", value: "b" }] }),
    ),
  );
});

Deno.test("stateOf() counts equal elements", () => {
  notDeepStrictEqual(
    state({ emails: [{ value: "a" }, { value: "a" }] }),
    state({ emails: [{ value: "a" }] }),
  );
});

Deno.test("stateOf() tells members and managers by their value", () => {
  deepStrictEqual(
    state({
      members: [{ value: "1", $ref: "../Users/1", display: "One" }],
      [EXTENSION]: { manager: { value: "2", displayName: "Two" } },
    }),
    { members: [{ value: "1" }], [`${EXTENSION}:manager`]: { value: "2" } },
  );
});

Deno.test("wholeOf() leaves nothing out", () => {
  const resource = { id: "1", meta: { version: "2" }, groups: [], title: null };
  deepStrictEqual(wholeOf(resource), resource);
});

Deno.test("differences() names each attribute that is another, missing or new", () => {
  deepStrictEqual(
    [...differences({ a: 1, b: 2, c: 3 }, { a: 1, b: 3, d: 4 })],
    [
      "b: expected 2, got 3",
      "c: expected 3, got nothing",
      "d: expected nothing, got 4",
    ],
  );
});
