import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { JsonValue } from "../../domain/json.ts";
import { accepts, findMismatches } from "./matchers.ts";

const EMAILS: JsonValue = [
  { "type": "work", "value": "a@example.com", "primary": true },
  { "type": "home", "value": "" },
];

interface Case {
  readonly matcher: JsonValue;
  readonly accepted: readonly (JsonValue | undefined)[];
  readonly refused: readonly (JsonValue | undefined)[];
}

const CASES: Case[] = [
  { matcher: { "$present": true }, accepted: [null, 0], refused: [undefined] },
  { matcher: { "$absent": true }, accepted: [undefined], refused: [null, ""] },
  {
    matcher: { "$absentOrNull": true },
    accepted: [undefined, null],
    refused: ["", []],
  },
  {
    matcher: { "$empty": true },
    accepted: [undefined, null, "", [], {}],
    refused: [0, false, "x", [null], { "a": null }],
  },
  {
    matcher: { "$nonEmpty": true },
    accepted: [0, false, "x", [null], { "a": null }],
    refused: [undefined, null, "", [], {}],
  },
  { matcher: { "$type": "string" }, accepted: ["", "x"], refused: [1, null] },
  { matcher: { "$type": "number" }, accepted: [0, 1.5], refused: ["1"] },
  { matcher: { "$type": "boolean" }, accepted: [false], refused: ["false"] },
  { matcher: { "$type": "array" }, accepted: [[]], refused: [{}, null] },
  { matcher: { "$type": "object" }, accepted: [{}], refused: [[], null] },
  {
    matcher: { "$length": 2 },
    accepted: [[1, 2], "ab"],
    refused: [[1], undefined, { "length": 2 }],
  },
  {
    matcher: { "$has": "b" },
    accepted: [["a", "b"]],
    refused: [["a"], "b", undefined],
  },
  {
    matcher: { "$has": { "x": 1 } },
    accepted: [[{ "x": 1 }]],
    refused: [[{ "x": 1, "y": 2 }]],
  },
  {
    matcher: { "$some": { "type": "work", "primary": true } },
    accepted: [EMAILS],
    refused: [[], [{ "type": "work" }], undefined],
  },
  {
    matcher: { "$some": { "value": { "$contains": "@" }, "#": "prose" } },
    accepted: [EMAILS],
    refused: [[{ "value": "x" }]],
  },
  {
    matcher: { "$none": { "type": "other" } },
    accepted: [EMAILS, [], undefined],
    refused: [[{ "type": "other", "value": "x" }]],
  },
  {
    matcher: { "$noneNonEmpty": { "type": "home", "field": "value" } },
    accepted: [EMAILS, [], undefined],
    refused: [[{ "type": "home", "value": "x" }]],
  },
  {
    matcher: { "$oneOf": ["401", 401] },
    accepted: ["401", 401],
    refused: ["400", undefined],
  },
  {
    matcher: { "$oneOf": [false, { "$absent": true }] },
    accepted: [false, undefined],
    refused: [true],
  },
  {
    matcher: { "$contains": "lex" },
    accepted: ["flexible"],
    refused: ["LEX", ["lex"], undefined],
  },
  { matcher: { "$ci": "Ada" }, accepted: ["ADA"], refused: ["Adam", 1] },
  { matcher: { "$gte": 3 }, accepted: [3, 4], refused: [2, "3", undefined] },
  { matcher: { "$lte": 3 }, accepted: [3, 2], refused: [4, "3", undefined] },
  {
    matcher: { "$length": 1, "$has": "a", "#why": "prose" },
    accepted: [["a"]],
    refused: [["a", "b"], ["b"]],
  },
  { matcher: "x", accepted: ["x"], refused: ["X", undefined] },
  { matcher: null, accepted: [null], refused: [undefined] },
  {
    matcher: { "a": [1, { "b": 2 }], "c": 3 },
    accepted: [{ "c": 3, "a": [1, { "b": 2 }] }],
    refused: [{ "a": [1, { "b": 2 }] }],
  },
  {
    matcher: { "$ref": "x" },
    accepted: [{ "$ref": "x" }],
    refused: [{ "$ref": "y" }, "x"],
  },
];

for (const { matcher, accepted, refused } of CASES) {
  const text = JSON.stringify(matcher);
  Deno.test(`accepts() takes what ${text} describes`, () => {
    for (const value of accepted) strictEqual(accepts(matcher, value), true);
  });
  Deno.test(`accepts() refuses what ${text} does not describe`, () => {
    for (const value of refused) strictEqual(accepts(matcher, value), false);
  });
}

Deno.test("findMismatches() says where, what was wanted and what was there", () => {
  deepStrictEqual(findMismatches("a", "b", "/emails/0/value"), [
    '/emails/0/value: expected "a", got "b"',
  ]);
  deepStrictEqual(findMismatches({ "$nonEmpty": true }, undefined, "/id"), [
    "/id: expected a non-empty value, got nothing",
  ]);
});

Deno.test("findMismatches() names each demand that does not hold", () => {
  const matcher = { "$type": "array", "$length": 2, "$nonEmpty": true };
  deepStrictEqual(findMismatches(matcher, "x", "/members"), [
    '/members: expected type array, got "x"',
    '/members: expected length 2, got "x"',
  ]);
});

Deno.test("findMismatches() cuts a long value short", () => {
  const [line = ""] = findMismatches("", "x".repeat(10_000), "/title");
  strictEqual(line.length < 300, true);
});

Deno.test("findMismatches() reports a malformed matcher rather than passing", () => {
  const [line = ""] = findMismatches(
    { "$length": 1, "$lenght": 1 },
    ["a"],
    "/a",
  );
  match(line, /malformed matcher.*\$lenght/s);
});
