import assert from "node:assert/strict";
import type { JsonObject } from "../../domain/json.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import {
  compareSortKeys,
  compileSortOrder,
  sortKey,
} from "../../domain/sorting.ts";
import { DEVICE, ENTERPRISE_URI, refuses, USER } from "./fixtures.ts";

/** The ids of resources in the order that is asked for. */
function sorted(
  type: ResourceType,
  resources: readonly JsonObject[],
  sortBy: string,
  sortOrder?: string,
): string[] {
  const order = compileSortOrder(type, sortBy, sortOrder);
  assert.ok(order !== undefined);
  return resources
    .map((resource) => ({ id: resource["id"], key: sortKey(order, resource) }))
    .sort((a, b) => compareSortKeys(order, a.key, b.key))
    .map(({ id }) => String(id));
}

/** Resources with ids from 1, each with one value of an attribute, if any. */
function having(name: string, ...values: unknown[]): JsonObject[] {
  return values.map((value, index) => ({
    id: `${index + 1}`,
    ...(value === undefined ? {} : { [name]: value } as JsonObject),
  }));
}

/** What is sorted by, which values there are, and the ids in ascending order. */
const ORDERS: readonly (readonly [
  string,
  ResourceType,
  string,
  readonly JsonObject[],
  string,
])[] = [
  [
    "44-3.4.2.3-6 text without regard to case",
    USER,
    "userName",
    having("userName", "b", "C", "A", "a1"),
    "3412",
  ],
  [
    "44-3.4.2.3-6 text with regard to case",
    USER,
    "externalId",
    having("externalId", "b", "C", "a", "B"),
    "4231",
  ],
  [
    "44-3.4.2.3-6 text by code point",
    USER,
    "userName",
    having("userName", "\u{1f600}", "\ue000", "z", "é"),
    "3421",
  ],
  [
    "44-3.4.2.3-6 dateTimes by time",
    DEVICE,
    "bought",
    having(
      "bought",
      "2024-01-01T12:00:00+05:00",
      "2024-01-01T08:00:00Z",
      "2024-01-01T07:00:00.5Z",
      "2023-12-31T23:00:00-08:30",
    ),
    "1342",
  ],
  [
    "44-3.4.2.3-6 integers by value",
    DEVICE,
    "ports",
    having("ports", 10, 9, -1, 0),
    "3421",
  ],
  [
    "44-3.4.2.3-6 decimals by value",
    DEVICE,
    "price",
    having("price", 1e3, 9.5, -0.5, 9.25),
    "3421",
  ],
  [
    "44-3.4.2.3-6 false before true",
    USER,
    "active",
    having("active", true, false, undefined),
    "213",
  ],
  [
    "44-3.4.2.3-2 the primary element, else the first",
    USER,
    "emails",
    having(
      "emails",
      [{ value: "a" }, { value: "z", primary: true }],
      [{ value: "m" }, { value: "a" }],
      [{ value: "x", primary: false }, { value: "b" }],
    ),
    "231",
  ],
  [
    "44-3.4.2.3-2 another sub-attribute of the primary element",
    USER,
    "emails.type",
    having(
      "emails",
      [{ value: "a", type: "work" }],
      [{ value: "b", type: "a" }, { value: "c", primary: true }],
      [{ value: "d", type: "home" }],
    ),
    "312",
  ],
  [
    "44-3.4.2.3-2 the first of several plain values",
    DEVICE,
    "tags",
    having("tags", ["c", "a"], ["b", "z"], []),
    "213",
  ],
  [
    "44-3.4.2.3-3 a sub-attribute of a complex attribute",
    USER,
    "name.givenName",
    having("name", { givenName: "B" }, { familyName: "A" }, { givenName: "a" }),
    "312",
  ],
  [
    "44-3.4.2.3-3 an attribute of an extension",
    USER,
    `${ENTERPRISE_URI}:department`,
    having(ENTERPRISE_URI, { department: "b" }, undefined, { department: "A" }),
    "312",
  ],
  [
    "44-3.4.2.3-4 those without a value last",
    USER,
    "title",
    having("title", undefined, "b", "a"),
    "321",
  ],
];

for (const [name, type, sortBy, resources, ascending] of ORDERS) {
  Deno.test(`${name}: ${sortBy}`, () => {
    assert.equal(sorted(type, resources, sortBy).join(""), ascending);
    assert.equal(
      sorted(type, resources, sortBy, "descending").join(""),
      [...ascending].reverse().join(""),
    );
  });
}

Deno.test("44-3.4.2.3-4 the empty string counts as no value", () => {
  const resources = having("title", "b", "", "a");
  assert.deepEqual(sorted(USER, resources, "title"), ["3", "1", "2"]);
  assert.deepEqual(
    sorted(USER, resources, "title", "descending"),
    ["2", "1", "3"],
  );
});

Deno.test("44-3.4.2.3-5 names and directions are read in any case", () => {
  const resources = having("userName", "b", "a");
  assert.deepEqual(
    sorted(USER, resources, " USERNAME ", "Descending"),
    ["1", "2"],
  );
  assert.deepEqual(
    sorted(
      USER,
      resources,
      "urn:ietf:params:scim:schemas:core:2.0:User:userName",
    ),
    ["2", "1"],
  );
});

Deno.test("44-3.4.2.3-8 sortOrder without sortBy has no effect", () => {
  for (const sortBy of [undefined, "", " "]) {
    assert.equal(compileSortOrder(USER, sortBy, "descending"), undefined);
  }
});

for (const sortOrder of ["asc", "", "descending ", "toString"]) {
  Deno.test(`44-3.4.2.3-5 sortOrder "${sortOrder}" is 400 invalidValue`, () => {
    refuses(
      () => compileSortOrder(USER, "userName", sortOrder),
      400,
      "invalidValue",
      '"ascending" or "descending"',
    );
  });
}

for (
  const [sortBy, ...fragments] of [
    ["name", '"name" is complex', '"name.'],
    ["addresses", '"addresses" is complex', '"addresses.'],
    ["emial", '"emial" is not defined for User', '"emails"'],
    ["name.nick", "name.nick"],
    ['emails[type eq "work"].value', "emails"],
    ["userName,title", "userName"],
    ["password", '"password" is never returned'],
  ] as const
) {
  Deno.test(`44-3.4.2.3-3 sortBy ${sortBy} is 400 invalidValue`, () => {
    refuses(
      () => compileSortOrder(USER, sortBy, undefined),
      400,
      "invalidValue",
      '"sortBy"',
      ...fragments,
    );
  });
}

for (const sortBy of ["pin", "vault.part", "slots.key"]) {
  Deno.test(`What is never returned cannot be sorted by: ${sortBy}`, () => {
    refuses(
      () => compileSortOrder(DEVICE, sortBy, undefined),
      400,
      "invalidValue",
      "never returned",
    );
  });
}
