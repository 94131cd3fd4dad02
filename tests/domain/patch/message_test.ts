import assert from "node:assert/strict";
import fc from "fast-check";
import { ScimError } from "../../../domain/errors.ts";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import {
  MAX_PATCH_OPERATIONS,
  readPatchMessage,
} from "../../../domain/patch/message.ts";
import { COMPATIBLE, RFC } from "../../../domain/profile.ts";
import { PATCH_URI, patchBody, refuses } from "../fixtures.ts";
import { holds } from "../property.ts";

for (const profile of [COMPATIBLE, RFC]) {
  const read = (body: JsonObject) => readPatchMessage(body, profile);

  Deno.test(`readPatchMessage() reads operations in order (${profile.name})`, () => {
    const operations = read(patchBody(
      { op: "add", path: "title", value: "x" },
      { op: "replace", value: { nickName: "y" } },
      { op: "remove", path: 'emails[type eq "work"].value' },
    ));
    assert.deepEqual(
      operations.map(({ op, pathText, value }) => [op, pathText, value]),
      [
        ["add", "title", "x"],
        ["replace", undefined, { nickName: "y" }],
        ["remove", 'emails[type eq "work"].value', undefined],
      ],
    );
    assert.equal(operations[2]?.path?.subAttribute, "value");
  });

  for (const op of ["add", "Add", "REPLACE", "Remove"]) {
    Deno.test(`readPatchMessage() reads "${op}" (${profile.name})`, () => {
      const [operation] = read(patchBody({ op, path: "title", value: "x" }));
      assert.equal(operation?.op, op.toLowerCase());
    });
  }

  Deno.test(`readPatchMessage() reads names of members in any case (${profile.name})`, () => {
    const body = {
      SCHEMAS: [PATCH_URI.toUpperCase()],
      operations: [{ OP: "add", Path: "title", VALUE: 1 }],
    };
    assert.equal(read(body)[0]?.value, 1);
  });

  Deno.test(`readPatchMessage() ignores members that it does not know (${profile.name})`, () => {
    const body = {
      ...patchBody({ name: "addMember", op: "add", path: "title", value: 1 }),
      x: 1,
    };
    assert.equal(read(body).length, 1);
  });

  Deno.test(`readPatchMessage() takes null as a value, and as no path (${profile.name})`, () => {
    const [operation] = read(
      patchBody({ op: "replace", path: null, value: null }),
    );
    assert.equal(operation?.path, undefined);
    assert.equal(operation?.value, null);
  });

  for (
    const [what, body, ...fragments] of [
      ["nothing", {}, PATCH_URI, '"schemas" is missing'],
      [
        "schemas that are text",
        { schemas: PATCH_URI, Operations: [] },
        '"schemas" is missing or of another form',
      ],
      ["no operations", { schemas: [PATCH_URI] }, '"operations" is missing'],
      ["operations that are an object", {
        schemas: [PATCH_URI],
        Operations: {},
      }, '"operations" is missing or of another form'],
      [
        "an operation that is text",
        { schemas: [PATCH_URI], Operations: ["x"] },
        '"operations.0"',
      ],
      ["an operation that is null", {
        schemas: [PATCH_URI],
        Operations: [null],
      }, '"operations.0"'],
      ["an operation that is an array", {
        schemas: [PATCH_URI],
        Operations: [[]],
      }, '"operations.0"'],
      [
        "another schema",
        { schemas: ["urn:example:x"], Operations: [] },
        `must hold "${PATCH_URI}"`,
      ],
      ["operations twice", {
        schemas: [PATCH_URI],
        Operations: [],
        operations: [],
      }, '"operations" occurs twice'],
    ] as const satisfies readonly (readonly [string, JsonObject, ...string[]])[]
  ) {
    Deno.test(`readPatchMessage() refuses a message with ${what} (${profile.name})`, () => {
      refuses(() => read(body), 400, "invalidSyntax", ...fragments);
    });
  }

  for (
    const [operation, scimType, ...fragments] of [
      [
        { path: "title", value: 1 },
        "invalidSyntax",
        "Operations[0].op must be a string, not nothing",
      ],
      [
        { op: 1, path: "title", value: 1 },
        "invalidSyntax",
        "Operations[0].op must be a string, not a number",
      ],
      [
        { op: "move", path: "title", from: "x" },
        "invalidSyntax",
        'must be add, remove or replace, not "move"',
      ],
      [
        { op: "add", OP: "add", path: "title", value: 1 },
        "invalidSyntax",
        '"OP" occurs twice',
      ],
      [
        { op: "add", path: ["title"], value: 1 },
        "invalidSyntax",
        "Operations[0].path must be a string, not an array",
      ],
      [{ op: "add", path: "emails[0]", value: 1 }, "invalidPath", "position 8"],
      [{ op: "add", path: "", value: 1 }, "invalidPath", "position 1"],
      [{ op: "add", path: "/title", value: 1 }, "invalidPath", "position 1"],
      [
        { op: "add", path: "title" },
        "invalidValue",
        'Operations[0].value is missing: "add" needs a "value"',
      ],
      [{ op: "replace" }, "invalidValue", '"replace" needs a "value"'],
      [
        { op: "remove" },
        "noTarget",
        'Operations[0] removes nothing: "remove" needs a "path"',
      ],
      [{ op: "remove", value: { title: 1 } }, "noTarget"],
    ] as const
  ) {
    Deno.test(`readPatchMessage() refuses ${JSON.stringify(operation)} (${profile.name})`, () => {
      refuses(
        () => read(patchBody(structuredClone(operation) as JsonObject)),
        400,
        scimType,
        ...fragments,
      );
    });
  }

  Deno.test(`readPatchMessage() says which operation is wrong (${profile.name})`, () => {
    const right = { op: "add", path: "title", value: "x" };
    refuses(
      () => read(patchBody(right, right, { op: "test" })),
      400,
      "invalidSyntax",
      "Operations[2].op",
    );
  });

  Deno.test(`readPatchMessage() clips an unknown operation in its message (${profile.name})`, () => {
    const body = patchBody({ op: "x".repeat(10_000) });
    assert.throws(
      () => read(body),
      (error) => error instanceof ScimError && error.message.length < 300,
    );
  });

  Deno.test(`readPatchMessage() answers 413 to more than ${MAX_PATCH_OPERATIONS} operations (${profile.name})`, () => {
    const operations = Array.from(
      { length: MAX_PATCH_OPERATIONS + 1 },
      () => ({ op: "add", path: "title", value: "x" }),
    );
    assert.equal(
      read(patchBody(...operations.slice(1))).length,
      MAX_PATCH_OPERATIONS,
    );
    refuses(
      () => read(patchBody(...operations)),
      413,
      undefined,
      `at most ${MAX_PATCH_OPERATIONS}`,
    );
  });

  const anyJson = fc.jsonValue({ maxDepth: 3 }).map((value): JsonValue =>
    JSON.parse(JSON.stringify(value))
  );
  const operation = fc.record({
    op: fc.oneof(fc.constantFrom("add", "Remove", "replace", "move"), anyJson),
    path: fc.oneof(
      fc.constantFrom("title", "emails[type eq 1]", "a b", ""),
      fc.string(),
      anyJson,
    ),
    value: anyJson,
    constructor: anyJson,
  }, { requiredKeys: [], noNullPrototype: true }).map((value): JsonValue =>
    JSON.parse(JSON.stringify(value))
  );
  const message = fc.record({
    schemas: fc.oneof(fc.constant([PATCH_URI]), anyJson),
    Operations: fc.oneof(fc.array(operation, { maxLength: 3 }), anyJson),
    extra: anyJson,
  }, { requiredKeys: [], noNullPrototype: true }).map((value): JsonObject =>
    JSON.parse(JSON.stringify(value))
  );

  Deno.test(`readPatchMessage() reads or refuses any JSON (${profile.name})`, () => {
    holds(
      fc.property(message, (body) => {
        try {
          readPatchMessage(body, profile);
        } catch (error) {
          assert.ok(
            error instanceof ScimError && error.status === 400,
            String(error),
          );
        }
      }),
      1_000,
    );
  });
}
