import assert from "node:assert/strict";
import {
  referencedBulkIds,
  resolveReferences,
  resolveText,
  splitByReferences,
} from "../../../domain/bulk/references.ts";
import type { JsonObject } from "../../../domain/json.ts";
import { ENTERPRISE_URI } from "../fixtures.ts";

const IDS = new Map([["a", "1"], ["b", "2"]]);

/** Data, and what it is with the ids of `a` and `b`. */
const CASES: readonly (readonly [string, JsonObject, JsonObject])[] = [
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
  [
    "filters in the paths of a PATCH",
    {
      Operations: [
        { op: "remove", path: 'members[value eq "bulkId:a"]' },
        { op: "remove", Path: "members[value eq bulkId:b]" },
      ],
    },
    {
      Operations: [
        { op: "remove", path: 'members[value eq "1"]' },
        { op: "remove", Path: "members[value eq 2]" },
      ],
    },
  ],
];

for (const [name, data, expected] of CASES) {
  Deno.test(`resolveReferences() puts ids into ${name}`, () => {
    assert.deepEqual(resolveReferences(data, IDS), expected);
    assert.deepEqual(resolveReferences(data, new Map()), data);
  });

  Deno.test(`referencedBulkIds() finds ${name}`, () => {
    assert.ok(referencedBulkIds("", data).size > 0);
  });
}

for (
  const data of [
    { displayName: "about bulkId:a" },
    { displayName: "bulkid:a" },
    { displayName: "bulkId:" },
    { "bulkId:a": true, active: null, count: 5 },
  ]
) {
  Deno.test(`${JSON.stringify(data)} holds no reference`, () => {
    assert.deepEqual(referencedBulkIds("", data), new Set());
    assert.deepEqual(resolveReferences(data, IDS), data);
  });
}

Deno.test("referencedBulkIds() finds each id once, those of the path first", () => {
  const data = { members: [{ value: "bulkId:a" }, { value: "bulkId:b" }] };
  assert.deepEqual(
    [...referencedBulkIds("/Groups/bulkId:c?attributes=id", data)],
    ["c", "a", "b"],
  );
  assert.deepEqual([...referencedBulkIds("/Users/x", undefined)], []);
});

Deno.test("A reference to something unknown stays", () => {
  const data = { members: [{ value: "bulkId:z" }] };
  assert.deepEqual(resolveReferences(data, IDS), data);
  assert.equal(resolveText("/Groups/bulkId:z", IDS), "/Groups/bulkId:z");
});

Deno.test("44-3.7-22 resolveText() puts ids into paths", () => {
  assert.equal(resolveText("/Groups/bulkId:a", IDS), "/Groups/1");
  assert.equal(resolveText("/Groups/bulkId:a?x=y", IDS), "/Groups/1?x=y");
  assert.equal(resolveText("/Groups/bulkId:a/", IDS), "/Groups/1/");
});

Deno.test("The data is not changed", () => {
  const data = { members: [{ value: "bulkId:a" }] };
  resolveReferences(data, IDS);
  splitByReferences(data, new Set(["a"]));
  assert.deepEqual(data, { members: [{ value: "bulkId:a" }] });
});

Deno.test("splitByReferences() keeps what refers to nothing unknown", () => {
  const data = { userName: "ada", x: { value: "bulkId:a" } };
  assert.deepEqual(splitByReferences(data, new Set()), {
    now: data,
    later: {},
  });
  assert.deepEqual(splitByReferences(data, new Set(["b"])), {
    now: data,
    later: {},
  });
});

Deno.test("44-3.7-18 splitByReferences() leaves an attribute for later with all its values", () => {
  const members = [{ value: "bulkId:a" }, { value: "x" }];
  assert.deepEqual(
    splitByReferences({ displayName: "Crew", members }, new Set(["a"])),
    { now: { displayName: "Crew" }, later: { members } },
  );
});

Deno.test("splitByReferences() divides an extension by its attributes", () => {
  const manager = { value: "bulkId:a" };
  assert.deepEqual(
    splitByReferences(
      { userName: "ada", [ENTERPRISE_URI]: { department: "x", manager } },
      new Set(["a"]),
    ),
    {
      now: { userName: "ada", [ENTERPRISE_URI]: { department: "x" } },
      later: { [ENTERPRISE_URI]: { manager } },
    },
  );
  assert.deepEqual(
    splitByReferences({ [ENTERPRISE_URI]: { manager } }, new Set(["a"])),
    { now: {}, later: { [ENTERPRISE_URI]: { manager } } },
  );
});
