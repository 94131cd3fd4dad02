import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import {
  type Answer,
  BASE,
  type Client,
  isList,
  isScimError,
  object,
  objects,
  ORIGIN,
  send,
  TestServer,
  text,
  URN,
  withClient,
} from "../harness.ts";

const DOCUMENTS = [
  "/ServiceProviderConfig",
  "/ResourceTypes",
  "/ResourceTypes/User",
  "/ResourceTypes/Group",
  "/Schemas",
  `/Schemas/${URN.user}`,
  `/Schemas/${URN.group}`,
  `/Schemas/${URN.enterprise}`,
];

/** The items of the checklist that a document shows by refusing to be changed. */
function readOnlyItem(path: string): string {
  if (path.startsWith("/Schemas")) return "43-7-2";
  return path.startsWith("/ResourceTypes") ? "43-6-1" : "43-5-1";
}

async function publicly(server: TestServer, path: string): Promise<Answer> {
  return await send(server, `${BASE}${path}`, {});
}

function named(list: readonly JsonObject[], name: string): JsonObject {
  return object(list.find((item) => item["name"] === name));
}

async function attributesOf(client: Client, uri: string) {
  const { json } = await client.get(`/Schemas/${uri}`);
  return objects(json["attributes"]);
}

for (const path of DOCUMENTS) {
  Deno.test(`43-5-10 44-4-7 GET ${path} answers without a token`, async () => {
    await using server = await TestServer.start();
    const answer = await publicly(server, path);
    strictEqual(answer.status, 200);
    strictEqual(answer.headers.get("Content-Type"), "application/scim+json");
  });

  Deno.test(`GET ${path} answers with a token that is not valid`, async () => {
    await using server = await TestServer.start();
    const { status } = await send(server, `${BASE}${path}`, { token: "x" });
    strictEqual(status, 200);
  });

  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    Deno.test(`${readOnlyItem(path)} ${method} ${path} is 405 with Allow: GET, with and without a token`, async () => {
      await using server = await TestServer.start();
      const before = (await publicly(server, path)).json;
      for (const token of [null, await server.token()]) {
        const request = { method, body: before, token };
        const answer = await send(server, `${BASE}${path}`, request);
        isScimError(answer, 405, undefined, new RegExp(`${method}.*GET`));
        strictEqual(answer.headers.get("Allow"), "GET");
      }
      deepStrictEqual((await publicly(server, path)).json, before);
    });
  }
}

Deno.test("44-4-5 Discovery lists are whole, whatever the paging parameters say", async () => {
  await using server = await TestServer.start();
  const query = "?startIndex=2&count=1&sortBy=name&attributes=name";
  isList(await publicly(server, `/ResourceTypes${query}`), { total: 2 });
  isList(await publicly(server, `/Schemas${query}`), { total: 6 });
});

for (const path of ["/Schemas", "/ResourceTypes"]) {
  Deno.test(`44-4-6 GET ${path} with a filter is 403`, async () => {
    await using server = await TestServer.start();
    const answer = await publicly(server, `${path}?filter=name+eq+%22User%22`);
    isScimError(answer, 403, undefined, /cannot be filtered.*by its id/);
  });
}

Deno.test("44-4-3 A schema that does not exist is 404", async () => {
  await using server = await TestServer.start();
  for (
    const uri of [
      "urn:nobody",
      "urn:ietf:params:scim:api:messages:2.0:PatchOp",
      "__proto__",
      "x".repeat(5_000),
    ]
  ) isScimError(await publicly(server, `/Schemas/${uri}`), 404, undefined);
});

Deno.test("44-4-3 A schema is found percent-encoded and in any case", async () => {
  await using server = await TestServer.start();
  for (const uri of [encodeURIComponent(URN.user), URN.user.toUpperCase()]) {
    const { json } = await publicly(server, `/Schemas/${uri}`);
    strictEqual(json["id"], URN.user);
  }
});

Deno.test("44-4-4 A resource type that does not exist is 404", async () => {
  await using server = await TestServer.start();
  for (const name of ["Nope", "constructor", "x".repeat(5_000)]) {
    const answer = await publicly(server, `/ResourceTypes/${name}`);
    isScimError(answer, 404, undefined, /\/ResourceTypes lists them/);
  }
});

Deno.test("Every location that discovery gives answers with the same document", async () => {
  await using server = await TestServer.start();
  for (const path of ["/Schemas", "/ResourceTypes"]) {
    const { json } = await publicly(server, path);
    for (const listed of objects(json["Resources"])) {
      const location = text(object(listed["meta"])["location"]);
      deepStrictEqual((await send(server, location, {})).json, listed);
    }
  }
  const config = await publicly(server, "/ServiceProviderConfig");
  const location = text(object(config.json["meta"])["location"]);
  deepStrictEqual((await send(server, location, {})).json, config.json);
});

Deno.test("43-6-6 Every schema that a resource type names is published", async () => {
  await using server = await TestServer.start();
  const types = await publicly(server, "/ResourceTypes");
  for (const type of objects(types.json["Resources"])) {
    const extensions = type["schemaExtensions"] === undefined
      ? []
      : objects(type["schemaExtensions"]);
    const uris = [type["schema"], ...extensions.map((e) => e["schema"])];
    for (const uri of uris) {
      strictEqual((await publicly(server, `/Schemas/${uri}`)).status, 200);
    }
  }
});

Deno.test(
  "43-6-5 The endpoint of every resource type, put behind the base URL, answers with a list",
  withClient(async (client) => {
    const { json } = await client.get("/ResourceTypes");
    for (const { endpoint } of objects(json["Resources"])) {
      ok(/^\/\w+$/.test(text(endpoint)));
      isList(await client.get(text(endpoint)), { total: 0 });
    }
  }),
);

// Truth: each flag of the ServiceProviderConfig against what happens.

function bulkRequest(operations: JsonObject[]): JsonObject {
  return {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
    Operations: operations,
  };
}

async function supports(client: Client, name: string): Promise<boolean> {
  const { json } = await client.get("/ServiceProviderConfig");
  const flag = object(json[name])["supported"];
  ok(typeof flag === "boolean");
  return flag;
}

Deno.test(
  "43-5-4 43-5-11 patch.supported is what PATCH does",
  withClient(async (client) => {
    const { id } = await client.user("a");
    const operation = { op: "replace", path: "title", value: "b" };
    const { status } = await client.patch(`/Users/${id}`, [operation]);
    strictEqual(status !== 501, await supports(client, "patch"));
  }),
);

Deno.test(
  "43-5-5 43-5-11 bulk.supported is what POST /Bulk does",
  withClient(async (client) => {
    const { status } = await client.post("/Bulk", bulkRequest([]));
    strictEqual(status === 200, await supports(client, "bulk"));
  }),
);

Deno.test(
  "43-5-5 44-3.7-25 bulk.maxOperations is where POST /Bulk draws the line",
  withClient(async (client) => {
    const { json } = await client.get("/ServiceProviderConfig");
    const { maxOperations } = object(json["bulk"]);
    strictEqual(maxOperations, 1_000);
    const operation = { method: "DELETE", path: "/Users/nobody" };
    for (const [count, status] of [[1_000, 200], [1_001, 413]] as const) {
      const operations = Array.from({ length: count }, () => operation);
      const answer = await client.post("/Bulk", bulkRequest(operations));
      strictEqual(answer.status, status);
    }
  }),
);

Deno.test(
  "43-5-5 44-3.7-25 bulk.maxPayloadSize is where POST /Bulk draws the line",
  withClient(async (client) => {
    const { json } = await client.get("/ServiceProviderConfig");
    const { maxPayloadSize } = object(json["bulk"]);
    strictEqual(maxPayloadSize, 1_048_576);
    const body = JSON.stringify(bulkRequest([]));
    for (const [size, status] of [[0, 200], [1, 413]] as const) {
      const answer = await client.send("/Bulk", {
        method: "POST",
        body: body.padEnd(maxPayloadSize + size),
      });
      strictEqual(answer.status, status);
    }
  }),
);

Deno.test(
  "43-5-6 43-5-11 filter.supported is what a filter does, and maxResults is announced",
  withClient(async (client) => {
    await client.user("a");
    await client.user("b");
    const names = await client.names("/Users?filter=userName eq %22a%22");
    strictEqual(names.length === 1, await supports(client, "filter"));
    const { json } = await client.get("/ServiceProviderConfig");
    strictEqual(object(json["filter"])["maxResults"], 1_000);
  }),
);

Deno.test(
  "43-5-7 43-5-11 changePassword.supported is whether a password has any effect",
  withClient(async (client, server) => {
    const { id } = await client.user("a", { password: "old-Passw0rd" });
    await client.patch(`/Users/${id}`, [
      { op: "replace", path: "password", value: "new-Passw0rd" },
    ]);
    const kept = (await server.dump()).some((line) =>
      line.includes("Passw0rd")
    );
    strictEqual(kept, await supports(client, "changePassword"));
  }),
);

Deno.test(
  "43-5-7 43-5-11 sort.supported is what sortBy does",
  withClient(async (client) => {
    for (const name of ["c", "a", "e", "b", "d"]) await client.user(name);
    const order = async (sortOrder: string) => {
      const path = `/Users?sortBy=userName&sortOrder=${sortOrder}`;
      const { json } = await client.get(path);
      return objects(json["Resources"]).map((u) => u["userName"]).join("");
    };
    const sorted = await order("ascending") === "abcde" &&
      await order("descending") === "edcba";
    strictEqual(sorted, await supports(client, "sort"));
  }),
);

Deno.test(
  "43-5-7 43-5-11 etag.supported is what If-Match does",
  withClient(async (client) => {
    const { id } = await client.user("a");
    const headers = { "If-Match": 'W/"other"' };
    const { status } = await client.delete(`/Users/${id}`, headers);
    strictEqual(status === 412, await supports(client, "etag"));
  }),
);

Deno.test(
  "The first authentication scheme is the one that works",
  withClient(async (client) => {
    const { json } = await client.get("/ServiceProviderConfig");
    const [scheme] = objects(json["authenticationSchemes"]);
    strictEqual(scheme?.["type"], "oauthbearertoken");
    strictEqual((await client.get("/Users")).status, 200);
  }),
);

Deno.test(
  "44-4-8 What a schema calls required is refused when it is missing",
  withClient(async (client) => {
    const types = await client.get("/ResourceTypes");
    for (const type of objects(types.json["Resources"])) {
      const uri = text(type["schema"]);
      const required = (await attributesOf(client, uri))
        .filter((attribute) => attribute["required"] === true);
      strictEqual(required.length, 1);
      for (const { name } of required) {
        const answer = await client.post(text(type["endpoint"]), {
          schemas: [uri],
          externalId: "x",
        });
        isScimError(answer, 400, "invalidValue", new RegExp(text(name)));
      }
    }
  }),
);

Deno.test(
  "44-4-8 What a schema calls unique is refused the second time",
  withClient(async (client) => {
    for (
      const [uri, endpoint] of [[URN.user, "/Users"], [URN.group, "/Groups"]]
    ) {
      const unique = (await attributesOf(client, uri ?? "")).filter((a) =>
        a["uniqueness"] === "server"
      );
      strictEqual(unique.length, 1);
      for (const { name } of unique) {
        const body = { schemas: [uri ?? ""], [text(name)]: "Same" };
        strictEqual((await client.post(endpoint ?? "", body)).status, 201);
        const again = { ...body, [text(name)]: "sAME" };
        isScimError(
          await client.post(endpoint ?? "", again),
          409,
          "uniqueness",
        );
      }
    }
  }),
);

Deno.test(
  "44-4-8 What a schema calls readOnly is not taken from a client",
  withClient(async (client) => {
    const readOnly = (await attributesOf(client, URN.user)).filter((a) =>
      a["mutability"] === "readOnly"
    );
    deepStrictEqual(readOnly.map((a) => a["name"]), ["groups"]);
    const { json } = await client.user("a", {
      id: "mine",
      groups: [{ value: "b" }],
      meta: { resourceType: "Group", created: "2001-01-01T00:00:00Z" },
    });
    ok(json["id"] !== "mine");
    strictEqual(json["groups"], undefined);
    strictEqual(object(json["meta"])["resourceType"], "User");
  }),
);

Deno.test(
  "44-4-8 43-7-15 What a schema says is never returned is never returned",
  withClient(async (client) => {
    const never = (await attributesOf(client, URN.user)).filter((a) =>
      a["returned"] === "never"
    );
    deepStrictEqual(never.map((a) => a["name"]), ["password"]);
    const { id } = await client.user("a", { password: "p" });
    const { json } = await client.get(`/Users/${id}?attributes=password`);
    deepStrictEqual(Object.keys(json).sort(), ["id", "schemas"]);
  }),
);

// The settings of the tenant.

async function groupNameUniqueness(answer: Answer): Promise<unknown> {
  const attributes = await Promise.resolve(objects(answer.json["attributes"]));
  return named(attributes, "displayName")["uniqueness"];
}

Deno.test("The Group schema shows the uniqueness that the token's tenant has chosen", async () => {
  await using server = await TestServer.start();
  const [acme, other] = [
    await server.client({ tenant: "acme" }),
    await server.client({ tenant: "other" }),
  ];
  const settings = { settings: { uniqueGroupNames: false } };
  await server.admin("PATCH", "/tenants/acme", settings);
  const path = `/Schemas/${URN.group}`;
  strictEqual(await groupNameUniqueness(await acme.get(path)), "none");
  strictEqual(await groupNameUniqueness(await other.get(path)), "server");
  strictEqual(
    await groupNameUniqueness(await publicly(server, path)),
    "server",
  );
});

Deno.test("The Group schema in the list says the same as the one by itself", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  const settings = { settings: { uniqueGroupNames: false } };
  await server.admin("PATCH", "/tenants/default", settings);
  const listed = objects((await client.get("/Schemas")).json["Resources"])
    .find((schema) => schema["id"] === URN.group);
  const { json } = await client.get(`/Schemas/${URN.group}`);
  deepStrictEqual(listed, json);
  strictEqual(
    named(objects(json["attributes"]), "displayName")["uniqueness"],
    "none",
  );
});

Deno.test("43-4.2-1 Groups may share a name when the schema says so, and may not when it does not", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  await client.group("Same");
  const body = { schemas: [URN.group], displayName: "same" };
  isScimError(await client.post("/Groups", body), 409, "uniqueness");
  const settings = { settings: { uniqueGroupNames: false } };
  await server.admin("PATCH", "/tenants/default", settings);
  strictEqual((await client.post("/Groups", body)).status, 201);
});

// Entra ID reads /Schemas to offer attributes for mapping.

/** The target attributes that Entra's gallery tests make of a schema. */
function flatten(schema: JsonObject, prefix: string): string[] {
  return objects(schema["attributes"]).flatMap((attribute): string[] => {
    const name = prefix + text(attribute["name"]);
    if (attribute["type"] === "reference") return [];
    if (attribute["type"] !== "complex") return [name];
    const subs = objects(attribute["subAttributes"]).filter((sub) =>
      sub["type"] !== "reference"
    );
    if (attribute["multiValued"] !== true) {
      return subs.map((sub) => `${name}.${text(sub["name"])}`);
    }
    const type = subs.find((sub) => sub["name"] === "type");
    const canonical = type?.["canonicalValues"];
    const selectors = Array.isArray(canonical)
      ? canonical.map((value) => `type eq "${text(value)}"`)
      : ['primary eq "True"'];
    return selectors.flatMap((selector) =>
      subs.map((sub) => `${name}[${selector}].${text(sub["name"])}`)
    );
  });
}

async function targets(client: Client): Promise<Set<string>> {
  const { json } = await client.get("/Schemas");
  return new Set(
    objects(json["Resources"]).flatMap((schema) =>
      flatten(
        schema,
        schema["id"] === URN.enterprise ? `${URN.enterprise}:` : "",
      )
    ),
  );
}

const ENTRA_TARGETS = [
  "userName",
  "active",
  "displayName",
  "title",
  'emails[type eq "work"].value',
  "preferredLanguage",
  "name.givenName",
  "name.familyName",
  "name.formatted",
  'addresses[type eq "work"].formatted',
  'addresses[type eq "work"].streetAddress',
  'addresses[type eq "work"].locality',
  'addresses[type eq "work"].region',
  'addresses[type eq "work"].postalCode',
  'addresses[type eq "work"].country',
  'phoneNumbers[type eq "work"].value',
  'phoneNumbers[type eq "mobile"].value',
  'phoneNumbers[type eq "fax"].value',
  'roles[primary eq "True"].value',
  "externalId",
  `${URN.enterprise}:employeeNumber`,
  `${URN.enterprise}:department`,
  `${URN.enterprise}:manager.value`,
];

Deno.test(
  "/Schemas flattened as Entra does it holds every default target attribute",
  withClient(async (client) => {
    const found = await targets(client);
    deepStrictEqual(ENTRA_TARGETS.filter((target) => !found.has(target)), []);
  }),
);

for (const uri of [URN.user, URN.group]) {
  Deno.test(
    `externalId is an attribute of ${uri.split(":").at(-1)}`,
    withClient(async (client) => {
      const attributes = await attributesOf(client, uri);
      strictEqual(named(attributes, "externalId")["caseExact"], true);
    }),
  );
}

Deno.test(
  "43-2.4-12 roles.type has no canonical values, emails.type has",
  withClient(async (client) => {
    const attributes = await attributesOf(client, URN.user);
    const typeOf = (name: string) =>
      named(objects(named(attributes, name)["subAttributes"]), "type");
    strictEqual(typeOf("roles")["canonicalValues"], undefined);
    deepStrictEqual(typeOf("emails")["canonicalValues"], [
      "work",
      "home",
      "other",
    ]);
  }),
);

Deno.test(
  "Discovery holds no null",
  withClient(async (client) => {
    for (const path of DOCUMENTS) {
      const { text } = await client.get(path);
      ok(!text.includes("null"), path);
    }
  }),
);

// References resolve (RFC 7643 section 2.3.7).

Deno.test(
  "43-2.3-15 Every $ref and location that an answer gives can be read",
  withClient(async (client) => {
    const boss = await client.user("boss");
    const worker = await client.user("worker", {
      [URN.enterprise]: { manager: { value: boss.id } },
    });
    const inner = await client.group("inner", [worker.id]);
    const outer = await client.group("outer", [inner.id, boss.id]);
    const found = new Set<string>();
    for (const { location } of [boss, worker, inner, outer]) {
      const { text } = await client.send(location);
      for (const [, uri] of text.matchAll(/"(?:\$ref|location)":"([^"]+)"/g)) {
        found.add(uri ?? "");
      }
    }
    deepStrictEqual(
      [...found].sort(),
      [boss, worker, inner, outer].map(({ location }) => location).sort(),
    );
    for (const uri of found) {
      const { status, json } = await client.send(uri);
      strictEqual(status, 200);
      ok(uri.startsWith(BASE) && uri.endsWith(`/${text(json["id"])}`));
    }
  }),
);

Deno.test("HEAD on discovery answers without a body", async () => {
  await using server = await TestServer.start();
  for (const path of DOCUMENTS) {
    const answer = await send(server, `${BASE}${path}`, { method: "HEAD" });
    strictEqual(answer.status, 200);
    strictEqual(answer.text, "");
    strictEqual(answer.headers.get("Content-Type"), "application/scim+json");
  }
});

Deno.test("The start page tells where SCIM is", async () => {
  await using server = await TestServer.start();
  const { status, text } = await send(server, `${ORIGIN}/`, {});
  strictEqual(status, 200);
  ok(text.includes("/api/scim/v2"));
});

Deno.test("44-1.2-2 Discovery under a base URL with a query string has locations without it", async () => {
  await using server = await TestServer.start();
  const { json } = await publicly(server, "/Schemas?aadOptscim062020");
  ok(!JSON.stringify(json).includes("aadOptscim062020"));
});
