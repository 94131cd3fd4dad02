// RFC 7644 sections 6 and 7.

import {
  deepStrictEqual,
  match,
  notStrictEqual,
  ok,
  strictEqual,
} from "node:assert/strict";
import {
  type Answer,
  BASE,
  Client,
  isList,
  isScimError,
  objects,
  ORIGIN,
  send,
  TestServer,
  text,
  URN,
  user,
  withClient,
} from "../../routes/harness.ts";

const RFC = { profile: "rfc" } as const;

async function acmeAndGlobex(server: TestServer): Promise<[Client, Client]> {
  return [
    await server.client({ ...RFC, tenant: "acme" }),
    await server.client({ ...RFC, tenant: "globex" }),
  ];
}

// 6 Multi-tenancy.

Deno.test("44-6-1 44-6-2 The token alone says whose resources a URL names", async () => {
  await using server = await TestServer.start();
  const [acme, globex] = await acmeAndGlobex(server);
  await acme.user("ada");
  await globex.user("bob");
  deepStrictEqual(await acme.names("/Users"), ["ada"]);
  deepStrictEqual(await globex.names("/Users"), ["bob"]);
  const { json } = await acme.get("/ServiceProviderConfig");
  deepStrictEqual((await globex.get("/ServiceProviderConfig")).json, json);
});

/** Ways to name the tenant globex explicitly. */
const NAMED: readonly (readonly [string, string, Record<string, string>])[] = [
  ["a header", "", { "X-Tenant": "globex", "Tenant-Id": "globex" }],
  ["a query parameter", "?tenant=globex&tenantId=globex", {}],
  ["a cookie", "", { Cookie: "tenant=globex" }],
];

for (const [way, query, headers] of NAMED) {
  Deno.test(`44-6-3 44-6-4 44-6-5 A tenant named by ${way} does not count, the token does`, async () => {
    await using server = await TestServer.start();
    const [acme, globex] = await acmeAndGlobex(server);
    const ada = await acme.user("ada");
    const bob = await globex.user("bob");
    const found = isList(await acme.get(`/Users${query}`, headers), {
      total: 1,
    });
    deepStrictEqual(found.map(({ id }) => id), [ada.id]);
    const path = `/Users/${bob.id}${query}`;
    isScimError(await acme.get(path, headers), 404);
    isScimError(await acme.delete(path, headers), 404);
    deepStrictEqual(await globex.names("/Users"), ["bob"]);
  });
}

Deno.test("44-6-3 44-6-4 44-6-5 A tenant in the path or the host opens nothing", async () => {
  await using server = await TestServer.start();
  const [acme, globex] = await acmeAndGlobex(server);
  const { id } = await globex.user("bob");
  for (
    const base of [
      `${ORIGIN}/globex/scim/v2`,
      `${ORIGIN}/scim/v2/globex`,
      `${BASE}/tenants/globex`,
      "https://globex.example.com/scim/v2",
    ]
  ) {
    const at = acme.at(base);
    strictEqual((await at.get(`/Users/${id}`)).status, 404, base);
    strictEqual((await at.delete(`/Users/${id}`)).status, 404, base);
  }
  strictEqual((await globex.get(`/Users/${id}`)).status, 200);
});

Deno.test("44-6-6 An id is unique over all tenants, an externalId belongs to its own", async () => {
  await using server = await TestServer.start();
  const [acme, globex] = await acmeAndGlobex(server);
  const ada = await acme.user("ada", { externalId: "7" });
  const bob = await globex.user("bob", { externalId: "7" });
  notStrictEqual(ada.id, bob.id);
  for (const { id } of [ada, bob]) {
    match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
  }
  const filter = '/Users?filter=externalId eq "7"';
  deepStrictEqual(await acme.names(filter), ["ada"]);
  deepStrictEqual(await globex.names(filter), ["bob"]);
});

Deno.test("44-6-7 What an error says of another tenant's resource is what it says of none", async () => {
  await using server = await TestServer.start();
  const [acme, globex] = await acmeAndGlobex(server);
  const { id } = await acme.user("ada");
  const nobody = crypto.randomUUID();
  const ask = async (id: string): Promise<string[]> => {
    const path = `/Users/${id}`;
    const members = [{ op: "add", path: "members", value: [{ value: id }] }];
    const { id: crew } = await globex.group(`crew ${id}`);
    const answers = [
      await globex.get(path),
      await globex.put(path, user("ada")),
      await globex.patch(path, [{ op: "remove", path: "title" }]),
      await globex.delete(path, { "If-Match": 'W/"1"' }),
      await globex.patch(`/Groups/${crew}`, members),
    ];
    return answers.map(({ text }) => text.replaceAll(id, "ID"));
  };
  deepStrictEqual(await ask(id), await ask(nobody));
});

// 7 Security.

Deno.test(
  "44-7-1 No URI that the server gives out holds user information",
  withClient(async (client) => {
    const boss = await client.user("boss@example.com", { password: "x" });
    const { id } = await client.user("ada@example.com", {
      schemas: [URN.user, URN.enterprise],
      [URN.enterprise]: { manager: { value: boss.id } },
    });
    await client.group("crew", [id]);
    let seen = 0;
    for (const path of ["/Users", "/Groups", "/Schemas", "/ResourceTypes"]) {
      const { text } = await client.get(path);
      for (
        const [, uri = ""] of text.matchAll(/"(?:\$ref|location)":"([^"]+)"/g)
      ) {
        const { username, password } = new URL(uri);
        deepStrictEqual([username, password], ["", ""]);
        ok(!uri.includes("@"), uri);
        seen++;
      }
    }
    ok(seen > 8);
  }),
);

Deno.test("44-7-3 A token holds 256 random bits, and no two are alike", async () => {
  await using server = await TestServer.start();
  const tokens: string[] = [];
  for (let i = 0; i < 40; i++) tokens.push(await server.token());
  const secrets = tokens.map((token) =>
    /^scim_([A-Za-z0-9_-]{43})[A-Za-z0-9_-]{6}$/.exec(token)?.[1] ?? ""
  );
  ok(secrets.every((secret) => secret.length === 43));
  for (let place = 0; place < 42; place++) {
    const signs = new Set(secrets.map((secret) => secret.charAt(place)));
    ok(signs.size > 8, `the sign at ${place} is hardly random`);
  }
  strictEqual(new Set(secrets.map((secret) => secret.slice(0, 12))).size, 40);
});

/** Some answers of every kind. */
async function answersOf(client: Client, id: string): Promise<Answer[]> {
  return [
    await client.get("/Users"),
    await client.get(`/Users/${id}`),
    await client.put(`/Users/${id}`, user("ada", { title: "x" })),
    await client.get("/ServiceProviderConfig"),
    await client.get("/Nope"),
    await client.send("/Users", { token: null }),
    await client.delete(`/Users/${id}`),
  ];
}

Deno.test(
  "44-7-6 No answer sets a cookie, and a cookie opens nothing",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    for (const { headers } of await answersOf(client, id)) {
      strictEqual(headers.get("Set-Cookie"), null);
    }
    for (const name of ["token", "session", "Authorization"]) {
      const headers = { Cookie: `${name}=Bearer ${client.token}` };
      isScimError(await client.send("/Users", { token: null, headers }), 401);
    }
  }),
);

Deno.test("44-7-5 The server knows when each token ends, and ends a token at any time", async () => {
  await using server = await TestServer.start();
  const client = await server.client({ expiresInDays: 7 });
  const { json } = await server.admin("GET", "/tokens");
  const [token] = objects(json["tokens"]);
  strictEqual(token?.["expiresAt"], "2026-06-08T08:00:00.000Z");
  strictEqual((await client.get("/Users")).status, 200);
  await server.admin("DELETE", `/tokens/${token?.["id"]}`);
  isScimError(await client.get("/Users"), 401);
});

Deno.test(
  "44-7-7 Ids and URLs tell nothing about the person, and what is never returned stays inside",
  withClient(async (client) => {
    const secret = "c0rrect-horse";
    const { id, location, json } = await client.user("ada@example.com", {
      externalId: "ext-7",
      password: secret,
    });
    for (const part of ["ada", "ext-7", secret]) {
      ok(!id.includes(part) && !location.includes(part));
    }
    ok(!JSON.stringify(json).includes(secret));
    for (const query of ["sortBy=password", "filter=password pr"]) {
      strictEqual((await client.get(`/Users?${query}`)).status, 400);
    }
    const again = await client.user("bob@example.com", { externalId: "ext-7" });
    notStrictEqual(again.id, id);
    const changes = await client.server.admin("GET", "/changes");
    ok(!changes.text.includes(secret));
  }, RFC),
);

Deno.test(
  "44-7-9 Nobody creates a resource anonymously",
  withClient(async (client) => {
    const before = await client.server.dump();
    for (const path of ["/Users", "/Groups", "/Me", "/Bulk"]) {
      const request = { method: "POST", body: user("eve"), token: null };
      isScimError(await client.send(path, request), 401);
    }
    deepStrictEqual(await client.server.dump(), before);
  }),
);

/** Values that would do harm if they were read as anything but data. */
const HOSTILE: readonly string[] = [
  'x" or userName pr or userName eq "',
  "x' OR '1'='1",
  '"; DROP TABLE users; --',
  "<script>alert(1)</script>",
  "../../../admin/tokens",
  "${7*7}{{7*7}}",
  "*)(uid=*",
  "__proto__",
];

for (const value of HOSTILE) {
  Deno.test(
    `44-7-10 ${JSON.stringify(value)} is data in bodies, filters and ids`,
    withClient(async (client) => {
      await client.user("ada");
      const { id } = await client.user(value, { externalId: value });
      for (const name of ["userName", "externalId"]) {
        const filter = `${name} eq ${JSON.stringify(value)}`;
        const path = `/Users?filter=${encodeURIComponent(filter)}`;
        const [found] = isList(await client.get(path), { total: 1 });
        strictEqual(found?.["id"], id);
        strictEqual(found?.[name], value);
      }
      const url = `/Users/${encodeURIComponent(value)}`;
      isScimError(await client.get(url), 404);
      isScimError(await client.delete(url), 404);
      deepStrictEqual(await client.names("/Users"), ["ada", value].sort());
    }),
  );
}

Deno.test("44-7-10 A credential is stored as a hash only", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  await client.user("ada");
  const lines = (await server.dump()).join("\n");
  ok(lines.includes('"userName":"ada"'));
  ok(!lines.includes(client.token.slice(5, 30)));
});

Deno.test("44-7-11 Tokens tell clients apart: what each may do, and what each has done", async () => {
  await using server = await TestServer.start();
  const writer = await server.client({ ...RFC, name: "writer" });
  const reader = await server.client({
    ...RFC,
    name: "reader",
    scopes: ["scim:read"],
  });
  const { id } = await writer.user("ada");
  const self = await server.client({ ...RFC, name: "self", userId: id });
  isScimError(await reader.delete(`/Users/${id}`), 403);
  strictEqual((await reader.get(`/Users/${id}`)).status, 200);
  const change = [{ op: "add", path: "title", value: "x" }];
  strictEqual((await self.patch("/Me", change)).status, 200);
  const { json } = await server.admin("GET", "/tokens");
  const idOf = (name: string) =>
    objects(json["tokens"]).find((token) => token["name"] === name)?.["id"];
  const changes = await server.admin("GET", "/changes");
  deepStrictEqual(
    objects(changes.json["changes"]).map(({ actor }) => actor),
    [idOf("writer"), idOf("self")],
  );
});

Deno.test("44-7-12 What is reported of a failure holds no filter, no body and no token", async () => {
  await using server = await TestServer.start();
  const { token } = await server.client();
  const list = server.kv.list;
  server.kv.list = () => {
    throw new TypeError("broken");
  };
  const filter = encodeURIComponent('title eq "filter-secret"');
  const response = await server.fetch(
    new Request(`${BASE}/Users/.search?filter=${filter}`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${token}`,
        "Content-Type": "application/scim+json",
      },
      body: JSON.stringify({
        schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        filter: 'title eq "body-secret"',
      }),
    }),
  );
  server.kv.list = list;
  strictEqual(response.status, 500);
  const told = await response.text() + JSON.stringify(server.reports.splice(0));
  match(told, /internal error/);
  for (const secret of ["filter-secret", "body-secret", token]) {
    ok(!told.includes(secret));
  }
});

Deno.test(
  "44-7-12 The error about a password does not repeat it",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    for (const password of [["hunter22"], { value: "hunter22" }]) {
      const answers = [
        await client.post("/Users", user("eve", { password })),
        await client.put(`/Users/${id}`, user("ada", { password })),
        await client.patch(`/Users/${id}`, [
          { op: "replace", path: "password", value: password },
        ]),
      ];
      for (const answer of answers) {
        isScimError(answer, 400, "invalidValue", /"password"/);
        ok(!text(answer.json["detail"]).includes("hunter22"));
      }
    }
  }, RFC),
);

Deno.test("44-7-4 A token in the URL is no credential, also beside other parameters", async () => {
  await using server = await TestServer.start();
  const token = await server.token();
  for (const query of [`access_token=${token}`, `count=1&token=${token}`]) {
    const answer = await send(server, `${BASE}/Users?${query}`, {});
    isScimError(answer, 401);
    ok(!answer.text.includes(token));
  }
});
