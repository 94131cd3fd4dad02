import assert from "node:assert/strict";
import {
  referencedBulkIds,
  resolveReferences,
  withoutReferences,
} from "../../../domain/bulk/references.ts";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import { ENTERPRISE_URI, patchBody } from "../fixtures.ts";

const IDS = new Map([["a", "1"], ["b", "2"], ["a b", "3"], ["x/y", "4"]]);
const NO_IDS: ReadonlyMap<string, string> = new Map();

function post(data: JsonObject) {
  return { method: "POST", path: "/Users", data };
}

function patch(...operations: JsonObject[]) {
  return { method: "PATCH", path: "/Users/x", data: patchBody(...operations) };
}

function deletion(path: string) {
  return { method: "DELETE", path, data: undefined };
}

/** Data of a POST, and what it is with the ids. */
const DATA: readonly (readonly [string, JsonObject, JsonObject])[] = [
  [
    "44-3.7-19 a member",
    { members: [{ value: "bulkId:a" }, { value: "x" }, { value: "bulkId:b" }] },
    { members: [{ value: "1" }, { value: "x" }, { value: "2" }] },
  ],
  [
    "44-3.7-20 a manager, in an extension",
    { [ENTERPRISE_URI]: { manager: { value: "bulkId:a" } } },
    { [ENTERPRISE_URI]: { manager: { value: "1" } } },
  ],
  [
    "44-3.7-22 a $ref",
    { members: [{ $ref: "https://example.com/Users/bulkId:a" }] },
    { members: [{ $ref: "https://example.com/Users/1" }] },
  ],
  [
    "a $ref that is nothing else",
    { members: [{ $REF: "bulkId:a" }] },
    { members: [{ $REF: "1" }] },
  ],
  ["a value in other case", { x: { VALUE: "bulkId:a" } }, {
    x: { VALUE: "1" },
  }],
  ["a bare manager", { manager: "bulkId:a" }, { manager: "1" }],
  ["bare members", { Members: ["bulkId:a", "x"] }, { Members: ["1", "x"] }],
  ["one bare member", { members: "bulkId:b" }, { members: "2" }],
  ["a path as a key", { "manager.value": "bulkId:a" }, {
    "manager.value": "1",
  }],
  [
    "a qualified path as a key",
    { [`${ENTERPRISE_URI}:manager.value`]: "bulkId:a" },
    { [`${ENTERPRISE_URI}:manager.value`]: "1" },
  ],
  [
    "a qualified name as a key",
    { [`${ENTERPRISE_URI}:manager`]: "bulkId:a" },
    { [`${ENTERPRISE_URI}:manager`]: "1" },
  ],
  ["a bulkId with a blank", { manager: "bulkId:a b" }, { manager: "3" }],
  ["a bulkId with a slash", { manager: "bulkId:x/y" }, { manager: "4" }],
];

for (const [name, data, expected] of DATA) {
  Deno.test(`resolveReferences() puts ids into ${name}`, () => {
    assert.deepEqual(resolveReferences(post(data), IDS).data, expected);
    assert.deepEqual(resolveReferences(post(data), NO_IDS).data, data);
  });

  Deno.test(`referencedBulkIds() finds ${name}`, () => {
    assert.ok(referencedBulkIds(post(data)).size > 0);
  });
}

/** Operations of a PATCH, and what they are with the ids. */
const PATCHES: readonly (readonly [string, JsonObject, JsonObject])[] = [
  ["a value", { op: "add", path: "members", value: "bulkId:a" }, {
    op: "add",
    path: "members",
    value: "1",
  }],
  ["a list of values", { op: "add", VALUE: ["bulkId:a", "bulkId:b"] }, {
    op: "add",
    VALUE: ["1", "2"],
  }],
  [
    "an object as a value",
    { op: "add", value: { manager: "bulkId:a", title: "bulkId:a" } },
    { op: "add", value: { manager: "1", title: "bulkId:a" } },
  ],
  ["a filter", { op: "remove", path: 'members[value eq "bulkId:a"]' }, {
    op: "remove",
    path: 'members[value eq "1"]',
  }],
  [
    "a filter in brackets",
    { op: "remove", path: 'members[(value eq "bulkId:a b") or (value pr)]' },
    { op: "remove", path: 'members[(value eq "3") or (value pr)]' },
  ],
  ["a filter in single quotes", { Path: "members[value eq 'bulkId:x/y']" }, {
    Path: "members[value eq '4']",
  }],
  [
    "a filter without quotes",
    { op: "remove", path: "members[(value eq bulkId:b)]" },
    { op: "remove", path: "members[(value eq 2)]" },
  ],
];

for (const [name, operation, expected] of PATCHES) {
  Deno.test(`44-3.7-19 resolveReferences() puts ids into ${name} of a PATCH`, () => {
    const message = patch(operation);
    assert.deepEqual(
      resolveReferences(message, IDS).data,
      patchBody(expected),
    );
    assert.ok(referencedBulkIds(message).size > 0);
  });
}

for (
  const data of [
    { displayName: "bulkId:a" },
    { userName: "bulkId:b", externalId: "bulkId:a", id: "bulkId:a" },
    { nickName: "about bulkId:a", path: "bulkId:a" },
    { manager: "bulkid:a", members: "bulkId:" },
    { "bulkId:a": true, active: null, count: 5 },
    { password: "bulkId:a" },
    { Password: { value: "bulkId:a" } },
    { "urn:ietf:params:scim:schemas:core:2.0:User:password": "bulkId:a" },
  ]
) {
  Deno.test(`${JSON.stringify(data)} holds no reference`, () => {
    assert.deepEqual(referencedBulkIds(post(data)), new Set());
    assert.deepEqual(resolveReferences(post(data), IDS).data, data);
  });
}

for (
  const operation of [
    { op: "replace", path: "password", value: "bulkId:a" },
    { op: "replace", PATH: "urn:x:User:Password", value: "bulkId:a" },
    { op: "replace", value: { password: "bulkId:a" } },
    { op: "remove", path: 'emails[display eq "about bulkId:a"]' },
  ]
) {
  Deno.test(`A PATCH with ${JSON.stringify(operation)} holds no reference`, () => {
    const message = patch(operation);
    assert.deepEqual(referencedBulkIds(message), new Set());
    assert.deepEqual(resolveReferences(message, IDS).data, message.data);
  });
}

for (
  const value of ["x", null, ["x"], { Operations: "x" }, { Operations: [5] }]
) {
  const data: JsonValue = value;
  Deno.test(`A PATCH of another form stays: ${JSON.stringify(data)}`, () => {
    const message = { ...patch(), data: { Operations: data, more: data } };
    assert.deepEqual(resolveReferences(message, IDS).data, message.data);
  });
}

Deno.test("referencedBulkIds() finds each id once, those of the path first", () => {
  const data = { members: [{ value: "bulkId:a" }, { value: "bulkId:b" }] };
  const path = "/Groups/bulkId:c?attributes=id";
  assert.deepEqual([...referencedBulkIds({ method: "PUT", path, data })], [
    "c",
    "a",
    "b",
  ]);
  assert.deepEqual([...referencedBulkIds(deletion("/Users/x"))], []);
});

for (
  const [path, expected] of [
    ["/Groups/bulkId:a", "/Groups/1"],
    ["/Groups/bulkId:a?x=bulkId:b", "/Groups/1?x=bulkId:b"],
    ["/Groups/bulkId:a/", "/Groups/1/"],
    ["/Groups/bulkId:a b", "/Groups/3"],
    ["/Groups/bulkId:a%20b", "/Groups/3"],
    ["/Groups/bulkId%3Ax%2Fy", "/Groups/4"],
    ["/Groups/bulkId:z", "/Groups/bulkId:z"],
    ["/Groups/bulkId:%", "/Groups/bulkId:%"],
    ["/Groups/x-bulkId:a", "/Groups/x-bulkId:a"],
    ["/Groups/bulkId:a#x?y", "/Groups/1#x?y"],
  ]
) {
  Deno.test(`44-3.7-22 The path ${path} becomes ${expected}`, () => {
    assert.equal(resolveReferences(deletion(path ?? ""), IDS).path, expected);
  });
}

Deno.test("Quotes that are left open hold no reference, however many there are", () => {
  const path = '"\\'.repeat(200_000) + "'bulkId:".repeat(50_000);
  assert.equal(
    referencedBulkIds(patch({ op: "remove", path })).size,
    0,
  );
  const single = patch({ op: "remove", path: "'bulkId:".repeat(100_000) });
  assert.deepEqual(referencedBulkIds(single), new Set());
});

Deno.test("The data is not changed", () => {
  const data = { members: [{ value: "bulkId:a" }] };
  resolveReferences(post(data), IDS);
  withoutReferences(data, new Set(["a"]));
  assert.deepEqual(data, { members: [{ value: "bulkId:a" }] });
});

Deno.test("withoutReferences() keeps what refers to none of the resources", () => {
  const data = { userName: "ada", x: { value: "bulkId:a" } };
  assert.deepEqual(withoutReferences(data, new Set()), data);
  assert.deepEqual(withoutReferences(data, new Set(["b"])), data);
});

Deno.test("44-3.7-18 withoutReferences() leaves out an attribute with all its values", () => {
  const members = [{ value: "bulkId:a" }, { value: "x" }];
  assert.deepEqual(
    withoutReferences({ displayName: "Crew", members }, new Set(["a"])),
    { displayName: "Crew" },
  );
});

Deno.test("withoutReferences() keeps the other attributes of an extension", () => {
  const manager = { value: "bulkId:a" };
  assert.deepEqual(
    withoutReferences(
      { userName: "ada", [ENTERPRISE_URI]: { department: "x", manager } },
      new Set(["a"]),
    ),
    { userName: "ada", [ENTERPRISE_URI]: { department: "x" } },
  );
  assert.deepEqual(
    withoutReferences({ [ENTERPRISE_URI]: { manager } }, new Set(["a"])),
    {},
  );
});
