import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { JsonObject, JsonValue } from "../../domain/json.ts";
import {
  ADMIN_SECRET,
  Client,
  isProblem,
  object,
  objects,
  ORIGIN,
  pointers,
  send,
  TestServer,
  text,
  withClient,
} from "./harness.ts";

async function tokens(server: TestServer): Promise<JsonObject[]> {
  return objects((await server.admin("GET", "/tokens")).json["tokens"]);
}

async function changes(
  server: TestServer,
  query = "",
): Promise<JsonObject[]> {
  const answer = await server.admin("GET", `/changes${query}`);
  strictEqual(answer.status, 200, answer.text);
  return objects(answer.json["changes"]);
}

// Tokens.

Deno.test("POST /admin/tokens issues a token with defaults", async () => {
  await using server = await TestServer.start();
  const answer = await server.admin("POST", "/tokens", { name: " Entra ID " });
  strictEqual(answer.status, 201);
  strictEqual(answer.headers.get("Content-Type"), "application/json");
  strictEqual(answer.headers.get("Cache-Control"), "no-store");
  const { id, token, ...others } = answer.json;
  deepStrictEqual(others, {
    name: "Entra ID",
    tenant: "default",
    scopes: ["scim"],
    profile: "compatible",
    createdAt: "2026-06-01T08:00:00.000Z",
    expiresAt: null,
  });
  match(text(token), /^scim_[A-Za-z0-9_-]{49}$/);
  match(text(id), /^[0-9a-f-]{36}$/);
});

Deno.test("POST /admin/tokens takes every member that it knows", async () => {
  await using server = await TestServer.start();
  const { json } = await server.admin("POST", "/tokens", {
    name: "reader",
    scopes: ["scim:read"],
    expiresInDays: 30,
    profile: "rfc",
    tenant: "acme",
  });
  strictEqual(json["expiresAt"], "2026-07-01T08:00:00.000Z");
  strictEqual(json["profile"], "rfc");
  strictEqual(json["tenant"], "acme");
  deepStrictEqual(json["scopes"], ["scim:read"]);
});

Deno.test("A token is bound to a user, is listed so, and stays so when it is rotated", async () => {
  await using server = await TestServer.start();
  const ada = await (await server.client({ tenant: "acme" })).user("ada");
  const issued = await server.admin("POST", "/tokens", {
    name: "ada",
    tenant: "acme",
    userId: ada.id,
  });
  strictEqual(issued.status, 201, issued.text);
  strictEqual(issued.json["userId"], ada.id);
  const { id } = issued.json;
  const listed = (await tokens(server)).find((token) => token["id"] === id);
  strictEqual(listed?.["userId"], ada.id);
  const rotated = await server.admin("POST", `/tokens/${id}/rotate`, {
    graceHours: 1,
  });
  strictEqual(rotated.json["userId"], ada.id);
  for (const { json } of [issued, rotated]) {
    const me = await new Client(server, text(json["token"])).get("/Me");
    strictEqual(me.json["id"], ada.id);
  }
});

Deno.test("A token for no user has no userId", async () => {
  await using server = await TestServer.start();
  await server.token();
  deepStrictEqual(
    (await tokens(server)).map((token) => Object.hasOwn(token, "userId")),
    [false],
  );
});

Deno.test("A token is not issued for a user that its tenant does not have", async () => {
  await using server = await TestServer.start();
  const client = await server.client({ tenant: "acme" });
  const ada = await client.user("ada");
  const staff = await client.group("staff");
  const before = await server.dump();
  for (
    const [tenant, userId] of [
      ["acme", "nobody"],
      ["acme", "\u0000"],
      ["acme", staff.id],
      ["default", ada.id],
      ["globex", ada.id],
    ] as const
  ) {
    const request = { name: "x", tenant, userId };
    const answer = await server.admin("POST", "/tokens", request);
    isProblem(answer, 400, new RegExp(`^/userId.*no user.*tenant "${tenant}"`));
  }
  deepStrictEqual(await server.dump(), before);
});

Deno.test("The userId of a token is a text of 1 to 128 characters", async () => {
  await using server = await TestServer.start();
  for (const userId of [5, null, "", [], "x".repeat(129)]) {
    const answer = await server.admin("POST", "/tokens", { name: "x", userId });
    isProblem(answer, 400, /^\/userId /);
    strictEqual(pointers(answer)[0], "/userId");
  }
});

Deno.test("A token's tenant comes into being with it", async () => {
  await using server = await TestServer.start();
  await server.token({ tenant: "acme" });
  const { json } = await server.admin("GET", "/tenants");
  deepStrictEqual(objects(json["tenants"]).map(({ id }) => id), [
    "acme",
    "default",
  ]);
});

Deno.test("GET /admin/tokens lists the newest first, with the last use, without secrets", async () => {
  await using server = await TestServer.start();
  const token = await server.token({ name: "first" });
  server.pass({ hours: 1 });
  await server.token({ name: "second" });
  server.pass({ hours: 1 });
  await send(server, `${ORIGIN}/scim/v2/Users`, { token });
  let listed = await tokens(server);
  // The use is written behind the request.
  for (let i = 0; i < 200 && listed[1]?.["lastUsedAt"] === null; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    listed = await tokens(server);
  }
  deepStrictEqual(listed.map(({ name, lastUsedAt }) => [name, lastUsedAt]), [
    ["second", null],
    ["first", "2026-06-01T10:00:00.000Z"],
  ]);
  for (const entry of listed) {
    deepStrictEqual(Object.keys(entry).sort(), [
      "createdAt",
      "expiresAt",
      "id",
      "lastUsedAt",
      "name",
      "profile",
      "scopes",
      "tenant",
    ]);
  }
});

Deno.test("44-7-12 43-9-3 A secret is shown once and is nowhere else: list, log, store, reports", async () => {
  await using server = await TestServer.start();
  const secrets = [await server.token(), ADMIN_SECRET];
  const [listed] = await tokens(server);
  const path = `/tokens/${object(listed)["id"]}/rotate`;
  const { json } = await server.admin("POST", path, { graceHours: 1 });
  secrets.push(text(json["token"]));
  for (const token of secrets) {
    const client = { token, method: "POST", body: { schemas: [] } };
    await send(server, `${ORIGIN}/scim/v2/Users`, client);
  }
  const places = [
    ...await server.dump(),
    ...await Promise.all(
      ["/tokens", "/tenants", "/changes"].map(async (place) =>
        (await server.admin("GET", place)).text
      ),
    ),
    JSON.stringify(server.reports),
  ];
  ok(places.length > 5);
  for (const place of places) {
    for (const secret of secrets) {
      strictEqual(place.includes(secret), false);
      strictEqual(place.includes(secret.slice(5, 40)), false);
    }
  }
});

Deno.test("POST /admin/tokens/{id}/rotate needs no body", async () => {
  await using server = await TestServer.start();
  await server.token();
  const [listed] = await tokens(server);
  const url = `${ORIGIN}/admin/tokens/${object(listed)["id"]}/rotate`;
  const request = { method: "POST", token: ADMIN_SECRET };
  for (
    const more of [
      {},
      { headers: { "Content-Type": "application/json" } },
      { headers: { "Content-Type": "application/json" }, body: "" },
      { headers: { "Content-Type": "application/json" }, body: "{}" },
    ]
  ) {
    const answer = await send(server, url, { ...request, ...more });
    strictEqual(answer.status, 200, answer.text);
    strictEqual(answer.headers.get("Cache-Control"), "no-store");
    match(text(answer.json["token"]), /^scim_/);
  }
});

Deno.test("A token that is not there is 404", async () => {
  await using server = await TestServer.start();
  for (const id of ["x", "__proto__", "%00", "x".repeat(300)]) {
    isProblem(
      await server.admin("DELETE", `/tokens/${id}`),
      404,
      /no token with the id.*lists them/,
    );
    isProblem(
      await server.admin("POST", `/tokens/${id}/rotate`, {}),
      404,
      /no token with the id/,
    );
  }
});

// Validation.

const TOKENS = "/tokens";
const ROTATE = "/tokens/x/rotate";
const TENANT = "/tenants/default";

/** Bodies that are refused, which members the answer names, and what it says. */
const REFUSED:
  readonly (readonly [string, string, JsonValue, string[], RegExp])[] = [
    ["POST", TOKENS, {}, ["/name"], /^\/name is required/],
    ["POST", TOKENS, { name: "" }, ["/name"], /must not be empty/],
    ["POST", TOKENS, { name: "  " }, ["/name"], /must not be empty/],
    ["POST", TOKENS, { name: 5 }, ["/name"], /text/],
    ["POST", TOKENS, { name: null }, ["/name"], /text/],
    ["POST", TOKENS, { name: "x".repeat(201) }, ["/name"], /200 characters/],
    ["POST", TOKENS, { name: "a", scopes: [] }, ["/scopes"], /1/],
    ["POST", TOKENS, { name: "a", scopes: "scim" }, ["/scopes"], /array/],
    [
      "POST",
      TOKENS,
      { name: "a", scopes: ["admin"] },
      ["/scopes/0"],
      /"scim"\|"scim:read"/,
    ],
    ["POST", TOKENS, { name: "a", expiresInDays: 0 }, ["/expiresInDays"], /1/],
    ["POST", TOKENS, { name: "a", expiresInDays: -1 }, ["/expiresInDays"], /1/],
    [
      "POST",
      TOKENS,
      { name: "a", expiresInDays: 1.5 },
      ["/expiresInDays"],
      /int/,
    ],
    [
      "POST",
      TOKENS,
      { name: "a", expiresInDays: "30" },
      ["/expiresInDays"],
      /number/,
    ],
    [
      "POST",
      TOKENS,
      { name: "a", expiresInDays: 1e9 },
      ["/expiresInDays"],
      /3650/,
    ],
    [
      "POST",
      TOKENS,
      { name: "a", profile: "strict" },
      ["/profile"],
      /"compatible"\|"rfc"/,
    ],
    ["POST", TOKENS, { name: "a", tenant: "" }, ["/tenant"], /letters, digits/],
    [
      "POST",
      TOKENS,
      { name: "a", tenant: "a/b" },
      ["/tenant"],
      /letters, digits/,
    ],
    [
      "POST",
      TOKENS,
      { name: "a", tenant: "-a" },
      ["/tenant"],
      /letters, digits/,
    ],
    [
      "POST",
      TOKENS,
      { name: "a", tenant: "a\n" },
      ["/tenant"],
      /letters, digits/,
    ],
    [
      "POST",
      TOKENS,
      { name: "a", tenant: "x".repeat(64) },
      ["/tenant"],
      /1 to 63/,
    ],
    ["POST", TOKENS, { name: "a", tenant: 5 }, ["/tenant"], /string/],
    [
      "POST",
      TOKENS,
      { name: "a", scope: [] },
      ["/scope"],
      /not known; known are name, scopes/,
    ],
    [
      "POST",
      TOKENS,
      { name: "a", token: "x", id: "y" },
      ["/token", "/id"],
      /\/token .*\/id /,
    ],
    [
      "POST",
      TOKENS,
      { name: 1, profile: 1 },
      ["/name", "/profile"],
      /\/name .*; \/profile /,
    ],
    ["POST", TOKENS, { name: "a", "a/b~c": 1 }, ["/a~1b~0c"], /not known/],
    ["POST", ROTATE, { graceHours: -1 }, ["/graceHours"], /0/],
    ["POST", ROTATE, { graceHours: 1e9 }, ["/graceHours"], /8760/],
    ["POST", ROTATE, { graceHours: "1" }, ["/graceHours"], /number/],
    ["POST", ROTATE, { grace: 1 }, ["/grace"], /known are graceHours/],
    [
      "PATCH",
      TENANT,
      {},
      ["/settings"],
      /must be an object with uniqueGroupNames/,
    ],
    ["PATCH", TENANT, { settings: 1 }, ["/settings"], /must be an object/],
    ["PATCH", TENANT, { settings: { uniqueGroupNames: "true" } }, [
      "/settings/uniqueGroupNames",
    ], /boolean/],
    ...[24, 0, -1, 1_000_001, 25.5, "100", true, []].map((requestsPerSecond) =>
      [
        "PATCH",
        TENANT,
        { settings: { requestsPerSecond } },
        ["/settings/requestsPerSecond"],
        /must be an integer from 25 to 1000000/,
      ] satisfies [string, string, JsonValue, string[], RegExp]
    ),
    [
      "PATCH",
      TENANT,
      { settings: { colour: "red" } },
      ["/settings/colour"],
      /known are uniqueGroupNames/,
    ],
    ["PATCH", TENANT, { settings: {}, id: "x" }, ["/id"], /known are settings/],
  ];

for (const [method, path, body, wrong, detail] of REFUSED) {
  Deno.test(
    `${method} /admin${path} refuses ${
      JSON.stringify(body).slice(0, 60)
    } and names ${wrong.join(", ")}`,
    async () => {
      await using server = await TestServer.start();
      const before = await server.dump();
      const answer = await server.admin(method, path, body);
      isProblem(answer, 400, detail);
      deepStrictEqual(pointers(answer), wrong);
      deepStrictEqual(await server.dump(), before);
    },
  );
}

/** Bodies that are no JSON objects. */
const MALFORMED:
  readonly (readonly [string, string | Uint8Array<ArrayBuffer>, RegExp])[] = [
    ["malformed JSON", '{"name":', /not JSON/],
    ["nothing", "", /empty; it must be a JSON object/],
    ["blanks", "  \n", /empty/],
    ["an array", "[]", /must be a JSON object/],
    ["null", "null", /must be a JSON object/],
    ["a string", '"name"', /must be a JSON object/],
    [
      "deep nesting",
      `{"name":${"[".repeat(5_000)}${"]".repeat(5_000)}}`,
      /nests deeper/,
    ],
    ["half of a surrogate pair", '{"name":"\\ud800"}', /surrogate/],
    [
      "a prototype",
      '{"name":"a","__proto__":{"tenant":"b"}}',
      /__proto__ is not known/,
    ],
  ];

for (const [name, body, detail] of MALFORMED) {
  Deno.test(`POST /admin/tokens refuses ${name}`, async () => {
    await using server = await TestServer.start();
    const before = await server.dump();
    const answer = await send(server, `${ORIGIN}/admin/tokens`, {
      method: "POST",
      token: ADMIN_SECRET,
      headers: { "Content-Type": "application/json" },
      body,
    });
    isProblem(answer, 400, detail);
    deepStrictEqual(await server.dump(), before);
  });
}

for (
  const type of [
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/jsonp",
    "json",
    "",
    "application/json-patch",
  ]
) {
  Deno.test(`A body of type "${type}" is 415 and told what is read`, async () => {
    await using server = await TestServer.start();
    for (
      const [method, path] of [["POST", TOKENS], ["POST", ROTATE], [
        "PATCH",
        TENANT,
      ]]
    ) {
      const answer = await send(server, `${ORIGIN}/admin${path}`, {
        method: method ?? "",
        token: ADMIN_SECRET,
        headers: { "Content-Type": type },
        body: { name: "a" },
      });
      isProblem(answer, 415, /send "Content-Type: application\/json"/);
    }
  });
}

for (
  const type of [
    "application/json; charset=utf-8",
    "APPLICATION/JSON",
    "application/scim+json",
  ]
) {
  Deno.test(`A body of type "${type}" is read`, async () => {
    await using server = await TestServer.start();
    const answer = await send(server, `${ORIGIN}/admin/tokens`, {
      method: "POST",
      token: ADMIN_SECRET,
      headers: { "Content-Type": type },
      body: { name: "a" },
    });
    strictEqual(answer.status, 201, answer.text);
  });
}

Deno.test("A body that is too large is 413", async () => {
  await using server = await TestServer.start();
  const answer = await server.admin("POST", TOKENS, {
    name: "x".repeat(270_000),
  });
  isProblem(answer, 413, /larger than 262144 bytes/);
});

// Who may.

for (
  const secret of [
    "",
    "x",
    ADMIN_SECRET.toUpperCase(),
    `${ADMIN_SECRET} `.repeat(2),
    `${ADMIN_SECRET}x`,
    ADMIN_SECRET.slice(1),
  ]
) {
  Deno.test(`The admin secret "${secret}" is wrong: 401`, async () => {
    await using server = await TestServer.start();
    const answer = await send(server, `${ORIGIN}/admin/tokens`, {
      token: secret,
    });
    isProblem(
      answer,
      401,
      /missing or wrong; send it as "Authorization: Bearer/,
    );
    match(answer.headers.get("WWW-Authenticate") ?? "", /^Bearer/);
  });
}

Deno.test("43-9-3 Without a configured secret the first start makes one, and only its hash is stored", async () => {
  const { createServices } = await import("../../routes/services.ts");
  const { createApp } = await import("../../routes/app.ts");
  const kv = await Deno.openKv(":memory:");
  const services = await createServices({ kv });
  const secret = services.adminSecret.fresh ?? "";
  match(secret, /^scimadmin_/);
  const again = await createServices({ kv });
  strictEqual(again.adminSecret.fresh, undefined);
  for (const app of [createApp(services), createApp(again)]) {
    const headers = { Authorization: `Bearer ${secret}` };
    const { status } = await app.request("/admin/tokens", { headers });
    strictEqual(status, 200);
  }
  for await (const { value } of kv.list({ prefix: [] })) {
    strictEqual(Deno.inspect(value).includes(secret.slice(10)), false);
  }
  kv.close();
});

Deno.test("An admin path or method that is not there is 404, and told what there is", async () => {
  await using server = await TestServer.start();
  for (
    const [method, path] of [
      ["GET", ""],
      ["GET", "/nope"],
      ["PUT", "/tokens"],
      ["GET", "/tokens/x/rotate"],
      ["PUT", "/tenants/default"],
      ["POST", "/changes"],
      ["GET", `/${"x".repeat(20_000)}`],
    ] as const
  ) {
    const answer = await server.admin(method, path);
    isProblem(answer, 404, /\/admin\/tokens, \/admin\/tenants/);
    ok(answer.text.length < 400);
  }
});

Deno.test("Admin paths are found with slashes too many", async () => {
  await using server = await TestServer.start();
  for (const path of ["/tokens/", "//tokens", "/tokens///"]) {
    strictEqual((await server.admin("GET", path)).status, 200);
  }
});

// Tenants.

Deno.test("GET /admin/tenants/{id} shows a tenant with its settings", async () => {
  await using server = await TestServer.start();
  const { status, json } = await server.admin("GET", TENANT);
  strictEqual(status, 200);
  strictEqual(json["id"], "default");
  deepStrictEqual(json["settings"], {
    uniqueGroupNames: true,
    requestsPerSecond: 1_000_000,
  });
});

Deno.test("A tenant that is not there is 404 and is not made", async () => {
  await using server = await TestServer.start();
  const before = await server.dump();
  for (const id of ["nope", "__proto__", "x".repeat(300)]) {
    const body = { settings: { uniqueGroupNames: false } };
    isProblem(
      await server.admin("GET", `/tenants/${id}`),
      404,
      /no tenant .*lists/,
    );
    isProblem(
      await server.admin("PATCH", `/tenants/${id}`, body),
      404,
      /no tenant/,
    );
  }
  deepStrictEqual(await server.dump(), before);
});

Deno.test("PATCH /admin/tenants/{id} changes a setting and leaves it alone when it is not named", async () => {
  await using server = await TestServer.start();
  const off = await server.admin("PATCH", TENANT, {
    settings: { uniqueGroupNames: false },
  });
  deepStrictEqual(object(off.json["settings"])["uniqueGroupNames"], false);
  const same = await server.admin("PATCH", TENANT, { settings: {} });
  strictEqual(same.status, 200);
  deepStrictEqual(same.json["settings"], off.json["settings"]);
});

Deno.test(
  "Group names that repeat cannot be made unique: 409 names them, and nothing changes",
  withClient(async (client, server) => {
    const setting = (uniqueGroupNames: boolean) =>
      server.admin("PATCH", TENANT, { settings: { uniqueGroupNames } });
    await setting(false);
    const a = await client.group("Same");
    const b = await client.group("same");
    await client.group("other");
    const answer = await setting(true);
    isProblem(answer, 409, /share a name; rename or delete/);
    const [duplicate] = objects(answer.json["duplicates"]);
    deepStrictEqual(duplicate?.["name"], "same");
    deepStrictEqual(duplicate?.["ids"], [a.id, b.id].sort());
    strictEqual((await client.group("Other")).json["displayName"], "Other");
    await client.delete(`/Groups/${a.id}`);
    isProblem(await setting(true), 409, /share/);
  }),
);

Deno.test(
  "Group names can be made unique again when none repeats",
  withClient(async (client, server) => {
    for (const uniqueGroupNames of [false, true]) {
      await server.admin("PATCH", TENANT, { settings: { uniqueGroupNames } });
      if (!uniqueGroupNames) await client.group("staff");
    }
    const body = {
      schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"],
      displayName: "STAFF",
    };
    strictEqual((await client.post("/Groups", body)).status, 409);
  }),
);

// Changes.

Deno.test("42-4-6 GET /admin/changes tells who did what, in order", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  const { id } = await client.user("ada", { nonsense: 1 });
  server.pass({ hours: 1 });
  await client.patch(`/Users/${id}`, [{
    op: "add",
    path: "title",
    value: "x",
  }]);
  await client.delete(`/Users/${id}`);
  const [listed] = await tokens(server);
  const log = await changes(server);
  deepStrictEqual(log.map(({ operation, at }) => [operation, at]), [
    ["create", "2026-06-01T08:00:00.000Z"],
    ["patch", "2026-06-01T09:00:00.000Z"],
    ["delete", "2026-06-01T09:00:00.000Z"],
  ]);
  for (const record of log) {
    strictEqual(record["actor"], object(listed)["id"]);
    strictEqual(record["id"], id);
  }
  deepStrictEqual(log[0]?.["ignored"], ["nonsense"]);
  deepStrictEqual(log[1]?.["changes"], [{ path: "title", to: "x" }]);
});

Deno.test("The changes are paged by position and limit", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  for (const name of ["a", "b", "c"]) await client.user(name);
  const [first, second] = await changes(server, "?limit=2");
  const rest = await changes(server, `?after=${second?.["position"]}`);
  strictEqual(rest.length, 1);
  const all = await changes(server);
  deepStrictEqual(all, [first, second, ...rest]);
  deepStrictEqual(
    await changes(server, `?after=${rest[0]?.["position"]}`),
    [],
  );
});

Deno.test("The changes of a tenant are its own", async () => {
  await using server = await TestServer.start();
  await (await server.client({ tenant: "acme" })).user("ada");
  strictEqual((await changes(server, "?tenant=acme")).length, 1);
  deepStrictEqual(await changes(server), []);
  isProblem(await server.admin("GET", "/changes?tenant=nobody"), 404, /nobody/);
});

for (
  const [query, pointer, detail] of [
    ["limit=0", "/limit", /must be an integer from 1 to 1000/],
    ["limit=1001", "/limit", /from 1 to 1000/],
    ["limit=-1", "/limit", /from 1 to 1000/],
    ["limit=abc", "/limit", /from 1 to 1000/],
    ["limit=", "/limit", /from 1 to 1000/],
    ["limit=1e2", "/limit", /from 1 to 1000/],
    ["limit=5&limit=6", "/limit", /./],
    ["tenant=a/b", "/tenant", /letters, digits/],
    ["tenant=", "/tenant", /letters, digits/],
    [`after=${"0".repeat(41)}`, "/after", /position/],
  ] as const
) {
  Deno.test(`GET /admin/changes?${query} is 400 and names ${pointer}`, async () => {
    await using server = await TestServer.start();
    const answer = await server.admin("GET", `/changes?${query}`);
    isProblem(answer, 400, detail);
    deepStrictEqual(pointers(answer), [pointer]);
  });
}

Deno.test("Unknown and odd query parameters of the changes are 400", async () => {
  await using server = await TestServer.start();
  for (const name of ["x", "tenat", "__proto__", "constructor"]) {
    const answer = await server.admin("GET", `/changes?${name}=1`);
    isProblem(answer, 400, /is not known; known are tenant, after, limit/);
  }
  deepStrictEqual(await changes(server, "?after=%00"), []);
});
