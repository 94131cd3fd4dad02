import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { substituteJson, substituteText, variablesIn } from "./substitute.ts";

const VARIABLES = new Map([
  ["id", "a b/c"],
  ["tag", 'W/"1f"'],
]);

Deno.test("substituteText() fills each placeholder", () => {
  strictEqual(substituteText("{{id}}-{{id}}", VARIABLES), "a b/c-a b/c");
});

Deno.test("substituteText() encodes what it inserts, nothing else", () => {
  const path = '/Users/{{id}}?filter=a+eq+"{{id}}"';
  strictEqual(
    substituteText(path, VARIABLES, encodeURIComponent),
    '/Users/a%20b%2Fc?filter=a+eq+"a%20b%2Fc"',
  );
});

Deno.test("substituteText() does not read what it inserted", () => {
  const variables = new Map([["a", "{{b}} $& $1"], ["b", "x"]]);
  strictEqual(substituteText("{{a}}", variables), "{{b}} $& $1");
});

Deno.test("substituteText() puts a value that is no text in as JSON", () => {
  strictEqual(substituteText("n={{n}}", new Map([["n", 7]])), "n=7");
});

const MODIFIED: [placeholder: string, text: string][] = [
  ["{{id|upper}}", "A B/C"],
  ["{{tag|strong}}", '"1f"'],
  ["{{tag|weak}}", 'W/"1f"'],
];

for (const [placeholder, text] of MODIFIED) {
  Deno.test(`substituteText() fills ${placeholder}`, () => {
    strictEqual(substituteText(placeholder, VARIABLES), text);
  });
}

Deno.test("substituteText() marks a strong tag weak", () => {
  strictEqual(substituteText("{{t|weak}}", new Map([["t", '"1"']])), 'W/"1"');
});

Deno.test("substituteText() refuses unknown variables and modifiers", () => {
  throws(() => substituteText("{{nothing}}", VARIABLES), ReferenceError);
  throws(() => substituteText("{{id|nothing}}", VARIABLES), ReferenceError);
});

Deno.test("substituteJson() fills strings at any depth and leaves names alone", () => {
  const value = { "{{id}}": ["{{id}}", { "a": "x {{id}}" }, 1, null] };
  deepStrictEqual(substituteJson(value, VARIABLES), {
    "{{id}}": ["a b/c", { "a": "x a b/c" }, 1, null],
  });
});

Deno.test("substituteJson() keeps the type of a lone variable", () => {
  const variables = new Map([["n", 7]]);
  deepStrictEqual(substituteJson(["{{n}}", "{{n}}!"], variables), [7, "7!"]);
});

Deno.test("variablesIn() finds names in all strings", () => {
  const value = { "{{key}}": ["{{a}}/{{b|upper}}", { "x": "{{a}}" }, 1] };
  deepStrictEqual([...variablesIn(value)], ["a", "b"]);
});
