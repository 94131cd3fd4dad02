import { match, strictEqual, throws } from "node:assert/strict";
import { parseExchangeFile } from "./exchange.ts";

const EXCHANGE = {
  name: "read",
  source: "RFC 7644 3.4.1",
  evidence: "documented",
  level: "must",
  request: { method: "GET", path: "/Users" },
  expect: { status: [200] },
};

Deno.test("parseExchangeFile() reads an array of exchanges", () => {
  const file = parseExchangeFile([EXCHANGE]);
  strictEqual(file.exchanges.length, 1);
  strictEqual(file.profile, undefined);
});

Deno.test("parseExchangeFile() reads an object with a profile", () => {
  const file = parseExchangeFile({ profile: "rfc", exchanges: [EXCHANGE] });
  strictEqual(file.profile, "rfc");
});

const { request, expect } = EXCHANGE;
const MALFORMED: [what: string, content: unknown][] = [
  ["no exchanges", []],
  ["no object", "exchanges"],
  ["an unknown profile", { profile: "loose", exchanges: [EXCHANGE] }],
  ["an unknown field", [{ ...EXCHANGE, expects: {} }]],
  ["an unknown level", [{ ...EXCHANGE, level: "perhaps" }]],
  ["a status that is none", [{ ...EXCHANGE, expect: { status: [99] } }]],
  ["no status", [{ ...EXCHANGE, expect: { status: [] } }]],
  ["two exchanges of one name", [EXCHANGE, EXCHANGE]],
  ["a relative path", [{
    ...EXCHANGE,
    request: { ...request, path: "Users" },
  }]],
  ["a blank in a path", [
    { ...EXCHANGE, request: { ...request, path: "/Users?filter=a eq 1" } },
  ]],
  ["a letter beyond ASCII in a path", [
    { ...EXCHANGE, request: { ...request, path: "/Users/é" } },
  ]],
  ["a body key that is no pointer", [
    { ...EXCHANGE, expect: { ...expect, body_must: { id: "x" } } },
  ]],
  ["a capture that is no pointer", [{ ...EXCHANGE, capture: { id: "id" } }]],
];

for (const [what, content] of MALFORMED) {
  Deno.test(`parseExchangeFile() refuses ${what}`, () => {
    throws(() => parseExchangeFile(content), SyntaxError);
  });
}

Deno.test("parseExchangeFile() says where a mistake is", () => {
  throws(
    () => parseExchangeFile([{ ...EXCHANGE, level: "perhaps" }]),
    (error: Error) => {
      match(error.message, /exchanges\[0\]\.level/);
      return true;
    },
  );
});

Deno.test("parseExchangeFile() takes prose among the expectations", () => {
  const body_must = { "#1": "prose", "": { "$absent": true } };
  parseExchangeFile([{ ...EXCHANGE, expect: { ...expect, body_must } }]);
});
