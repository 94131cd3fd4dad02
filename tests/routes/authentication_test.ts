import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import {
  ADMIN_SECRET,
  type Answer,
  BASE,
  Client,
  group,
  isList,
  isScimError,
  ORIGIN,
  send,
  TestServer,
  URN,
  user,
  values,
  withClient,
} from "./harness.ts";

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

/** Every path of the SCIM app that is not discovery, and some that are not there. */
const GUARDED = [
  "/Users",
  "/Users/",
  "/users",
  "/Users/x",
  "/Users?filter=userName+eq+%22a%22",
  "/Users?filter=(((",
  "/Users?count=abc",
  "/Users/.search",
  "/Groups",
  "/Groups/x",
  "/Groups/.search",
  "/Me",
  "/Bulk",
  "/.search",
  "/Nope",
  "/Nope/x/y",
  "/ServiceProviderConfig/x",
  "/Schemas/a/b",
  "",
];

const ADMIN = [
  "/admin",
  "/admin/tokens",
  "/admin/tokens/x",
  "/admin/tokens/x/rotate",
  "/admin/tenants",
  "/admin/tenants/default",
  "/admin/changes",
  "/admin/nope",
];

const PUBLIC = [
  "/",
  "/healthz",
  "/readyz",
  ...["/api/scim/v2", "/scim/v2"].flatMap((base) =>
    [
      "/ServiceProviderConfig",
      "/ResourceTypes",
      "/ResourceTypes/User",
      "/Schemas",
      `/Schemas/${URN.user}`,
    ].map((path) => `${base}${path}`)
  ),
];

/** Credentials that let nobody in. */
const CREDENTIALS: readonly (readonly [string, string | undefined])[] = [
  ["no Authorization", undefined],
  ["an empty Authorization", ""],
  ["a scheme alone", "Bearer"],
  ["an empty bearer", "Bearer "],
  ["a garbage token", "Bearer garbage"],
  ["a token with a wrong checksum", `Bearer scim_${"A".repeat(49)}`],
  ["a token that is very long", `Bearer scim_${"A".repeat(20_000)}`],
  ["the admin secret", `Bearer ${ADMIN_SECRET}`],
  ["two tokens", "Bearer a b"],
  ["a basic password", `Basic ${btoa(`admin:${ADMIN_SECRET}`)}`],
  ["a name of a prototype", "Bearer __proto__"],
];

function authorization(value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { Authorization: value };
}

function isUnauthorized(answer: Answer, method: string): void {
  match(answer.headers.get("WWW-Authenticate") ?? "", /^Bearer realm="/);
  if (method === "HEAD") {
    strictEqual(answer.status, 401);
    strictEqual(answer.text, "");
  } else isScimError(answer, 401, undefined, /token.*(send it as|ask the)/);
}

for (const [name, credential] of CREDENTIALS) {
  Deno.test(`42-4-2 44-2-5 43-9-8 With ${name} every SCIM route but discovery is 401`, async () => {
    await using server = await TestServer.start();
    await (await server.client()).user("ada");
    const before = await server.dump();
    for (const path of GUARDED) {
      for (const method of METHODS) {
        const body = ["POST", "PUT", "PATCH"].includes(method)
          ? { body: user("eve") }
          : {};
        const headers = authorization(credential);
        const answer = await send(server, `${BASE}${path}`, {
          method,
          headers,
          ...body,
        });
        isUnauthorized(answer, method);
      }
    }
    deepStrictEqual(await server.dump(), before);
  });

  if (credential?.includes(` ${ADMIN_SECRET}`) === true) continue;
  Deno.test(`With ${name} every admin route is 401`, async () => {
    await using server = await TestServer.start();
    const before = await server.dump();
    for (const path of ADMIN) {
      for (const method of METHODS) {
        const answer = await send(server, `${ORIGIN}${path}`, {
          method,
          headers: authorization(credential),
        });
        strictEqual(answer.status, 401, `${method} ${path}`);
        strictEqual(
          answer.headers.get("WWW-Authenticate"),
          'Bearer realm="edge-scim admin"',
        );
        strictEqual(
          answer.headers.get("Content-Type"),
          "application/problem+json",
        );
      }
    }
    deepStrictEqual(await server.dump(), before);
  });
}

Deno.test("A SCIM token opens no admin route", async () => {
  await using server = await TestServer.start();
  const token = await server.token();
  for (const path of ADMIN) {
    const { status } = await send(server, `${ORIGIN}${path}`, { token });
    strictEqual(status, 401, path);
  }
});

for (const path of PUBLIC) {
  Deno.test(`GET ${path} answers without a token`, async () => {
    await using server = await TestServer.start();
    const { status } = await send(server, `${ORIGIN}${path}`, {});
    strictEqual(status, 200);
  });
}

Deno.test("The probes tell nothing but that the server is up", async () => {
  await using server = await TestServer.start();
  strictEqual((await send(server, `${ORIGIN}/healthz`, {})).text, "ok\n");
  strictEqual((await send(server, `${ORIGIN}/readyz`, {})).text, "ready\n");
});

Deno.test("The readiness probe is 503 when the store does not answer, the other is not", async () => {
  const server = await TestServer.start();
  server.kv.close();
  const ready = await server.fetch(new Request(`${ORIGIN}/readyz`));
  strictEqual(ready.status, 503);
  strictEqual(await ready.text(), "not ready\n");
  const healthy = await server.fetch(new Request(`${ORIGIN}/healthz`));
  strictEqual(healthy.status, 200);
  await healthy.text();
});

for (const scheme of ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer  "]) {
  Deno.test(
    `The scheme is read without case: "${scheme}"`,
    withClient(async (client) => {
      const headers = { Authorization: `${scheme} ${client.token}` };
      const { status } = await client.send("/Users", { headers, token: null });
      strictEqual(status, 200);
    }),
  );
}

Deno.test(
  "44-7-4 A token in the query string or in the body is not accepted",
  withClient(async (client) => {
    for (const name of ["access_token", "token", "Authorization"]) {
      const path = `/Users?${name}=${client.token}`;
      isScimError(await client.send(path, { token: null }), 401);
    }
    const answer = await client.send("/Users", {
      method: "POST",
      token: null,
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: `access_token=${client.token}`,
    });
    isScimError(answer, 401);
    const cookie = { Cookie: `token=${client.token}` };
    isScimError(
      await client.send("/Users", { token: null, headers: cookie }),
      401,
    );
  }),
);

Deno.test(
  "A token with a character in another case is not accepted",
  withClient(async (client) => {
    for (
      const token of [
        client.token.toUpperCase(),
        client.token.toLowerCase(),
        client.token.slice(0, -1),
        `${client.token}x`,
        client.token.replace("scim_", ""),
      ]
    ) isScimError(await client.send("/Users", { token }), 401);
  }),
);

Deno.test("An error never repeats the credential", async () => {
  await using server = await TestServer.start();
  for (const token of [ADMIN_SECRET, `scim_${"B".repeat(49)}`]) {
    const { text, headers } = await send(server, `${BASE}/Users`, { token });
    strictEqual(text.includes(token), false);
    strictEqual(JSON.stringify([...headers]).includes(token), false);
  }
});

// Scopes.

Deno.test(
  "44-2-8 A token with the scope scim:read reads",
  withClient(async (_, server) => {
    const writer = await server.client();
    const { id } = await writer.user("ada");
    const reader = await server.client({ scopes: ["scim:read"] });
    isList(await reader.get("/Users"), { total: 1 });
    strictEqual((await reader.get(`/Users/${id}`)).status, 200);
    const head = await reader.send(`/Users/${id}`, { method: "HEAD" });
    strictEqual(head.status, 200);
    strictEqual((await reader.get("/ServiceProviderConfig")).status, 200);
  }),
);

Deno.test("42-4-2 44-2-8 43-9-8 A token with the scope scim:read gets 403 on every write, and nothing is written", async () => {
  await using server = await TestServer.start();
  const writer = await server.client();
  const { id } = await writer.user("ada");
  const staff = await writer.group("staff");
  const reader = await server.client({ scopes: ["scim:read"] });
  const before = await server.dump();
  for (
    const path of [
      "/Users",
      `/Users/${id}`,
      "/Groups",
      `/Groups/${staff.id}`,
      "/Bulk",
      "/Me",
      "/Nope",
    ]
  ) {
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "QUERY"]) {
      const answer = await reader.send(path, { method });
      isScimError(answer, 403, undefined, /may only read.*needs a token/);
      match(
        answer.headers.get("WWW-Authenticate") ?? "",
        /error="insufficient_scope", scope="scim"/,
      );
    }
  }
  deepStrictEqual(await server.dump(), before);
});

Deno.test(
  "44-3.4.3-1 A token with the scope scim:read may POST a search, and nothing else there",
  withClient(async (reader) => {
    for (const path of ["/.search", "/Users/.search", "/Groups/.search/"]) {
      isScimError(
        await reader.send(path, { method: "POST" }),
        400,
        "invalidSyntax",
      );
      const answer = await reader.post(path, {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
      });
      isList(answer, { total: 0 });
      for (const method of ["PUT", "PATCH", "DELETE"]) {
        isScimError(await reader.send(path, { method }), 403);
      }
    }
  }, { scopes: ["scim:read"] }),
);

Deno.test("A token with both scopes writes", async () => {
  await using server = await TestServer.start();
  const client = await server.client({ scopes: ["scim:read", "scim"] });
  await client.user("ada");
});

// Tenants.

async function twoTenants(server: TestServer): Promise<[Client, Client]> {
  return [
    await server.client({ tenant: "acme" }),
    await server.client({ tenant: "globex" }),
  ];
}

Deno.test("44-6-7 A tenant sees nothing of another by id, list or filter", async () => {
  await using server = await TestServer.start();
  const [acme, globex] = await twoTenants(server);
  const ada = await acme.user("ada", {
    externalId: "7",
    emails: [{ value: "a@b.c" }],
  });
  const staff = await acme.group("staff", [ada.id]);
  const before = await server.dump();
  isScimError(await globex.get(`/Users/${ada.id}`), 404);
  isScimError(await globex.put(`/Users/${ada.id}`, user("x")), 404);
  const remove = [{ op: "remove", path: "externalId" }];
  isScimError(await globex.patch(`/Users/${ada.id}`, remove), 404);
  isScimError(await globex.patch(`/Groups/${staff.id}`, remove), 404);
  isScimError(await globex.delete(`/Users/${ada.id}`), 404);
  isScimError(await globex.delete(`/Groups/${staff.id}`), 404);
  for (
    const query of [
      "",
      "?count=0",
      '?filter=userName eq "ada"',
      '?filter=userName sw "a"',
      '?filter=externalId eq "7"',
      '?filter=emails.value eq "a@b.c"',
      `?filter=id eq "${ada.id}"`,
      `?filter=groups.value eq "${staff.id}"`,
      "?filter=meta.created pr",
    ]
  ) {
    const answer = await globex.get(`/Users${query}`);
    isList(answer, { total: 0 });
  }
  for (
    const filter of [
      `members.value eq "${ada.id}"`,
      "members pr",
      'displayName eq "staff"',
    ]
  ) isList(await globex.get(`/Groups?filter=${filter}`), { total: 0 });
  deepStrictEqual(await server.dump(), before);
});

Deno.test("44-6-7 43-4.1.1-2 A userName or a group name is free in another tenant", async () => {
  await using server = await TestServer.start();
  const [acme, globex] = await twoTenants(server);
  for (const client of [acme, globex]) {
    await client.user("ada");
    await client.group("staff");
    isScimError(await client.post("/Users", user("ADA")), 409, "uniqueness");
    isScimError(
      await client.post("/Groups", group("Staff")),
      409,
      "uniqueness",
    );
  }
});

Deno.test("44-6-7 A resource of another tenant is no member and no manager with a name", async () => {
  await using server = await TestServer.start();
  const [acme, globex] = await twoTenants(server);
  const ada = await acme.user("ada", { displayName: "Ada of Acme" });
  const answer = await globex.post("/Groups", group("staff", [ada.id]));
  isScimError(answer, 400, "invalidValue", /do not exist/);
  const { json, id } = await globex.user("bob", {
    [URN.enterprise]: { manager: { value: ada.id } },
  });
  deepStrictEqual(json[URN.enterprise], { manager: { value: ada.id } });
  strictEqual((await globex.get(`/Users/${id}`)).text.includes("Acme"), false);
});

Deno.test("44-6-7 Tenants whose ids collide do not see each other", async () => {
  const ids: string[] = [];
  await using server = await TestServer.start({
    newId: () => ids.shift() ?? crypto.randomUUID(),
  });
  const [acme, globex] = await twoTenants(server);
  ids.push("same-id", "same-id", "same-group", "same-group");
  const ada = await acme.user("ada");
  const bob = await globex.user("bob");
  const staff = await acme.group("acme staff", [ada.id]);
  await globex.group("globex staff");
  strictEqual(ada.id, bob.id);
  await globex.patch(`/Users/${bob.id}`, [
    { op: "add", path: "title", value: "x" },
  ]);
  const read = await acme.get(`/Users/${ada.id}`);
  strictEqual(read.json["userName"], "ada");
  strictEqual(read.json["title"], undefined);
  deepStrictEqual(values(read.json["groups"]), [staff.id]);
  const other = await globex.get(`/Users/${bob.id}`);
  strictEqual(other.json["groups"], undefined);
  await acme.delete(`/Users/${ada.id}`);
  strictEqual((await globex.get(`/Users/${bob.id}`)).status, 200);
});

Deno.test("Tenants that differ in case or in a common beginning are different", async () => {
  await using server = await TestServer.start();
  for (const tenant of ["a", "A", "a-b", "a_b", "a-b-c"]) {
    const client = await server.client({ tenant });
    await client.user(`user of ${tenant}`);
    deepStrictEqual(await client.names("/Users"), [`user of ${tenant}`]);
  }
});

// The life of a token.

Deno.test("A revoked token is dead for the next request", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  strictEqual((await client.get("/Users")).status, 200);
  const { json } = await server.admin("GET", "/tokens");
  const [listed] = Array.isArray(json["tokens"]) ? json["tokens"] : [];
  const id = Object(listed)["id"];
  strictEqual((await server.admin("DELETE", `/tokens/${id}`)).status, 204);
  isScimError(await client.get("/Users"), 401, undefined, /expired or revoked/);
  strictEqual((await server.admin("DELETE", `/tokens/${id}`)).status, 404);
});

Deno.test("44-7-5 A token ends at the moment that its expiry names", async () => {
  await using server = await TestServer.start();
  const client = await server.client({ expiresInDays: 1 });
  server.pass({ hours: 23, seconds: 3_599 });
  strictEqual((await client.get("/Users")).status, 200);
  server.pass({ seconds: 1 });
  isScimError(await client.get("/Users"), 401, undefined, /expired/);
});

async function rotated(
  server: TestServer,
  graceHours?: number,
): Promise<{ old: Client; fresh: Client; id: string }> {
  const { json } = await server.admin("POST", "/tokens", { name: "a" });
  const id = String(json["id"]);
  const old = new Client(server, String(json["token"]));
  const answer = await server.admin(
    "POST",
    `/tokens/${id}/rotate`,
    graceHours === undefined ? {} : { graceHours },
  );
  strictEqual(answer.status, 200, answer.text);
  const fresh = new Client(server, String(answer.json["token"]));
  return { old, fresh, id };
}

Deno.test("A rotation without grace ends the old secret at once", async () => {
  await using server = await TestServer.start();
  for (const hours of [undefined, 0]) {
    const { old, fresh } = await rotated(server, hours);
    isScimError(await old.get("/Users"), 401);
    strictEqual((await fresh.get("/Users")).status, 200);
  }
});

Deno.test("A rotation with grace lets the old secret live so long and no longer", async () => {
  await using server = await TestServer.start();
  const { old, fresh } = await rotated(server, 0.5);
  server.pass({ seconds: 1_799 });
  strictEqual((await old.get("/Users")).status, 200);
  server.pass({ seconds: 1 });
  isScimError(await old.get("/Users"), 401);
  strictEqual((await fresh.get("/Users")).status, 200);
});

Deno.test("A second rotation does not lengthen the grace of the first", async () => {
  await using server = await TestServer.start();
  const { old, fresh, id } = await rotated(server, 1);
  server.pass({ seconds: 1_800 });
  await server.admin("POST", `/tokens/${id}/rotate`, { graceHours: 10 });
  strictEqual((await old.get("/Users")).status, 200);
  server.pass({ seconds: 1_800 });
  isScimError(await old.get("/Users"), 401);
  strictEqual((await fresh.get("/Users")).status, 200);
  server.pass({ hours: 10 });
  isScimError(await fresh.get("/Users"), 401);
});

Deno.test("A rotation keeps what the token may do and when it expires", async () => {
  await using server = await TestServer.start();
  const { json } = await server.admin("POST", "/tokens", {
    name: "a",
    scopes: ["scim:read"],
    tenant: "acme",
    expiresInDays: 1,
  });
  const answer = await server.admin("POST", `/tokens/${json["id"]}/rotate`, {});
  const { token, ...kept } = answer.json;
  const { token: before, ...same } = json;
  deepStrictEqual(kept, same);
  strictEqual(token === before, false);
  const client = new Client(server, String(token));
  isScimError(await client.post("/Users", user("ada")), 403);
  server.pass({ hours: 24 });
  isScimError(await client.get("/Users"), 401);
});

Deno.test("Revoking a token ends its old secrets as well", async () => {
  await using server = await TestServer.start();
  const { old, fresh, id } = await rotated(server, 5);
  await server.admin("DELETE", `/tokens/${id}`);
  isScimError(await old.get("/Users"), 401);
  isScimError(await fresh.get("/Users"), 401);
  const left = (await server.dump()).filter((line) => line.includes("tok"));
  deepStrictEqual(left, []);
});

Deno.test("A token of the strict profile is strict, one of the default is not", async () => {
  await using server = await TestServer.start();
  const strict = await server.client({ profile: "rfc" });
  const body = user("ada", { nonsense: 1 });
  isScimError(await strict.post("/Users", body), 400, "invalidSyntax");
  await (await server.client()).user("ada", { nonsense: 1 });
});
