import assert from "node:assert/strict";
import { MAX_JSON_DEPTH, readJsonObject } from "../../domain/json_text.ts";
import { refuses } from "./fixtures.ts";

function nested(levels: number): string {
  return '{"a":'.repeat(levels) + "1" + "}".repeat(levels);
}

Deno.test("readJsonObject() reads an object", () => {
  assert.deepEqual(readJsonObject(' {"a": [null, true, 1, "😀"]} '), {
    a: [null, true, 1, "😀"],
  });
});

for (
  const [text, ...fragments] of [
    ["", "is empty; it must be a JSON object"],
    [" \n", "is empty"],
    ["[]", "must be a JSON object"],
    ["null", "must be a JSON object"],
    ['"x"', "must be a JSON object"],
    ['{"a":}', "is not JSON"],
    ['{"a":1', "is not JSON"],
    ["{'a':1}", "is not JSON"],
    ["<html>", "is not JSON"],
  ] as const
) {
  Deno.test(`readJsonObject() refuses ${JSON.stringify(text)}`, () => {
    refuses(() => readJsonObject(text), 400, "invalidSyntax", ...fragments);
  });
}

Deno.test("readJsonObject() shows nothing of a malformed body", () => {
  assert.throws(
    () => readJsonObject('{"password": "hunter2", '),
    (error) => error instanceof Error && !error.message.includes("hunter2"),
  );
});

Deno.test("readJsonObject() reads JSON of the greatest depth", () => {
  readJsonObject(nested(MAX_JSON_DEPTH));
});

for (const levels of [MAX_JSON_DEPTH + 1, 150_000]) {
  Deno.test(`readJsonObject() refuses ${levels} levels`, () => {
    refuses(
      () => readJsonObject(nested(levels)),
      400,
      "invalidSyntax",
      `deeper than ${MAX_JSON_DEPTH} levels`,
    );
  });
}

Deno.test("readJsonObject() says where a string holds half of a surrogate pair", () => {
  refuses(
    () => readJsonObject(String.raw`{"emails": [{"value": "a\ud800"}]}`),
    400,
    "invalidValue",
    '"emails[0].value"',
    "surrogate pair",
  );
});

Deno.test("readJsonObject() refuses a name with half of a surrogate pair", () => {
  refuses(
    () => readJsonObject(String.raw`{"\udc00": 1}`),
    400,
    "invalidSyntax",
    "not Unicode",
  );
});
