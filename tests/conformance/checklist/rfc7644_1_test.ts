import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  ADMIN_SECRET,
  BASE,
  isList,
  isScimError,
  object,
  objects,
  ORIGIN,
  send,
  TestServer,
  text,
  URN,
  user,
  withClient,
} from "../../routes/harness.ts";

const MESSAGES = "urn:ietf:params:scim:api:messages:2.0:";
const SEARCH = `${MESSAGES}SearchRequest`;
const BULK = `${MESSAGES}BulkRequest`;

/** Every URI that an answer gives as `$ref` or `location`. */
function urisOf(body: string): string[] {
  return [...body.matchAll(/"(?:\$ref|location)":"([^"]+)"/g)]
    .map(([, uri = ""]) => uri);
}

// Section 1.2: URLs.

/** What stands behind `filter=` and the userName that it finds. */
const ENCODED: readonly (readonly [string, string])[] = [
  ["userName+eq+%22a+b%22", "a b"],
  ["userName%20eq%20%22a%20b%22", "a b"],
  ["userName+eq+%22a%2Bb%22", "a+b"],
  ["userName+eq+%22a%252Bb%22", "a%2Bb"],
  ["userName+eq+%22a%2520b%22", "a%20b"],
  ["userName+eq+%22%C3%BC%26%3D%23%22", "ü&=#"],
  ["user%4Eame+eq+%22%61+b%22", "a b"],
];

for (const [filter, expected] of ENCODED) {
  Deno.test(
    `44-1.2-1 filter=${filter} is decoded once and finds "${expected}"`,
    withClient(async (client) => {
      for (const name of ["a b", "a+b", "a%2Bb", "a%20b", "ü&=#"]) {
        await client.user(name);
      }
      deepStrictEqual(await client.names(`/Users?filter=${filter}`), [
        expected,
      ]);
    }, { profile: "rfc" }),
  );
}

Deno.test("44-1.2-1 An id in a path is decoded once, and + is a plus there", async () => {
  const ids = ["a b", "a+b", "a%2Bb", "a%20b", "ü", "a/b"];
  const waiting: string[] = [];
  await using server = await TestServer.start({
    newId: () => waiting.shift() ?? crypto.randomUUID(),
  });
  const client = await server.client();
  waiting.push(...ids);
  for (const id of ids) strictEqual((await client.user(`user ${id}`)).id, id);
  for (
    const [path, id] of [
      ["a+b", "a+b"],
      ["a%2Bb", "a+b"],
      ["a%20b", "a b"],
      ["a%252Bb", "a%2Bb"],
      ["a%2520b", "a%20b"],
      ["%C3%BC", "ü"],
      ["a%2Fb", "a/b"],
    ]
  ) {
    const { status, json } = await client.get(`/Users/${path}`);
    strictEqual(status, 200, path);
    strictEqual(json["id"], id, path);
  }
});

Deno.test(
  "44-1.2-2 URIs in answers have no query though the base URL came with one",
  withClient(async (client) => {
    const boss = await client.user("boss");
    const body = user("ada", {
      [URN.enterprise]: { manager: { value: boss.id } },
    });
    const query = "?aadOptscim062020";
    const posted = await client.post(`/Users${query}`, body);
    const id = text(posted.json["id"]);
    await client.group("staff", [id]);
    strictEqual(posted.headers.get("Location"), `${BASE}/Users/${id}`);
    for (const path of [`/Users/${id}`, "/Users", "/Groups", ""]) {
      const uris = urisOf((await client.get(`${path}${query}`)).text);
      ok(uris.length > 0, path);
      deepStrictEqual(uris.filter((uri) => /[?#]/.test(uri)), []);
    }
  }),
);

Deno.test("44-1.2-3 Every URI in answers begins with the prefix that the proxy has", async () => {
  const publicUrl = "https://id.example.org/tenant/a";
  await using server = await TestServer.start({ publicUrl });
  const client = await server.client();
  const boss = await client.user("boss");
  const ada = await client.user("ada", {
    [URN.enterprise]: { manager: { value: boss.id } },
  });
  const staff = await client.group("staff", [ada.id]);
  for (
    const path of [
      "",
      "/Users",
      `/Users/${ada.id}`,
      `/Groups/${staff.id}`,
      "/Schemas",
      "/ResourceTypes",
      "/ServiceProviderConfig",
    ]
  ) {
    const uris = urisOf((await client.get(path)).text);
    ok(uris.length > 0, path);
    for (const uri of uris) {
      ok(uri.startsWith(`${publicUrl}/api/scim/v2/`), uri);
    }
  }
});

// Section 2: authentication and authorisation.

Deno.test("44-2-1 Bearer tokens are the way in that is announced, and the only one", async () => {
  await using server = await TestServer.start();
  const { token } = await server.client();
  const { json } = await send(server, `${BASE}/ServiceProviderConfig`, {});
  deepStrictEqual(
    objects(json["authenticationSchemes"]).map(({ type }) => type),
    ["oauthbearertoken"],
  );
  for (
    const headers of [
      { Authorization: `Basic ${btoa(`user:${token}`)}` },
      { Authorization: `DPoP ${token}`, DPoP: token },
      { Authorization: `HOBA result="${token}"` },
      { Cookie: `token=${token}` },
      { "X-Client-Cert": token },
    ]
  ) {
    const answer = await send(server, `${BASE}/Users`, { headers });
    isScimError(answer, 401);
    match(answer.headers.get("WWW-Authenticate") ?? "", /^Bearer /);
  }
  strictEqual((await send(server, `${BASE}/Users`, { token })).status, 200);
});

Deno.test("44-2-2 A token is issued to nobody who does not know the admin secret", async () => {
  await using server = await TestServer.start();
  const scim = await server.token();
  const before = await server.dump();
  for (const token of [null, "", "wrong", scim, ADMIN_SECRET.slice(0, -1)]) {
    const { status, json } = await send(server, `${ORIGIN}/admin/tokens`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: { name: "eve" },
      token,
    });
    strictEqual(status, 401);
    strictEqual(json["token"], undefined);
  }
  deepStrictEqual(await server.dump(), before);
});

Deno.test("44-2-3 The server itself tells a token that is in force from any other", async () => {
  await using server = await TestServer.start();
  const client = await server.client({ expiresInDays: 1 });
  strictEqual((await client.get("/Users")).status, 200);
  const last = client.token.at(-1) === "A" ? "B" : "A";
  for (
    const token of [
      `${client.token.slice(0, -1)}${last}`,
      `${client.token}A`,
      client.token.slice(0, -1),
      `scim_${"A".repeat(49)}`,
    ]
  ) isScimError(await client.send("/Users", { token }), 401);
  server.pass({ hours: 24 });
  isScimError(await client.get("/Users"), 401);
});

Deno.test("44-2-4 Basic is neither announced nor accepted, whatever the password", async () => {
  await using server = await TestServer.start();
  const token = await server.token();
  const { text } = await send(server, `${BASE}/ServiceProviderConfig`, {});
  strictEqual(/basic/i.test(text), false);
  for (
    const pair of [`:${token}`, `${token}:`, `admin:${ADMIN_SECRET}`, "a:b"]
  ) {
    const headers = { Authorization: `Basic ${btoa(pair)}` };
    isScimError(await send(server, `${BASE}/Users`, { headers }), 401);
    const admin = await send(server, `${ORIGIN}/admin/tokens`, { headers });
    strictEqual(admin.status, 401);
  }
});

Deno.test("44-2-5 A 401 names the scheme, and whether it is the token that is wrong", async () => {
  await using server = await TestServer.start();
  const none = await send(server, `${BASE}/Users`, {});
  isScimError(none, 401, undefined, /token is missing/);
  strictEqual(
    none.headers.get("WWW-Authenticate"),
    'Bearer realm="edge-scim"',
  );
  const wrong = await send(server, `${BASE}/Users`, { token: "wrong" });
  isScimError(wrong, 401, undefined, /unknown, expired or revoked/);
  match(
    wrong.headers.get("WWW-Authenticate") ?? "",
    /^Bearer realm="edge-scim", error="invalid_token"/,
  );
});

Deno.test("44-2-6 44-2-7 Who asks, what for and of which resource decide on each request", async () => {
  await using server = await TestServer.start();
  const writer = await server.client();
  const reader = await server.client({ scopes: ["scim:read"] });
  const stranger = await server.client({ tenant: "other" });
  const { id } = await writer.user("ada");
  const title = [{ op: "replace", path: "title", value: "Dr." }];
  for (
    const [subject, get, patch, remove] of [
      [reader, 200, 403, 403],
      [stranger, 404, 404, 404],
      [writer, 200, 200, 204],
    ] as const
  ) {
    const path = `/Users/${id}`;
    strictEqual((await subject.get(path)).status, get);
    strictEqual((await subject.patch(path, title)).status, patch);
    strictEqual((await subject.delete(path)).status, remove);
  }
});

Deno.test("44-2-8 The subject that a token is bound to is the one that /Me means", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  const ada = await client.user("ada");
  const bob = await client.user("bob");
  const scopes = ["scim:read"];
  for (const { id } of [ada, bob]) {
    const bound = await server.client({ userId: id, scopes });
    strictEqual((await bound.get("/Me")).json["id"], id);
    isScimError(await bound.put("/Me", user("eve")), 403);
  }
  isScimError(await client.get("/Me"), 501);
  deepStrictEqual(await client.names("/Users"), ["ada", "bob"]);
});

Deno.test("44-2-10 Nobody registers without a token: POST is 401 and creates nothing", async () => {
  await using server = await TestServer.start();
  const before = await server.dump();
  const data = user("eve");
  const bulk = {
    schemas: [BULK],
    Operations: [{ method: "POST", path: "/Users", bulkId: "1", data }],
  };
  for (const [path, body] of Object.entries({ Users: data, Bulk: bulk })) {
    const request = { method: "POST", body };
    isScimError(await send(server, `${BASE}/${path}`, request), 401);
  }
  deepStrictEqual(await server.dump(), before);
});

// Section 3.1: messages.

Deno.test(
  "44-3.1-1 The messages that the server sends have URIs of the SCIM API",
  withClient(async (client) => {
    const { json: list } = await client.get("/Users");
    const { json: found } = await client.post("/.search", {
      schemas: [SEARCH],
    });
    const { json: error } = await client.get("/Users/nobody");
    const { json: bulk } = await client.post("/Bulk", {
      schemas: [BULK],
      Operations: [],
    });
    deepStrictEqual(
      [list, found, error, bulk].map(({ schemas }) => schemas),
      ["ListResponse", "ListResponse", "Error", "BulkResponse"]
        .map((name) => [`${MESSAGES}${name}`]),
    );
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.1-1 A message under another URI is 400 invalidSyntax and does nothing",
  withClient(async (client) => {
    const { id, version } = await client.user("ada");
    const operations = [{ op: "replace", path: "title", value: "x" }];
    const deletion = [{ method: "DELETE", path: `/Users/${id}` }];
    for (const prefix of ["urn:x:", "urn:ietf:params:scim:schemas:core:2.0:"]) {
      const answers = [
        await client.post("/.search", { schemas: [`${prefix}SearchRequest`] }),
        await client.post("/Bulk", {
          schemas: [`${prefix}BulkRequest`],
          Operations: deletion,
        }),
        await client.send(`/Users/${id}`, {
          method: "PATCH",
          body: { schemas: [`${prefix}PatchOp`], Operations: operations },
        }),
      ];
      for (const answer of answers) isScimError(answer, 400, "invalidSyntax");
    }
    strictEqual(
      (await client.get(`/Users/${id}`)).headers.get("ETag"),
      version,
    );
  }, { profile: "rfc" }),
);

/** `schemas` of a user, and whether each profile takes them. */
const SCHEMAS: readonly (readonly [string[] | undefined, boolean, boolean])[] =
  [
    [[URN.user], true, true],
    [[URN.user, URN.enterprise], true, true],
    [[URN.enterprise, URN.user.toUpperCase()], true, true],
    [[URN.user, "urn:example:unknown"], false, true],
    [[URN.user, URN.group], false, true],
    [[URN.enterprise], false, true],
    [[], false, false],
    [undefined, false, false],
  ];

for (const [schemas, strict, tolerant] of SCHEMAS) {
  for (const profile of ["rfc", "compatible"] as const) {
    const taken = profile === "rfc" ? strict : tolerant;
    Deno.test(
      `44-3.1-2 A user with schemas ${JSON.stringify(schemas)} is ${
        taken ? "taken" : "400 invalidSyntax"
      } (${profile})`,
      withClient(async (client) => {
        const { id } = await client.user("ada");
        const body = (userName: string) => ({
          userName,
          ...(schemas === undefined ? {} : { schemas }),
        });
        const answers = [
          await client.post("/Users", body("bob")),
          await client.put(`/Users/${id}`, body("eve")),
        ];
        for (const answer of answers) {
          if (taken) deepStrictEqual(answer.json["schemas"], [URN.user]);
          else isScimError(answer, 400, "invalidSyntax", /schema/i);
        }
        deepStrictEqual(
          await client.names("/Users"),
          taken ? ["bob", "eve"] : ["ada"],
        );
      }, { profile }),
    );
  }
}

Deno.test("44-3.1-3 No message is found under /Schemas, alone or in the list", async () => {
  await using server = await TestServer.start();
  for (
    const name of [
      "ListResponse",
      "SearchRequest",
      "PatchOp",
      "BulkRequest",
      "BulkResponse",
      "Error",
    ]
  ) {
    const url = `${BASE}/Schemas/${MESSAGES}${name}`;
    isScimError(await send(server, url, {}), 404);
  }
  const { json } = await send(server, `${BASE}/Schemas`, {});
  const ids = objects(json["Resources"]).map(({ id }) => text(id));
  ok(ids.includes(URN.user));
  deepStrictEqual(ids.filter((id) => id.includes(":api:")), []);
});

Deno.test(
  "44-3.1-4 An answer shows the state as the server has it, not as it was sent",
  withClient(async (client) => {
    const { id, json } = await client.user("ada", {
      ID: "chosen",
      DISPLAYNAME: "Ada",
      nickName: null,
      password: "secret",
      emails: [{ value: "a@b.c" }, { VALUE: "a@b.c" }],
    });
    const { meta, ...shown } = json;
    deepStrictEqual(shown, {
      schemas: [URN.user],
      id,
      userName: "ada",
      displayName: "Ada",
      emails: [{ value: "a@b.c" }],
    });
    strictEqual(object(meta)["resourceType"], "User");
    deepStrictEqual((await client.get(`/Users/${id}`)).json, json);
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.1-5 What GET has shown can be PUT back whole, in any order of its members",
  withClient(async (client) => {
    const { id } = await client.user("ada", {
      emails: [{ value: "a@b.c", type: "work" }],
      [URN.enterprise]: { department: "R" },
    });
    await client.group("staff", [id]);
    const { json } = await client.get(`/Users/${id}`);
    ok("groups" in json && "meta" in json && "id" in json);
    const reversed = Object.fromEntries(Object.entries(json).reverse());
    for (const body of [json, reversed]) {
      const answer = await client.put(`/Users/${id}`, body);
      strictEqual(answer.status, 200, answer.text);
      deepStrictEqual(answer.json, json);
    }
  }, { profile: "rfc" }),
);

// Section 3.2: endpoints and methods.

for (
  const [endpoint, schema, name] of [
    ["/Users", URN.user, "userName"],
    ["/Groups", URN.group, "displayName"],
  ] as const
) {
  Deno.test(
    `44-3.2-1 ${endpoint} takes POST, GET, PUT, PATCH and DELETE`,
    withClient(async (client) => {
      const body = (value: string) => ({ schemas: [schema], [name]: value });
      const created = await client.post(endpoint, body("first"));
      strictEqual(created.status, 201);
      const path = `${endpoint}/${text(created.json["id"])}`;
      strictEqual((await client.get(path)).json[name], "first");
      strictEqual((await client.put(path, body("second"))).status, 200);
      deepStrictEqual(await client.names(endpoint), ["second"]);
      const { status } = await client.patch(path, [
        { op: "replace", path: name, value: "third" },
      ]);
      ok(status === 200 || status === 204);
      deepStrictEqual(await client.names(endpoint), ["third"]);
      strictEqual((await client.delete(path)).status, 204);
      isScimError(await client.get(path), 404);
      isList(await client.get(endpoint), { total: 0 });
    }, { profile: "rfc" }),
  );
}

Deno.test(
  "44-3.2-2 Discovery takes GET, /Bulk and .search take POST",
  withClient(async (client) => {
    for (
      const path of [
        "/ServiceProviderConfig",
        "/ResourceTypes",
        "/ResourceTypes/User",
        "/Schemas",
        `/Schemas/${URN.user}`,
      ]
    ) strictEqual((await client.get(path)).status, 200, path);
    for (const prefix of ["", "/Users", "/Groups"]) {
      const answer = await client.post(`${prefix}/.search`, {
        schemas: [SEARCH],
      });
      isList(answer, { total: 0 });
    }
    const bulk = await client.post("/Bulk", {
      schemas: [BULK],
      Operations: [],
    });
    strictEqual(bulk.status, 200);
    deepStrictEqual(bulk.json["Operations"], []);
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.2-4 PUT on an id that is not there is 404 and creates nothing",
  withClient(async (client, server) => {
    const { id } = await client.user("ada");
    await client.delete(`/Users/${id}`);
    const before = await server.dump();
    const group = { schemas: [URN.group], displayName: "staff" };
    for (const unknown of [id, "chosen", crypto.randomUUID()]) {
      isScimError(await client.put(`/Users/${unknown}`, user("eve")), 404);
      isScimError(await client.put(`/Groups/${unknown}`, group), 404);
      const star = { "If-None-Match": "*" };
      isScimError(await client.put(`/Users/${unknown}`, user("x"), star), 404);
    }
    deepStrictEqual(await server.dump(), before);
  }, { profile: "rfc" }),
);

Deno.test("44-3.2-5 The status of an error stands in the body as well", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  const { id } = await client.user("ada");
  const answers = {
    400: await client.get("/Users?filter=x"),
    401: await client.send("/Users", { token: null }),
    403: await client.get("/Schemas?filter=id+pr"),
    404: await client.get("/Users/nobody"),
    405: await client.put("/Users", {}),
    409: await client.post("/Users", user("ada")),
    412: await client.delete(`/Users/${id}`, { "If-Match": 'W/"x"' }),
    413: await client.post("/Users", user("x".repeat(1_100_000))),
    501: await client.get("/Me"),
  };
  for (const [status, answer] of Object.entries(answers)) {
    strictEqual(answer.status, Number(status), answer.text);
    strictEqual(answer.json["status"], status);
    deepStrictEqual(answer.json["schemas"], [`${MESSAGES}Error`]);
  }
});

/** Each kind of endpoint and the methods that it has. */
const METHODS: readonly (readonly [string, string])[] = [
  ["", "GET"],
  ["/Users", "GET, POST"],
  ["/Groups/x", "GET, PUT, PATCH, DELETE"],
  ["/.search", "POST"],
  ["/Groups/.search", "POST"],
  ["/Bulk", "POST"],
  ["/Me", "GET, PUT, PATCH, DELETE"],
  ["/ServiceProviderConfig", "GET"],
  ["/ResourceTypes", "GET"],
  [`/Schemas/${URN.user}`, "GET"],
];

for (const [path, allow] of METHODS) {
  Deno.test(
    `44-3.2-6 ${
      path || "The base"
    } has ${allow}; any other method is 405 as a SCIM error`,
    withClient(async (client, server) => {
      const before = await server.dump();
      const known = ["GET", "POST", "PUT", "PATCH", "DELETE"];
      const others = known.filter((method) => !allow.includes(method));
      for (const method of [...others, "OPTIONS", "PROPFIND", "PURGE"]) {
        const answer = await client.send(path, { method });
        isScimError(answer, 405, undefined, new RegExp(`method ${method}`));
        strictEqual(answer.headers.get("Allow"), allow);
      }
      deepStrictEqual(await server.dump(), before);
    }),
  );
}
