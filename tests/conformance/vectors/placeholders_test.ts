import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { fill, fillText, placeholdersIn, sampleKeyOf } from "./placeholders.ts";

const VALUES = new Map([["id:a-1", "7"], ["self", 'say "x"']]);

Deno.test("fill() fills strings and names at any depth", () => {
  deepStrictEqual(
    fill({ "{{id:a-1}}": [{ value: "{{self}}", n: 1, none: null }] }, VALUES),
    { "7": [{ value: 'say "x"', n: 1, none: null }] },
  );
});

Deno.test("fillText() fills each place", () => {
  strictEqual(fillText("{{id:a-1}} or {{id:a-1}}", VALUES), "7 or 7");
});

Deno.test("fillText() refuses a placeholder without a value", () => {
  throws(() => fillText("{{id:b}}", VALUES), ReferenceError);
});

Deno.test("placeholdersIn() names each placeholder once", () => {
  deepStrictEqual(
    placeholdersIn(["{{id:a-1}}", { x: "{{id:a-1}} {{self}}" }]),
    new Set(["id:a-1", "self"]),
  );
});

Deno.test("sampleKeyOf() is the key of a sample, and nothing for the resource itself", () => {
  deepStrictEqual(["ref:a-1", "self"].map(sampleKeyOf), ["a-1", undefined]);
});
