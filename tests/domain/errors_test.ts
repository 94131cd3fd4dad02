import assert from "node:assert/strict";
import {
  ERROR_SCHEMA,
  invalidFilter,
  invalidPath,
  invalidSyntax,
  invalidValue,
  mutability,
  noTarget,
  notFound,
  ScimError,
  uniqueness,
} from "../../domain/errors.ts";

for (
  const [make, status, scimType] of [
    [invalidFilter, 400, "invalidFilter"],
    [invalidPath, 400, "invalidPath"],
    [invalidSyntax, 400, "invalidSyntax"],
    [invalidValue, 400, "invalidValue"],
    [mutability, 400, "mutability"],
    [noTarget, 400, "noTarget"],
    [notFound, 404, undefined],
    [uniqueness, 409, "uniqueness"],
  ] as const
) {
  Deno.test(`${make.name}() is a ${status} ${scimType ?? "without a scimType"}`, () => {
    const error = make("what is wrong");
    assert.ok(error instanceof ScimError);
    assert.equal(error.status, status);
    assert.equal(error.scimType, scimType);
    assert.equal(error.message, "what is wrong");
  });
}

Deno.test("ScimError renders as the message of RFC 7644 section 3.12", () => {
  assert.deepEqual(invalidValue("no").toJSON(), {
    schemas: [ERROR_SCHEMA],
    status: "400",
    scimType: "invalidValue",
    detail: "no",
  });
});

Deno.test("ScimError leaves scimType out when no keyword fits", () => {
  assert.deepEqual(Object.keys(notFound("no").toJSON()), [
    "schemas",
    "status",
    "detail",
  ]);
});

Deno.test("ScimError carries headers", () => {
  const error = new ScimError(405, undefined, "no", { Allow: "GET" });
  assert.deepEqual(error.headers, { Allow: "GET" });
});

Deno.test("ScimError has no headers of its own", () => {
  assert.deepEqual(notFound("no").headers, {});
});
