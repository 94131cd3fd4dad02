import assert from "node:assert/strict";
import {
  BULK_REQUEST_SCHEMA,
  type BulkOperation,
  readBulkRequest,
} from "../../../domain/bulk/message.ts";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import { COMPATIBLE, RFC } from "../../../domain/profile.ts";
import { patchBody, refuses } from "../fixtures.ts";

function body(operations: JsonValue, more: JsonObject = {}): JsonObject {
  return { schemas: [BULK_REQUEST_SCHEMA], Operations: operations, ...more };
}

function read(...operations: JsonValue[]): readonly BulkOperation[] {
  return readBulkRequest(body(operations), RFC).operations;
}

const CREATE = {
  method: "POST",
  path: "/Users",
  bulkId: "a",
  data: { userName: "ada" },
};

Deno.test("readBulkRequest() reads every member of an operation", () => {
  const operation = {
    method: "PUT",
    path: "/Users/x",
    bulkId: "a",
    version: 'W/"1"',
    data: { userName: "ada" },
  };
  assert.deepEqual(read(operation), [{ ...operation, problem: undefined }]);
});

Deno.test("readBulkRequest() reads names and methods in any case", () => {
  const { operations, failOnErrors } = readBulkRequest({
    SCHEMAS: [BULK_REQUEST_SCHEMA.toUpperCase()],
    operations: [{ METHOD: "delete", Path: "/Users/x", VERSION: "1" }],
    failonerrors: 3,
  }, RFC);
  assert.equal(failOnErrors, 3);
  assert.deepEqual(operations, [{
    method: "DELETE",
    bulkId: undefined,
    path: "/Users/x",
    version: "1",
    data: undefined,
    problem: undefined,
  }]);
});

for (
  const request of [
    {},
    { schemas: [BULK_REQUEST_SCHEMA] },
    { Operations: [] },
    { schemas: BULK_REQUEST_SCHEMA, Operations: [] },
    { schemas: ["urn:example:BulkRequest"], Operations: [] },
    { schemas: [], Operations: [] },
    body({}),
    body(null),
    body("x"),
  ]
) {
  Deno.test(`44-3.7-2 ${JSON.stringify(request)} is no bulk request`, () => {
    refuses(() => readBulkRequest(request, COMPATIBLE), 400, "invalidSyntax");
  });
}

for (const failOnErrors of [0, -1, 1.5, "1", true, []]) {
  Deno.test(`44-3.7-3 failOnErrors cannot be ${JSON.stringify(failOnErrors)}`, () => {
    const request = body([], { failOnErrors });
    refuses(() => readBulkRequest(request, COMPATIBLE), 400, "invalidValue");
  });
}

Deno.test("44-3.7-3 Without failOnErrors, or with null, nothing stops the operations", () => {
  for (const more of [{}, { failOnErrors: null }]) {
    const { failOnErrors } = readBulkRequest(body([], more), RFC);
    assert.equal(failOnErrors, undefined);
  }
});

Deno.test("44-3.7-26 More than 1,000 operations are 413, and the text names the limit", () => {
  const operations = Array.from({ length: 1_001 }, () => CREATE);
  assert.throws(() => read(...operations), {
    status: 413,
    message: /1001 operations.*maxOperations is 1000/,
  });
  assert.equal(read(...operations.slice(1)).length, 1_000);
});

/** Operations that fail for themselves, and what their texts say. */
const PROBLEMS: readonly (readonly [string, JsonValue, RegExp])[] = [
  ["44-3.7-4 a text", "x", /^Operations\[0\] must be an object with "method"/],
  ["44-3.7-4 null", null, /^Operations\[0\] must be an object/],
  ["44-3.7-4 an array", [], /^Operations\[0\] must be an object/],
  [
    "44-3.7-4 an empty object",
    {},
    /\[0\]\.method must be one of POST, PUT, PA/,
  ],
  ["44-3.7-4 no method", { path: "/Users/x" }, /method must be one of/],
  ["44-3.7-4 the method GET", { ...CREATE, method: "GET" }, /method must be/],
  ["44-3.7-4 a method that is no text", { ...CREATE, method: 5 }, /method/],
  ["44-3.7-7 no path", { method: "DELETE" }, /path must be a path below/],
  ["44-3.7-7 a whole URL", { ...CREATE, path: "https://x/Users" }, /path must/],
  ["44-3.7-7 a path without slash", { ...CREATE, path: "Users" }, /path must/],
  [
    "44-3.7-5 POST without bulkId",
    { ...CREATE, bulkId: null },
    /bulkId is req/,
  ],
  [
    "44-3.7-5 POST with an empty bulkId",
    { ...CREATE, bulkId: "" },
    /bulkId is/,
  ],
  [
    "44-3.7-5 POST with a number as bulkId",
    { ...CREATE, bulkId: 5 },
    /bulkId must be a string/,
  ],
  [
    "44-3.7-5 DELETE with an array as bulkId",
    { method: "DELETE", path: "/Users/x", bulkId: ["a"] },
    /bulkId must be a string/,
  ],
  ["44-3.7-8 POST without data", { ...CREATE, data: null }, /data is required/],
  ["44-3.7-8 PUT without data", { method: "PUT", path: "/Users/x" }, /for PUT/],
  [
    "44-3.7-8 PATCH with an array as data",
    { method: "PATCH", path: "/Users/x", data: [{ op: "add" }] },
    /data is required for PATCH; it is an object/,
  ],
  [
    "44-3.7-6 a version that is no text",
    { method: "DELETE", path: "/Users/x", version: 1 },
    /version must be the version of a resource/,
  ],
  [
    "44-3.7-6 a version with a line break",
    { method: "DELETE", path: "/Users/x", version: 'W/"1"\nX: y' },
    /version must be/,
  ],
];

for (const [name, operation, text] of PROBLEMS) {
  Deno.test(`${name} is a problem of the operation`, () => {
    const [{ problem } = { problem: undefined }] = read(operation);
    assert.equal(problem?.status, 400);
    assert.equal(problem?.scimType, "invalidSyntax");
    assert.match(problem?.message ?? "", text);
  });
}

Deno.test("44-3.7-5 A bulkId that is used again is a problem of the later operation", () => {
  const put = { method: "PUT", path: "/Users/x", bulkId: "a", data: {} };
  const [first, second, third] = read(CREATE, CREATE, put);
  assert.equal(first?.problem, undefined);
  assert.equal(second?.problem?.scimType, "invalidValue");
  assert.match(second?.problem?.message ?? "", /\[1\].*"a" is used twice/);
  assert.equal(third?.problem, undefined);
});

Deno.test("44-3.7-5 The text about a bulkId that is used again is short", () => {
  const create = { ...CREATE, bulkId: "a".repeat(100_000) };
  const [, second] = read(create, create);
  const detail = second?.problem?.message ?? "";
  assert.match(detail, /"a{60}…" is used twice/);
});

Deno.test("44-3.7-8 The data of a PATCH is a whole message, or an array if the profile allows it", () => {
  const operation = { method: "PATCH", path: "/Users/x" };
  const change = { op: "remove", path: "title" };
  for (const data of [patchBody(change), [change]]) {
    const request = body([{ ...operation, data }]);
    const { operations } = readBulkRequest(request, COMPATIBLE);
    assert.deepEqual(operations[0]?.data, patchBody(change));
  }
});

Deno.test("An array is the data of no other method", () => {
  for (const method of ["POST", "PUT"]) {
    const request = body([{ ...CREATE, method, data: [] }]);
    const { operations } = readBulkRequest(request, COMPATIBLE);
    assert.equal(operations[0]?.problem?.scimType, "invalidSyntax");
  }
});
