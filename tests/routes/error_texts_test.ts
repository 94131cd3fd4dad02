import { match, ok, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../domain/json.ts";
import {
  type Answer,
  BASE,
  type Client,
  group,
  object,
  ORIGIN,
  send,
  TestServer,
  text,
  URN,
  user,
  withClient,
} from "./harness.ts";

/** An error, and what its text has to hold: what was wrong, and what would be right. */
interface Case {
  readonly name: string;
  readonly status: number;
  readonly wrong: RegExp;
  readonly right: RegExp;
  /** `ada` and `staff` are ids of a user and of a group. */
  readonly send: (
    client: Client,
    ada: string,
    staff: string,
  ) => Promise<Answer>;
}

function patch(
  name: string,
  operation: JsonObject,
  wrong: RegExp,
  right: RegExp,
): Case {
  return {
    name: `PATCH ${name}`,
    status: 400,
    wrong,
    right,
    send: (client, ada) => client.patch(`/Users/${ada}`, [operation]),
  };
}

function create(
  name: string,
  attributes: JsonObject,
  wrong: RegExp,
  right: RegExp,
): Case {
  return {
    name: `POST ${name}`,
    status: 400,
    wrong,
    right,
    send: (client) => client.post("/Users", user("eve", attributes)),
  };
}

const CASES: readonly Case[] = [
  {
    name: "no token",
    status: 401,
    wrong: /token is missing/,
    right: /send it as "Authorization: Bearer <token>"/,
    send: (client) => client.send("/Users", { token: null }),
  },
  {
    name: "a token that is not valid",
    status: 401,
    wrong: /unknown, expired or revoked/,
    right: /ask the administrator/,
    send: (client) => client.send("/Users", { token: "x" }),
  },
  {
    name: "a token that may not write",
    status: 403,
    wrong: /may only read/,
    right: /needs a token with the scope "scim"/,
    send: async ({ server }) =>
      (await server.client({ scopes: ["scim:read"] })).post(
        "/Users",
        user("a"),
      ),
  },
  {
    name: "a filter on discovery",
    status: 403,
    wrong: /cannot be filtered/,
    right: /ask for one document by its id/,
    send: (client) => client.get("/Schemas?filter=id+pr"),
  },
  {
    name: "an endpoint that is not there",
    status: 404,
    wrong: /no endpoint \/Roles/,
    right: /\/Users, \/Groups/,
    send: (client) => client.get("/Roles"),
  },
  {
    name: "a deep path that is not there",
    status: 404,
    wrong: /no endpoint .*\/Users\/a\/b/,
    right: /\/ResourceTypes tells/,
    send: (client) => client.get("/Users/a/b"),
  },
  {
    name: "a resource type that is not there",
    status: 404,
    wrong: /no resource type "Role"/,
    right: /\/ResourceTypes lists them/,
    send: (client) => client.get("/ResourceTypes/Role"),
  },
  {
    name: "a schema that is not there",
    status: 404,
    wrong: /no schema "urn:x"/,
    right: /\/Schemas lists them/,
    send: (client) => client.get("/Schemas/urn:x"),
  },
  {
    name: "a method that is not there",
    status: 405,
    wrong: /does not have the method DELETE/,
    right: /it has GET, POST/,
    send: (client) => client.delete("/Users"),
  },
  {
    name: "/Me of a token without a user",
    status: 501,
    wrong: /token is not bound to a user/,
    right: /issued with a "userId"/,
    send: (client) => client.get("/Me"),
  },
  {
    name: "a userName that is taken",
    status: 409,
    wrong: /"userName" must be unique/,
    right: /User "[0-9a-f-]{36}" already has this value/,
    send: (client) => client.post("/Users", user("ADA")),
  },
  {
    name: "a version that is not the present one",
    status: 412,
    wrong: /has changed since the version in If-Match/,
    right: /read it again and repeat the change \(it is at version W\/"/,
    send: (client, ada) =>
      client.delete(`/Users/${ada}`, { "If-Match": '"x"' }),
  },
  {
    name: "a media type that is not JSON",
    status: 415,
    wrong: /"text\/plain" is not understood/,
    right: /send application\/scim\+json or application\/json/,
    send: (client) =>
      client.send("/Users", {
        method: "POST",
        headers: { "Content-Type": "text/plain" },
        body: "x",
      }),
  },
  {
    name: "a body that is too large",
    status: 413,
    wrong: /larger than 1048576 bytes/,
    right: /the most that is read/,
    send: (client) =>
      client.send("/Users", {
        method: "POST",
        headers: { "Content-Length": "9999999" },
        body: "{}",
      }),
  },
  {
    name: "an empty body",
    status: 400,
    wrong: /body is empty/,
    right: /must be a JSON object/,
    send: (client) => client.send("/Users", { method: "POST", body: "" }),
  },
  {
    name: "malformed JSON",
    status: 400,
    wrong: /not JSON/,
    right: /position 15/,
    send: (client) =>
      client.send("/Users", { method: "POST", body: '{"userName":"a"' }),
  },
  {
    name: "bytes that are not UTF-8",
    status: 400,
    wrong: /not valid UTF-8/,
    right: /send JSON in UTF-8/,
    send: (client) =>
      client.send("/Users", { method: "POST", body: new Uint8Array([0xff]) }),
  },
  {
    name: "a body without schemas",
    status: 400,
    wrong: /"schemas" must be an array/,
    right: new RegExp(`it holds "${URN.user}"`),
    send: (client) => client.post("/Users", { userName: "a" }),
  },
  {
    name: "an attribute in two spellings",
    status: 400,
    wrong: /"userName" and "USERNAME" name the same attribute/,
    right: /send it once/,
    send: (client) => client.post("/Users", user("a", { USERNAME: "b" })),
  },
  create(
    "without a required attribute",
    { userName: null },
    /"userName" is required/,
    /for User/,
  ),
  create(
    "a number for a string",
    { title: 5 },
    /"title" must be/,
    /a string, not a number/,
  ),
  create(
    "a word for a boolean",
    { active: "x" },
    /"active" must be/,
    /true or false, not a string/,
  ),
  create(
    "text for an object",
    { name: "x" },
    /"name" must be/,
    /an object, not a string/,
  ),
  create(
    "two primaries",
    { emails: [{ value: "a", primary: true }, { value: "b", primary: true }] },
    /"emails" has more than one value with primary/,
    /at most one/,
  ),
  {
    name: "an attribute that a strict profile does not know",
    status: 400,
    wrong: /"emial" is not defined for User/,
    right: /did you mean "emails"/,
    send: async ({ server }) =>
      (await server.client({ profile: "rfc" }))
        .post("/Users", user("a", { emial: 1 })),
  },
  {
    name: "members that do not exist",
    status: 400,
    wrong: /names resources that do not exist/,
    right: /"nobody"/,
    send: (client) => client.post("/Groups", group("g", ["nobody"])),
  },
  {
    name: "a message that is no PATCH",
    status: 400,
    wrong: /"operations" is missing or of another form/,
    right: /"schemas": \["urn:.*:PatchOp"\] and "Operations", an array/,
    send: (client, ada) =>
      client.send(`/Users/${ada}`, {
        method: "PATCH",
        body: { schemas: [URN.patch] },
      }),
  },
  patch(
    "with an unknown op",
    { op: "move" },
    /Operations\[0\]\.op.*"move"/,
    /must be add, remove or replace/,
  ),
  patch(
    "remove without a path",
    { op: "remove" },
    /Operations\[0\] removes nothing/,
    /needs a "path"/,
  ),
  patch(
    "add without a value",
    { op: "add", path: "title" },
    /value is missing/,
    /needs a "value"/,
  ),
  patch(
    "with a malformed path",
    { op: "add", path: "a b", value: 1 },
    /Path cannot be read at position 3/,
    /;/,
  ),
  patch(
    "of a readOnly attribute",
    { op: "add", path: "id", value: "x" },
    /"id" is readOnly/,
    /cannot be changed/,
  ),
  patch(
    "that removes a required attribute",
    { op: "remove", path: "userName" },
    /"userName" is required/,
    /cannot be removed/,
  ),
  patch(
    "with an unknown sub-attribute in a filter",
    { op: "remove", path: "emails[x pr]" },
    /"emails" has no sub-attribute "x"/,
    /it has value, display/,
  ),
  {
    name: "attributes with excludedAttributes",
    status: 400,
    wrong: /cannot be used together/,
    right: /send one/,
    send: (client) =>
      client.get("/Users?attributes=id&excludedAttributes=name"),
  },
  {
    name: "a count that is no number",
    status: 400,
    wrong: /"count".*not "abc"/,
    right: /must be an integer/,
    send: (client) => client.get("/Users?count=abc"),
  },
  {
    name: "an empty filter",
    status: 400,
    wrong: /filter is empty/,
    right: /leave the parameter out to get all/,
    send: (client) => client.get("/Users?filter="),
  },
  {
    name: "a misspelt attribute in a filter",
    status: 400,
    wrong: /position 1: Attribute "usrName" is not defined/,
    right: /did you mean "userName"/,
    send: (client) => client.get('/Users?filter=usrName eq "a"'),
  },
  {
    name: "a misspelt operator",
    status: 400,
    wrong: /position 10: "eqq" is not a comparison operator/,
    right: /did you mean "eq"/,
    send: (client) => client.get('/Users?filter=userName eqq "a"'),
  },
];

for (const { name, status, wrong, right, send } of CASES) {
  Deno.test(
    `The error of ${name} says what was wrong and what would be right`,
    withClient(async (client) => {
      const ada = await client.user("ada");
      const staff = await client.group("staff");
      const answer = await send(client, ada.id, staff.id);
      strictEqual(answer.status, status, answer.text);
      const detail = text(answer.json["detail"]);
      match(detail, wrong);
      match(detail, right);
      ok(detail.length < 400, "it is short enough to be read");
      ok(/^[A-Z"/]/.test(detail) && !/[.!]$/.test(detail), detail);
    }),
  );
}

Deno.test("44-3.12-1 44-3.12-7 A failure of the server gives an id and nothing else, and is reported under it", async () => {
  await using server = await TestServer.start();
  const { token } = await server.client();
  const list = server.kv.list;
  server.kv.list = () => {
    throw new TypeError("secret inside");
  };
  const headers = { Authorization: `Bearer ${token}` };
  const request = new Request(`${BASE}/Users?filter=title+pr`, { headers });
  const response = await server.fetch(request);
  server.kv.list = list;
  const body = object(await response.json());
  strictEqual(response.status, 500);
  strictEqual(response.headers.get("Content-Type"), "application/scim+json");
  strictEqual(body["status"], "500");
  const [report] = server.reports.splice(0);
  strictEqual(report?.event, "internal error");
  match(
    text(body["detail"]),
    new RegExp(`under the id ${report?.details["id"]}`),
  );
  strictEqual(JSON.stringify(body).includes("secret inside"), false);
  strictEqual(JSON.stringify(report).includes(token), false);
});

Deno.test("A store that does not answer is 503 with Retry-After, and is no defect", async () => {
  await using server = await TestServer.start({ deadline: 50 });
  const { token } = await server.client();
  const get = server.kv.get;
  server.kv.get = () => new Promise(() => {});
  const headers = { Authorization: `Bearer ${token}` };
  const response = await server.fetch(
    new Request(`${BASE}/Users/x`, { headers }),
  );
  server.kv.get = get;
  strictEqual(response.status, 503);
  match(response.headers.get("Retry-After") ?? "", /^\d+$/);
  strictEqual(response.headers.get("Content-Type"), "application/scim+json");
  match(text(object(await response.json())["detail"]), /again later/);
});

Deno.test("The errors of pages outside of SCIM are problems that tell where to go", async () => {
  await using server = await TestServer.start();
  const { json, headers } = await send(server, `${ORIGIN}/nope`, {});
  strictEqual(headers.get("Content-Type"), "application/problem+json");
  match(text(json["detail"]), /nothing at \/nope; SCIM is at \/api\/scim\/v2/);
});

const LONG_TEXT = "a".repeat(3_000);

/** Requests whose mistakes are long texts. */
const LONG_TEXTS: readonly (readonly [
  name: string,
  send: (client: Client, ada: string, staff: string) => Promise<Answer>,
])[] = [
  [
    "a schema URI",
    (client) => client.post("/Users", { ...user("eve"), schemas: [LONG_TEXT] }),
  ],
  [
    "the name of half a surrogate pair's attribute",
    (client) => client.post("/Users", user("eve", { [LONG_TEXT]: "\ud800" })),
  ],
  ["a path", (client, ada) =>
    client.patch(`/Users/${ada}`, [
      { op: "replace", path: LONG_TEXT, value: "x" },
    ])],
  [
    "a sub-attribute within a path",
    (client, ada) =>
      client.patch(`/Users/${ada}`, [
        { op: "remove", path: `emails[${LONG_TEXT} eq "x"]` },
      ]),
  ],
  [
    "a path to one value that is not there",
    (client, ada) =>
      client.patch(`/Users/${ada}`, [
        {
          op: "replace",
          path: `emails[type eq "${LONG_TEXT}"].value`,
          value: "x",
        },
      ]),
  ],
  [
    "a path that edits a member",
    (client, _, staff) =>
      client.patch(`/Groups/${staff}`, [
        {
          op: "replace",
          path: `members[value eq "${LONG_TEXT}"].display`,
          value: "x",
        },
      ]),
  ],
  [
    "a path that puts a member",
    (client, _, staff) =>
      client.patch(`/Groups/${staff}`, [
        { op: "add", path: `members[value eq "${LONG_TEXT}"]`, value: "x" },
      ]),
  ],
  [
    "a sub-attribute within a filter",
    (client) => client.get(`/Users?filter=emails[${LONG_TEXT} eq "x"]`),
  ],
  [
    "brackets behind a sub-attribute",
    (client) => client.get(`/Users?filter=${LONG_TEXT}.${LONG_TEXT}[a eq "x"]`),
  ],
  [
    "a value without quotation marks",
    (client) => client.get(`/Users?filter=userName eq ${LONG_TEXT}`),
  ],
];

for (const [name, send] of LONG_TEXTS) {
  // Each of them is a mistake in one of the profiles at least.
  Deno.test(`The error of a long text quotes its beginning only: ${name}`, async () => {
    const statuses: number[] = [];
    for (const profile of ["compatible", "rfc"] as const) {
      await withClient(async (client) => {
        const ada = await client.user("ada");
        const staff = await client.group("staff");
        const answer = await send(client, ada.id, staff.id);
        statuses.push(answer.status);
        ok(answer.status < 300 || answer.text.length < 700, answer.text);
      }, { profile })();
    }
    ok(statuses.includes(400), String(statuses));
  });
}
