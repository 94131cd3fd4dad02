import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import type { JsonValue } from "../../domain/json.ts";
import { isPointer, resolvePointer } from "./pointer.ts";

const DOCUMENT: JsonValue = {
  "emails": [{ "value": "a@example.com" }],
  "a/b": 1,
  "m~n": 2,
  "": 3,
  "urn:example:2.0:User": { "x.y": true },
  "none": null,
};

const FOUND: [pointer: string, value: JsonValue][] = [
  ["", DOCUMENT],
  ["/emails/0/value", "a@example.com"],
  ["/a~1b", 1],
  ["/m~0n", 2],
  ["/", 3],
  ["/urn:example:2.0:User/x.y", true],
  ["/none", null],
];

for (const [pointer, value] of FOUND) {
  Deno.test(`resolvePointer() finds "${pointer}"`, () => {
    deepStrictEqual(resolvePointer(DOCUMENT, pointer), value);
  });
}

const MISSING = [
  "/nothing",
  "/emails/1",
  "/emails/00",
  "/emails/-",
  "/emails/length",
  "/a/b",
  "/none/x",
  "/constructor",
  "/__proto__",
];

for (const pointer of MISSING) {
  Deno.test(`resolvePointer() finds nothing at "${pointer}"`, () => {
    strictEqual(resolvePointer(DOCUMENT, pointer), undefined);
  });
}

Deno.test("resolvePointer() finds nothing where there is no document", () => {
  strictEqual(resolvePointer(undefined, ""), undefined);
});

Deno.test("resolvePointer() reads ~01 as ~1, not as a slash", () => {
  strictEqual(resolvePointer({ "~1": "x" }, "/~01"), "x");
});

Deno.test("resolvePointer() refuses a malformed pointer", () => {
  throws(() => resolvePointer({}, "id"), SyntaxError);
});

Deno.test("isPointer() refuses a tilde without 0 or 1 behind it", () => {
  strictEqual(isPointer("/a~2"), false);
});
