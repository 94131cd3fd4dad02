import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { Exchange } from "./exchange.ts";
import { type ExchangeChange, exchanges } from "./fake_server.ts";
import { buildRequest, rootOf } from "./request.ts";
import type { WireRequest } from "./transport.ts";

const BASE = "https://scim.example.com/api/scim/v2/";
const VARIABLES = new Map([
  ["token", "T"],
  ["id", "a b"],
  ["secret", "p&q"],
  ["location", 'https://scim.example.com/elsewhere?x="1"'],
]);

function build(request: ExchangeChange["request"], root = BASE) {
  return buildRequest(exchange(request), VARIABLES, root);
}

function built(request: ExchangeChange["request"], root = BASE): WireRequest {
  const result = build(request, root);
  if (typeof result === "string") throw new TypeError(result);
  return result;
}

function exchange(request: ExchangeChange["request"]): Exchange {
  const [made] = exchanges({ request: request ?? {} });
  if (made === undefined) throw new TypeError("No exchange was made");
  return made;
}

Deno.test("buildRequest() keeps the wire spelling of a path", () => {
  const path = '/Users?filter=userName+eq+"a%2Bb"&x=[1]';
  strictEqual(built({ path }).target, `/api/scim/v2${path}`);
  strictEqual(built({ path }).origin, "https://scim.example.com");
});

Deno.test("buildRequest() encodes variables in a path", () => {
  strictEqual(
    built({ path: "/Users/{{id}}" }).target,
    "/api/scim/v2/Users/a%20b",
  );
});

Deno.test("buildRequest() sends the valid credential by default", () => {
  deepStrictEqual(built({}).headers, { authorization: "Bearer T" });
});

Deno.test("buildRequest() sends no credential on auth none", () => {
  deepStrictEqual(built({ auth: "none" }).headers, {});
});

Deno.test("buildRequest() sends a wrong credential on auth invalid", () => {
  const { authorization } = built({ auth: "invalid" }).headers;
  match(authorization ?? "", /^Bearer (?!T$)./);
});

Deno.test("buildRequest() lets a header of the exchange win, in any case", () => {
  const headers = { "AUTHORIZATION": "Basic {{token}}", "X-Empty": "" };
  deepStrictEqual(built({ headers }).headers, {
    "authorization": "Basic T",
    "x-empty": "",
  });
});

Deno.test("buildRequest() leaves out a header that is null", () => {
  const headers = { "User-Agent": null, "Content-Type": null };
  deepStrictEqual(built({ method: "POST", headers, body: {} }).headers, {
    authorization: "Bearer T",
  });
});

Deno.test("buildRequest() sends a JSON body as SCIM", () => {
  const { body, headers } = built({
    method: "POST",
    body: { "a": ["{{id}}"] },
  });
  strictEqual(body, '{"a":["a b"]}');
  strictEqual(headers["content-type"], "application/scim+json");
});

Deno.test("buildRequest() sends a string body verbatim", () => {
  const { body } = built({ method: "POST", body: '{"a": "\\ud800", "{{id}}"' });
  strictEqual(body, '{"a": "\\ud800", "a b"');
});

Deno.test("buildRequest() sends an empty body as a body, null as JSON", () => {
  strictEqual(built({ method: "POST", body: "" }).body, "");
  strictEqual(built({ method: "POST", body: null }).body, "null");
  strictEqual(built({ method: "POST" }).body, undefined);
});

Deno.test("buildRequest() sends a token request form-encoded, without a credential", () => {
  const { origin, target, body, headers } = built({
    method: "POST",
    path: "/oauth2/token",
    endpoint: "token",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: "client_secret={{secret}}",
  }, "https://login.example.com/t");
  strictEqual(origin + target, "https://login.example.com/t/oauth2/token");
  strictEqual(body, "client_secret=p%26q");
  strictEqual(headers["authorization"], undefined);
});

Deno.test("rootOf() sends token requests to the issuer, others to the base", () => {
  const target = { base: BASE, issuer: "https://login.example.com" };
  strictEqual(rootOf(exchange({}), target), BASE);
  strictEqual(rootOf(exchange({ endpoint: "token" }), target), target.issuer);
  strictEqual(
    rootOf(exchange({ endpoint: "token" }), { base: BASE }),
    undefined,
  );
});

Deno.test("buildRequest() follows a URL that the server named", () => {
  strictEqual(built({ path: "{{location}}" }).target, '/elsewhere?x="1"');
});

Deno.test("buildRequest() does not carry the credential to another origin", () => {
  const other = "https://other.example.com/v2";
  strictEqual(typeof build({ path: "{{location}}" }, other), "string");
});
