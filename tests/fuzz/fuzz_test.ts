/**
 * A short round with a fixed seed, and that the fuzzer sees what is wrong.
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { JsonValue } from "../../domain/json.ts";
import { URN } from "../routes/harness.ts";
import { PASSWORD_MARK } from "./bodies.ts";
import { judge } from "./judge.ts";
import { minimise } from "./minimise.ts";
import { parseFuzzOptions } from "./options.ts";
import { Random } from "./random.ts";
import { bytesOf, describe, type FuzzRequest, textOf } from "./request.ts";
import { anyRequest } from "./requests.ts";
import { runRound } from "./round.ts";
import { Tenant, World } from "./world.ts";

const SEED = 20_260_601;

/** Every one of them is met in a round of this length. */
const STATUSES = [200, 201, 204, 304, 400, 401, 403, 404, 405, 409, 412, 415];

Deno.test("2,000 generated requests find nothing wrong, and many of them succeed", async () => {
  console.log(`fuzz: seed ${SEED}`);
  const { findings, statuses, sent } = await runRound({
    seed: SEED,
    requests: 2_000,
    lanes: 8,
    store: ":memory:",
    patience: 10_000,
    checkEvery: 1_000,
  });
  deepStrictEqual(findings, []);
  strictEqual(sent, 2_000);
  const missing = STATUSES.filter((status) => !statuses.has(status));
  deepStrictEqual(missing, []);
  const succeeded = [...statuses].filter(([status]) => status < 300)
    .reduce((sum, [, count]) => sum + count, 0);
  ok(succeeded >= sent * 0.35, `${succeeded} of ${sent} succeeded`);
});

const READ: FuzzRequest = {
  tenant: "default",
  role: "rfc",
  method: "GET",
  target: "/scim/v2/Users",
  headers: {},
};

/** The rule that an answer breaks. */
function ruleOf(
  body: JsonValue | Uint8Array,
  {
    status = 200,
    target = READ.target,
    type = "application/scim+json",
    headers = {},
  }: {
    status?: number;
    target?: string;
    type?: string;
    headers?: Readonly<Record<string, string>>;
  } = {},
): string | undefined {
  const bytes = body instanceof Uint8Array
    ? body
    : bytesOf(JSON.stringify(body));
  const answer = {
    status,
    headers: new Headers({ "Content-Type": type, ...headers }),
    bytes,
    took: 1,
  };
  return judge({ ...READ, target }, answer, ["the-secret"])?.rule;
}

const ERROR = {
  schemas: [URN.error],
  status: "400",
  detail: "Something is wrong",
};

const USER = { schemas: [URN.user], id: "7", userName: "u" };

const USER_HEADERS = {
  ETag: 'W/"1"',
  Location: "https://scim.example.com/scim/v2/Users/7",
};

const LIST = {
  schemas: [URN.list],
  totalResults: 1,
  itemsPerPage: 1,
  startIndex: 1,
  Resources: [USER],
};

Deno.test("judge() finds nothing wrong with sound answers", () => {
  strictEqual(ruleOf(LIST), undefined);
  strictEqual(ruleOf(ERROR, { status: 400 }), undefined);
  strictEqual(ruleOf(USER, { headers: USER_HEADERS }), undefined);
});

const FAULTS: readonly (readonly [
  name: string,
  rule: string,
  found: () => string | undefined,
])[] = [
  ["a failure", "status", () => ruleOf(ERROR, { status: 500 })],
  [
    "a store that does not answer",
    "status",
    () => ruleOf(ERROR, { status: 503 }),
  ],
  ["a rate limit", "status", () => ruleOf(ERROR, { status: 429 })],
  ["half a text", "body", () => ruleOf(bytesOf('{"schemas":'))],
  ["bytes that are no UTF-8", "body", () => ruleOf(new Uint8Array([0xff]))],
  [
    "another media type",
    "media type",
    () => ruleOf(LIST, { type: "application/json" }),
  ],
  [
    "HTML",
    "media type",
    () => ruleOf(bytesOf("<p>"), { type: "text/html", status: 404 }),
  ],
  ["a secret", "secret", () => ruleOf({ ...USER, title: "the-secret" })],
  [
    "a password",
    "secret",
    () => ruleOf({ ...USER, title: `${PASSWORD_MARK}1` }),
  ],
  [
    "a token",
    "secret",
    () => ruleOf({ ...USER, title: `scim_${"x".repeat(49)}` }),
  ],
  [
    "an error with another status",
    "error",
    () => ruleOf(ERROR, { status: 404 }),
  ],
  [
    "an error that says nothing",
    "error",
    () => ruleOf({ ...ERROR, detail: "" }, { status: 400 }),
  ],
  [
    "an error that says too much",
    "error",
    () => ruleOf({ ...ERROR, detail: "x".repeat(20_000) }, { status: 400 }),
  ],
  [
    "a page with another length",
    "list",
    () => ruleOf({ ...LIST, itemsPerPage: 2 }),
  ],
  [
    "a total below the page's length",
    "list",
    () => ruleOf({ ...LIST, totalResults: 0 }),
  ],
  ["a resource that is on a page twice", "list", () =>
    ruleOf({
      ...LIST,
      totalResults: 2,
      itemsPerPage: 2,
      Resources: [USER, USER],
    })],
  [
    "an attribute that is never shown",
    "list",
    () => ruleOf({ ...LIST, Resources: [{ ...USER, password: "x" }] }),
  ],
  ["a failure within a bulk request", "bulk", () =>
    ruleOf({
      schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
      Operations: [{ method: "POST", status: "500" }],
    })],
  [
    "a resource without an entity tag",
    "resource",
    () => ruleOf(USER, { headers: { Location: USER_HEADERS.Location } }),
  ],
  [
    "a Location that leads elsewhere",
    "resource",
    () => ruleOf({ ...USER, id: "8" }, { headers: USER_HEADERS }),
  ],
  [
    "half a surrogate pair",
    "well-formed",
    () => ruleOf({ ...USER, title: "\ud800" }, { headers: USER_HEADERS }),
  ],
];

for (const [name, rule, found] of FAULTS) {
  Deno.test(`judge() sees ${name}`, () => {
    strictEqual(found(), rule);
  });
}

Deno.test("minimise() leaves what a failure needs and nothing else", async () => {
  const request: FuzzRequest = {
    ...READ,
    method: "POST",
    target: "/scim/v2/Users?count=5&attributes=userName",
    headers: { Accept: "text/html", "If-Match": "*" },
    body: bytesOf(JSON.stringify({
      schemas: ["a", "b"],
      name: { givenName: "x".repeat(300), familyName: "y" },
      title: "needle in a haystack",
    })),
  };
  const smallest = await minimise(
    request,
    ({ body, headers }) =>
      Promise.resolve(
        textOf(body).includes("needle") && "If-Match" in headers,
      ),
  );
  deepStrictEqual(
    { ...smallest, body: textOf(smallest.body) },
    {
      ...READ,
      method: "POST",
      target: "/scim/v2/Users",
      headers: { "If-Match": "*" },
      body: '{"title":"needle"}',
    },
  );
});

Deno.test("The same seed makes the same requests", () => {
  const made = (seed: number) => {
    const world = new World([
      new Tenant("default", ["/Users"]),
      new Tenant("lab", ["/Users", "/Devices"]),
    ]);
    return Array.from(
      { length: 300 },
      (_, i) => describe(anyRequest(new Random(seed, i), world)),
    );
  };
  deepStrictEqual(made(1), made(1));
  ok(made(1).join() !== made(2).join());
});

Deno.test("A request is described without the secret that it carries", () => {
  const line = describe({ ...READ, method: "PUT", body: bytesOf("it's") });
  ok(
    line.startsWith(
      `curl -i -X 'PUT' 'https://scim.example.com/scim/v2/Users' ` +
        `-H "Authorization: Bearer <rfc of default>" --data-binary 'it'\\''s'`,
    ),
    line,
  );
});

Deno.test("parseFuzzOptions() reads what it knows and refuses the rest", () => {
  deepStrictEqual(parseFuzzOptions([]), {
    requests: 200_000,
    minutes: undefined,
    seed: undefined,
    store: "memory",
    lanes: 8,
  });
  deepStrictEqual(
    parseFuzzOptions(
      "--requests 7 --minutes 2 --seed 0 --store path --lanes 1".split(" "),
    ),
    { requests: 7, minutes: 2, seed: 0, store: "path", lanes: 1 },
  );
  const wrong = ["--requests 0", "--seed x", "--store disk", "--nope", "7"];
  for (const line of wrong) {
    strictEqual(parseFuzzOptions(line.split(" ")), undefined, line);
  }
});
