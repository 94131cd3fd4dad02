import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import {
  BASE,
  type Client,
  group,
  isList,
  isScimError,
  object,
  objects,
  TestServer,
  text,
  URN,
  user,
  withClient,
} from "../../routes/harness.ts";

const UNKNOWN = "3f2b6c1e-2a57-4d0e-9d2c-7b6a3f1c5e10";

async function users(client: Client, ...names: string[]): Promise<void> {
  for (const name of names) await client.user(name);
}

// Section 3.3: creating.

for (const profile of ["rfc", "compatible"] as const) {
  Deno.test(
    `44-3.3-1 readOnly attributes in a POST are ignored, of whatever value (${profile})`,
    withClient(async (client) => {
      const { id: boss } = await client.user("boss", { displayName: "Boss" });
      const { id: staff } = await client.group("staff");
      const { id, json } = await client.user("ada", {
        id: UNKNOWN,
        meta: { created: "1999-01-01T00:00:00Z", version: 'W/"1"', x: 1 },
        groups: [{ value: staff, display: "staff" }],
        [URN.enterprise]: { manager: { value: boss, displayName: "Eve" } },
      });
      ok(id !== UNKNOWN);
      strictEqual(json["groups"], undefined);
      strictEqual(object(json["meta"])["created"], "2026-06-01T08:00:00.000Z");
      deepStrictEqual(object(json[URN.enterprise])["manager"], {
        value: boss,
        $ref: `${BASE}/Users/${boss}`,
        displayName: "Boss",
      });
      deepStrictEqual((await client.get(`/Users/${id}`)).json, json);
      isScimError(await client.get(`/Users/${UNKNOWN}`), 404);
      const { json: group } = await client.get(`/Groups/${staff}`);
      strictEqual(group["members"], undefined);
    }, { profile }),
  );
}

Deno.test(
  "44-3.3-2 What the server adds to a member that came without it shows in the answer",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const { json } = await client.group("staff", [id]);
    deepStrictEqual(json["members"], [{
      value: id,
      $ref: `${BASE}/Users/${id}`,
      type: "User",
      display: "ada",
    }]);
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.3-2 An attribute that was left out has no hidden default",
  withClient(async (client) => {
    const { json } = await client.user("ada");
    deepStrictEqual(Object.keys(json).sort(), [
      "id",
      "meta",
      "schemas",
      "userName",
    ]);
    isList(await client.get("/Users?filter=active+pr"), { total: 0 });
  }, { profile: "rfc" }),
);

for (const profile of ["rfc", "compatible"] as const) {
  Deno.test(
    `44-3.3-3 null and [] leave an attribute unassigned (${profile})`,
    withClient(async (client) => {
      const { json, id } = await client.user("ada", {
        active: null,
        title: null,
        name: null,
        emails: [],
        phoneNumbers: null,
        [URN.enterprise]: null,
      });
      const { json: plain } = await client.user("bob");
      deepStrictEqual(Object.keys(json).sort(), Object.keys(plain).sort());
      deepStrictEqual((await client.get(`/Users/${id}`)).json, json);
      isList(await client.get("/Users?filter=active+eq+null"), { total: 2 });
    }, { profile }),
  );
}

/** A user with many attributes, as sent. */
const ADA: JsonObject = {
  schemas: [URN.user, URN.enterprise],
  userName: "ada",
  externalId: "7",
  name: { givenName: "Ada", familyName: "King" },
  active: false,
  emails: [{ value: "a@b.c", type: "work", primary: true }],
  [URN.enterprise]: { department: "R" },
};

Deno.test(
  "44-3.3-5 The answer to a POST is the full representation, or what was asked for",
  withClient(async (client) => {
    const { json } = await client.post("/Users", ADA);
    const { id, meta: _, ...others } = json;
    deepStrictEqual(others, ADA);
    deepStrictEqual((await client.get(`/Users/${text(id)}`)).json, json);
    const some = await client.post(
      "/Users?attributes=name.givenName",
      { ...ADA, userName: "bob" },
    );
    deepStrictEqual(Object.keys(some.json).sort(), ["id", "name", "schemas"]);
    deepStrictEqual(some.json["name"], { givenName: "Ada" });
    const less = await client.post(
      `/Users?excludedAttributes=name,meta,${URN.enterprise}`,
      { ...ADA, userName: "cy" },
    );
    deepStrictEqual(
      Object.keys(less.json).sort(),
      ["active", "emails", "externalId", "id", "schemas", "userName"],
    );
  }, { profile: "rfc" }),
);

for (
  const [endpoint, body] of Object.entries({
    Users: user("ada"),
    Groups: group("staff"),
  })
) {
  Deno.test(
    `44-3.3-6 Location and meta.location of what was POSTed to /${endpoint} are one URI`,
    withClient(async (client) => {
      const { headers, json } = await client.post(`/${endpoint}`, {
        ...body,
        meta: { location: "https://evil.example/Users/1" },
      });
      const location = text(object(json["meta"])["location"]);
      strictEqual(headers.get("Location"), location);
      strictEqual(location, `${BASE}/${endpoint}/${text(json["id"])}`);
      deepStrictEqual((await client.get(location)).json, json);
    }, { profile: "rfc" }),
  );

  Deno.test(
    `44-3.3-7 What is in conflict with what /${endpoint} has is 409 uniqueness, and nothing is stored`,
    withClient(async (client, server) => {
      strictEqual((await client.post(`/${endpoint}`, body)).status, 201);
      const before = await server.dump();
      const again = { ...body, externalId: "another" };
      const answer = await client.post(`/${endpoint}`, again);
      isScimError(answer, 409, "uniqueness", /must be unique/);
      deepStrictEqual(await server.dump(), before);
    }, { profile: "rfc" }),
  );
}

Deno.test(
  "44-3.3-8 The endpoint decides on meta.resourceType, not the body",
  withClient(async (client) => {
    for (const resourceType of ["Group", "Nope", 5, null]) {
      const { json } = await client.user(`ada ${resourceType}`, {
        meta: { resourceType },
      });
      strictEqual(object(json["meta"])["resourceType"], "User");
    }
    const { json } = await client.group("staff", [], {
      meta: { resourceType: "User" },
    });
    strictEqual(object(json["meta"])["resourceType"], "Group");
    const filter = 'filter=meta.resourceType eq "User"';
    isList(await client.get(`?${filter}`), { total: 4 });
  }, { profile: "rfc" }),
);

/** Bodies of a user that are refused: the body, the keyword, and what is said. */
const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  [JSON.stringify({ schemas: [URN.user] }), "invalidValue", /"userName"/],
  [
    JSON.stringify({ schemas: [URN.user], userName: null }),
    "invalidValue",
    /"userName" is required/,
  ],
  ['{"userName":', "invalidSyntax", /not JSON/],
  ["userName=ada", "invalidSyntax", /not JSON/],
  ["", "invalidSyntax", /empty/],
  ["[]", "invalidSyntax", /must be a JSON object/],
  [`[${JSON.stringify(user("ada"))}]`, "invalidSyntax", /must be a JSON obj/],
  ['"ada"', "invalidSyntax", /must be a JSON object/],
  ["null", "invalidSyntax", /must be a JSON object/],
  ["5", "invalidSyntax", /must be a JSON object/],
];

for (const [body, scimType, detail] of REFUSED) {
  Deno.test(
    `44-3.3-9 POST of ${body || "(nothing)"} is 400 ${scimType}`,
    withClient(async (client) => {
      const answer = await client.send("/Users", { method: "POST", body });
      isScimError(answer, 400, scimType, detail);
      isList(await client.get("/Users"), { total: 0 });
    }, { profile: "rfc" }),
  );
}

// Section 3.4.1: retrieving a known resource.

Deno.test(
  "44-3.4.1-3 GET shows what is returned by default, and never a password",
  withClient(async (client) => {
    const { id } = await client.user("ada", { ...ADA, password: "secret" });
    const { json } = await client.get(`/Users/${id}`);
    const { id: _, meta, ...others } = json;
    deepStrictEqual(others, ADA);
    deepStrictEqual(Object.keys(object(meta)).sort(), [
      "created",
      "lastModified",
      "location",
      "resourceType",
      "version",
    ]);
    const asked = await client.get(`/Users/${id}?attributes=password`);
    deepStrictEqual(Object.keys(asked.json).sort(), ["id", "schemas"]);
  }, { profile: "rfc" }),
);

// Section 3.4.2: querying.

Deno.test(
  "44-3.4.2-1 One resource, one type and the base can be queried",
  withClient(async (client) => {
    const { id, json: ada } = await client.user("ada", { title: "Dr." });
    const { json: staff } = await client.group("staff");
    const query = "?attributes=userName,displayName";
    const single = await client.get(`/Users/${id}${query}`);
    const shown = { schemas: ada["schemas"], id, userName: "ada" };
    deepStrictEqual(single.json, shown);
    const type = await client.get(`/Users${query}`);
    deepStrictEqual(isList(type, { total: 1 }), [shown]);
    deepStrictEqual(isList(await client.get(query), { total: 2 }), [shown, {
      schemas: staff["schemas"],
      id: staff["id"],
      displayName: "staff",
    }]);
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.4.2-2 The extra parameter cursor is announced and works",
  withClient(async (client) => {
    await users(client, "a", "b", "c");
    const { json } = await client.get("/ServiceProviderConfig");
    strictEqual(object(json["pagination"])["cursor"], true);
    const first = await client.get("/Users?cursor&count=2");
    const cursor = text(first.json["nextCursor"]);
    const second = await client.get(`/Users?cursor=${cursor}&count=2`);
    const names = [first, second].flatMap(({ json }) =>
      objects(json["Resources"]).map(({ userName }) => userName)
    );
    deepStrictEqual(names.sort(), ["a", "b", "c"]);
  }, { profile: "rfc" }),
);

/** Queries of five users: what is on the page, where it begins, how many match. */
const PAGES: readonly (readonly [string, number, number, number])[] = [
  ["", 5, 1, 5],
  ["?count=2", 2, 1, 5],
  ["?startIndex=4&count=3", 2, 4, 5],
  ["?startIndex=9", 0, 9, 5],
  ["?count=0", 0, 1, 5],
  ['?filter=userName sw "a"&count=1', 1, 1, 3],
  ['?filter=userName sw "a"&startIndex=3', 1, 3, 3],
  ['?filter=title eq "Dr."&count=1', 1, 1, 2],
  ['?filter=userName eq "none"', 0, 1, 0],
  ["?sortBy=userName&startIndex=2&count=2", 2, 2, 5],
];

for (const [query, page, startIndex, total] of PAGES) {
  Deno.test(
    `44-3.4.2-4 44-3.4.2-5 44-3.4.2-6 44-3.4.2-7 44-3.4.2-9 A list with ${
      query || "no query"
    } tells of ${page} from ${startIndex} of ${total}`,
    withClient(async (client) => {
      await users(client, "a1", "a2", "b");
      await client.user("a3", { title: "Dr." });
      await client.user("c", { title: "Dr." });
      const answer = await client.get(`/Users${query}`);
      isList(answer, { total, page, startIndex });
      isList(await client.get(query), { total, page, startIndex });
    }, { profile: "rfc" }),
  );
}

// Section 3.4.2.1: query endpoints.

Deno.test("44-3.4.2.1-3 A query at the root that had to look at too much is 400 tooMany", async () => {
  await using server = await TestServer.start({ scanLimit: 3 });
  const client = await server.client({ profile: "rfc" });
  await users(client, "a", "b", "c", "d");
  for (const query of ["?filter=title pr", "?sortBy=title"]) {
    isScimError(await client.get(query), 400, "tooMany", /more than 3/);
  }
  isList(await client.get("?count=2"), { total: 4, page: 2 });
  deepStrictEqual(await client.names('?filter=userName eq "a"'), ["a"]);
});

for (
  const filter of [
    'userName eq "ada"',
    'userName eq "bob"',
    "emial pr",
    "((",
    "",
  ]
) {
  Deno.test(
    `44-3.4.2.1-5 A single resource is shown whatever filter there is: ${
      filter || "(empty)"
    }`,
    withClient(async (client) => {
      const { id, json } = await client.user("ada");
      const query = `?filter=${encodeURIComponent(filter)}`;
      const answer = await client.get(`/Users/${id}${query}`);
      strictEqual(answer.status, 200);
      deepStrictEqual(answer.json, json);
      isScimError(await client.get(`/Users/${UNKNOWN}${query}`), 404);
    }, { profile: "rfc" }),
  );
}
