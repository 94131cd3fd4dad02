/**
 * Arbitrary requests, most of them nearly right. Whatever comes, the server does
 * not fail, and SCIM answers are SCIM.
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../domain/json.ts";
import { type Client, ORIGIN, TestServer, URN, user } from "./harness.ts";

/** How long requests are tried, in milliseconds. */
const TIME = 3_000;

/** How many requests are tried at the most. */
const RUNS = 4_000;

/** Placeholders in paths and bodies for ids that exist. */
const USER = "{user}";
const GROUP = "{group}";

const PATHS = [
  "/Users",
  "/Groups",
  `/Users/${USER}`,
  `/Groups/${GROUP}`,
  `/Users/${GROUP}`,
  "/Users/.search",
  "/.search",
  "/Bulk",
  "/Me",
  "/ServiceProviderConfig",
  "/ResourceTypes",
  "/ResourceTypes/User",
  "/Schemas",
  `/Schemas/${URN.user}`,
  "",
];

const ODD_SEGMENTS = [
  "%00",
  "%",
  "%ff",
  "..",
  ".",
  "*",
  ":id",
  "__proto__",
  "x".repeat(300),
  "😀",
  "%2F",
];

const FILTERS = [
  'userName eq "ada"',
  'emails[type eq "work"].value eq "a@b.c"',
  `groups.value eq "${GROUP}"`,
  `members.value eq "${USER}"`,
  `members[value eq "${USER}" and type eq "User"]`,
  'not (active eq true) and meta.created gt "2020-01-01T00:00:00Z"',
  `${URN.enterprise}:manager.displayName co "b"`,
  'schemas eq "x" or id sw "a" or meta.version pr',
  "x509Certificates.value pr",
  'name.familyName ew "" or title ne null',
];

const NAMES = [
  "filter",
  "count",
  "startIndex",
  "attributes",
  "excludedAttributes",
  "sortBy",
  "aadOptscim062020",
  "__proto__",
];

const VALUES = [
  "",
  "0",
  "-1",
  "1e30",
  "99999999999999999999",
  "userName",
  "name.givenName,emails",
  "members",
  URN.enterprise,
  "%FF",
  "%00",
  ...FILTERS,
];

const PATCH_PATHS = [
  "title",
  "name.givenName",
  'emails[type eq "work"].value',
  'roles[primary eq "True"]',
  "members",
  `members[value eq "${USER}"]`,
  `${URN.enterprise}:manager`,
  URN.enterprise,
  URN.user,
  "schemas",
  "meta.created",
  "groups",
  "addresses[type pr].country",
];

const BODIES: readonly JsonObject[] = [
  user("ada", {
    externalId: "7",
    active: true,
    name: { givenName: "Ada", familyName: "King" },
    emails: [{ value: "a@b.c", type: "work", primary: true }],
    addresses: [{ type: "work", country: "CH" }],
    x509Certificates: [{ value: "MAA=" }],
    [URN.enterprise]: { department: "R", manager: { value: USER } },
  }),
  {
    schemas: [URN.group],
    displayName: "staff",
    members: [{ value: USER }, { value: GROUP }],
  },
  {
    schemas: [URN.patch],
    Operations: [
      { op: "Add", path: 'emails[type eq "work"].value', value: "x" },
      { op: "replace", value: { "name.givenName": "A", active: "False" } },
      { op: "remove", path: "members", value: [{ value: USER }] },
    ],
  },
];

/** One change of a JSON value: at the n-th node, something happens. */
interface Mutation {
  readonly at: number;
  readonly kind: "replace" | "remove" | "repeat" | "wrap" | "recase";
  readonly value: JsonValue;
}

const leaf = fc.oneof(
  fc.constantFrom<JsonValue>(
    null,
    "",
    " ",
    0,
    -1,
    1.5,
    true,
    "True",
    [],
    {},
    USER,
    GROUP,
    "\u0000",
    "x".repeat(3_000),
    "😀",
    URN.enterprise,
    "__proto__",
  ),
  fc.constantFrom(...PATCH_PATHS, ...FILTERS),
  fc.string({ unit: "binary", maxLength: 20 }),
  // The JSON values of fast-check are those of the program.
  fc.jsonValue({ maxDepth: 3 }).map((value) => value as JsonValue),
);

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(40),
  kind: fc.constantFrom("replace", "remove", "repeat", "wrap", "recase"),
  value: leaf,
});

function mutate(
  value: JsonValue,
  { at, kind, value: other }: Mutation,
): JsonValue {
  let count = 0;
  const visit = (node: JsonValue): JsonValue => {
    if (count++ === at) {
      switch (kind) {
        case "wrap":
          return [node];
        case "repeat":
          return [node, node, other];
        default:
          return other;
      }
    }
    if (Array.isArray(node)) {
      return kind === "remove" && count === at ? [] : node.map(visit);
    }
    if (!isJsonObject(node)) return node;
    return Object.fromEntries(
      Object.entries(node).flatMap(([name, item]) => {
        if (kind === "remove" && count === at) {
          count++;
          return [];
        }
        const shown = kind === "recase" && count === at
          ? name.toUpperCase()
          : name;
        return [[shown, visit(item)]];
      }),
    );
  };
  return visit(value);
}

const jsonBody = fc.tuple(
  fc.constantFrom(...BODIES),
  fc.array(mutation, { maxLength: 3 }),
).map(([body, mutations]) =>
  JSON.stringify(mutations.reduce<JsonValue>(mutate, body))
);

const patchBody = fc.array(
  fc.record({
    op: fc.constantFrom("add", "Remove", "replace"),
    path: fc.option(fc.oneof(fc.constantFrom(...PATCH_PATHS), fc.string()), {
      nil: undefined,
    }),
    value: leaf,
  }),
  { maxLength: 4 },
).map((Operations) => JSON.stringify({ schemas: [URN.patch], Operations }));

const body = fc.oneof(
  { weight: 5, arbitrary: jsonBody },
  { weight: 4, arbitrary: patchBody },
  {
    weight: 1,
    arbitrary: fc.tuple(jsonBody, fc.nat(300), fc.string({ maxLength: 3 }))
      .map(([text, at, extra]) => text.slice(0, at) + extra),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
);

const path = fc.tuple(
  fc.constantFrom("/scim/v2", "/api/scim/v2", "/SCIM//v2", "/scim"),
  fc.constantFrom(...PATHS),
  fc.option(fc.constantFrom(...ODD_SEGMENTS), { nil: undefined, freq: 6 }),
).map(([base, rest, odd]) =>
  base + rest + (odd === undefined ? "" : `/${odd}`)
);

/** A query parameter; a value that begins with % is sent as it is. */
interface Parameter {
  readonly name: string;
  readonly value: string;
}

const query: fc.Arbitrary<Parameter[]> = fc.array(
  fc.record({
    name: fc.constantFrom(...NAMES),
    value: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...VALUES) },
      {
        weight: 1,
        arbitrary: fc.tuple(fc.constantFrom(...VALUES), fc.nat(60))
          .map(([text, length]) => text.slice(0, length)),
      },
      { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
    ),
  }),
  { maxLength: 3 },
);

const headers = fc.record({
  "Content-Type": fc.constantFrom(
    "application/scim+json",
    "application/json; charset=utf-8",
    "text/plain",
    "",
  ),
  "If-Match": fc.constantFrom("*", '"x"', 'W/"x", "y"', "", ","),
  "If-None-Match": fc.constantFrom("*", '"x"', "W/"),
  Accept: fc.constantFrom("application/json", "text/html", ";"),
}, { requiredKeys: [] });

/** Methods and places that belong together, so that much of it succeeds. */
const AIMED: readonly (readonly [string, string])[] = [
  ["GET", "/Users"],
  ["GET", "/Groups"],
  ["GET", `/Users/${USER}`],
  ["POST", "/Users"],
  ["POST", "/Groups"],
  ["PUT", `/Users/${USER}`],
  ["PUT", `/Groups/${GROUP}`],
  ["PATCH", `/Users/${USER}`],
  ["PATCH", `/Groups/${GROUP}`],
  ["DELETE", `/Users/${USER}`],
  ["DELETE", `/Groups/${GROUP}`],
];

const METHODS = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "QUERY",
];

const place: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom(...AIMED).map(([method, path]) =>
      [method, `/scim/v2${path}`] as const
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...METHODS), path) },
);

const request = fc.record({
  place,
  query,
  headers: fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constant({ "Content-Type": "application/json" }),
    },
    { weight: 1, arbitrary: headers },
  ),
  body,
  token: fc.constantFrom("compatible", "compatible", "rfc", "none"),
});

type FuzzRequest = typeof request extends fc.Arbitrary<infer T> ? T : never;

/** Ids of a user and of a group that exist, made again when a request deleted them. */
async function targets(client: Client): Promise<(text: string) => string> {
  const ids: string[] = [];
  for (
    const [endpoint, name] of [["/Users", "userName"], [
      "/Groups",
      "displayName",
    ]]
  ) {
    const { json } = await client.get(`${endpoint}?count=1&attributes=id`);
    const [first] = Array.isArray(json["Resources"]) ? json["Resources"] : [];
    const found = isJsonObject(first) ? first["id"] : undefined;
    const schema = endpoint === "/Users" ? URN.user : URN.group;
    const created = found === undefined
      ? await client.post(endpoint ?? "", {
        schemas: [schema],
        [name ?? ""]: "new",
      })
      : undefined;
    ids.push(String(found ?? created?.json["id"]));
  }
  return (text) =>
    text.replaceAll(USER, ids[0] ?? "").replaceAll(GROUP, ids[1] ?? "");
}

async function answerTo(
  server: TestServer,
  token: string | undefined,
  { place: [method, path], query, headers, body }: FuzzRequest,
  fill: (text: string) => string,
): Promise<Response> {
  const search = query.map(({ name, value }) =>
    `${name}=${
      value.startsWith("%")
        ? value
        : encodeURIComponent(fill(value).toWellFormed())
    }`
  ).join("&");
  const content = typeof body === "string" ? fill(body) : new Uint8Array(body);
  return await server.fetch(
    new Request(`${ORIGIN}${fill(path)}?${search}`, {
      method,
      headers: {
        ...headers,
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      ...(method === "GET" || method === "HEAD" ? {} : { body: content }),
    }),
  );
}

Deno.test("Whatever is sent, the server does not fail and answers SCIM with SCIM", async () => {
  const seed = Math.floor(Math.random() * 0x7fffffff);
  await using server = await TestServer.start();
  const client = await server.client();
  const secrets: Record<string, string | undefined> = {
    compatible: client.token,
    rfc: await server.token({ profile: "rfc" }),
  };
  const statuses = new Map<number, number>();
  const property = fc.asyncProperty(request, async (request) => {
    const fill = await targets(client);
    const response = await answerTo(
      server,
      secrets[request.token],
      request,
      fill,
    );
    const text = await response.text();
    const { status } = response;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    deepStrictEqual(server.reports.splice(0), []);
    ok(status < 500 || status === 501, text);
    if (text === "") {
      return ok([204, 304].includes(status) || request.place[0] === "HEAD");
    }
    // ".." in a path is resolved before the request is sent.
    const { pathname } = new URL(ORIGIN + request.place[1]);
    if (pathname === "/") return;
    const isScim = /^\/(api\/)?scim(\/|$)/i.test(pathname);
    strictEqual(
      response.headers.get("Content-Type"),
      isScim ? "application/scim+json" : "application/problem+json",
    );
    const json: JsonObject = JSON.parse(text);
    if (isScim && status >= 400) {
      deepStrictEqual(json["schemas"], [URN.error]);
      strictEqual(json["status"], String(status));
      ok(String(json["detail"]).length < 2_000);
    } else if (isScim) ok(Array.isArray(json["schemas"]));
  });
  console.log(`fuzz: seed ${seed}`);
  await fc.assert(property, {
    seed,
    numRuns: RUNS,
    interruptAfterTimeLimit: TIME,
    markInterruptAsFailure: false,
  });
  console.log(`fuzz: statuses ${JSON.stringify(Object.fromEntries(statuses))}`);
  for (const endpoint of ["/Users", "/Groups"]) {
    const { status, json } = await client.get(`${endpoint}?count=1000`);
    strictEqual(status, 200);
    ok(Number(json["totalResults"]) < 1_000);
    strictEqual(json["itemsPerPage"], json["totalResults"]);
  }
  for (const status of [200, 400, 401]) {
    ok(
      (statuses.get(status) ?? 0) > 0,
      `no request was answered with ${status}`,
    );
  }
});
