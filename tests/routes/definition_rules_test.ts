import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../domain/json.ts";
import {
  addSchema,
  addType,
  BADGE,
  badge,
  create,
  CUSTOM,
  DEVICE,
  device,
  one,
  registerDevices,
  schemaOf,
  thing,
} from "./custom_types.ts";
import {
  ADMIN_SECRET,
  isProblem,
  object,
  objects,
  pointers,
  send,
  TestServer,
  text,
  URN,
  user,
  values,
} from "./harness.ts";

// Ids and paths.

Deno.test("A schema and an attribute of another do not have the same path, whichever comes first", async () => {
  await using server = await TestServer.start();
  await addSchema(server, schemaOf("Card", { name: "pin" }));
  await addSchema(server, schemaOf("Card:Late", { name: "a" }));
  const before = await server.dump();
  for (
    const [id, attribute, schema] of [
      [`${text(schemaOf("CARD")["id"])}:PIN`, "pin", schemaOf("Card")["id"]],
      [`${URN.user}:title`, "title", URN.user],
      [`${URN.enterprise}:manager.value`, "manager.value", URN.enterprise],
    ] as const
  ) {
    isProblem(
      await server.admin("POST", "/schemas", {
        schema: { ...one({ name: "a" }), id },
        extends: "User",
      }),
      409,
      new RegExp(
        `^The schema "${id}" and the attribute "${attribute}" of the schema ` +
          `"${schema}" would have the same path`,
      ),
    );
  }
  const card = schemaOf("Card", { name: "pin" }, { name: "late" });
  isProblem(
    await server.admin("PUT", `/schemas/${card["id"]}`, { schema: card }),
    409,
    /The schema "urn:.*:Card:Late" and the attribute "late" of the schema/,
  );
  deepStrictEqual(await server.dump(), before);
});

for (
  const id of [
    "https://example.com/schemas/badge",
    "https://example.com:8080/~ada/a%20b/s?v=1&w=2#badge",
    "urn:m:a",
  ]
) {
  Deno.test(`A schema with the id ${id} is found by it, and its attributes by their paths`, async () => {
    await using server = await TestServer.start();
    const schema = { id, attributes: [{ name: "number", type: "integer" }] };
    const added = await addSchema(server, schema, { extends: "User" });
    const read = await send(server, text(added.headers.get("Location")), {
      token: ADMIN_SECRET,
    });
    strictEqual(read.status, 200, read.text);
    const { tenant: _, ...whole } = added.json;
    deepStrictEqual(read.json, whole);
    const client = await server.client({ profile: "rfc" });
    const published = await client.get(`/Schemas/${encodeURIComponent(id)}`);
    strictEqual(published.status, 200, published.text);
    strictEqual(published.json["id"], id);
    const location = text(object(published.json["meta"])["location"]);
    deepStrictEqual((await client.send(location)).json, published.json);

    const { path, json } = await create(
      client,
      "/Users",
      user("ada", { schemas: [URN.user, id], [id]: { number: 7 } }),
    );
    deepStrictEqual(json[id], { number: 7 });
    const filter = encodeURIComponent(`${id}:number eq 7`);
    deepStrictEqual(await client.names(`/Users?filter=${filter}`), ["ada"]);
    const patched = await client.patch(path, [
      { op: "replace", path: `${id}:number`, value: 8 },
    ]);
    deepStrictEqual(patched.json[id], { number: 8 });
    const named = encodeURIComponent(`${id}:number`);
    const part = await client.get(`${path}?attributes=${named}`);
    deepStrictEqual(part.json[id], { number: 8 });

    const url = `/schemas/${encodeURIComponent(id)}`;
    const put = await server.admin("PUT", url, { schema });
    strictEqual(put.status, 200, put.text);
    await client.delete(path);
    strictEqual((await server.admin("DELETE", url)).status, 204);
    strictEqual((await client.send(location)).status, 404);
  });
}

Deno.test("Characteristics are understood in any case, and published as the RFC spells them", async () => {
  await using server = await TestServer.start();
  await addSchema(
    server,
    one({
      name: "a",
      type: "STRING",
      mutability: "READWRITE",
      returned: "Always",
      uniqueness: "None",
    }),
  );
  const client = await server.client();
  const { id } = one({ name: "a" });
  const { json } = await client.get(`/Schemas/${text(id)}`);
  const [{ type, mutability, returned, uniqueness } = {}] = objects(
    json["attributes"],
  );
  deepStrictEqual([type, mutability, returned, uniqueness], [
    "string",
    "readWrite",
    "always",
    "none",
  ]);
});

Deno.test("43-3.1-3 Common attributes that a schema lists are published as they are in force", async () => {
  await using server = await TestServer.start();
  await addSchema(
    server,
    schemaOf(
      "Thing",
      { name: "ID", type: "integer", mutability: "readWrite" },
      { name: "externalid", uniqueness: "server", caseExact: false },
      { name: "a" },
    ),
  );
  await addType(server, thing({ schema: schemaOf("Thing")["id"] ?? null }));
  const client = await server.client({ profile: "rfc" });
  const { json } = await client.get(
    `/Schemas/${text(schemaOf("Thing")["id"])}`,
  );
  deepStrictEqual(
    objects(json["attributes"]).map((
      { name, type, mutability, caseExact, uniqueness },
    ) => [name, type, mutability, caseExact, uniqueness]),
    [
      ["id", "string", "readOnly", true, "server"],
      ["externalId", "string", "readWrite", true, "none"],
      ["a", "string", "readWrite", false, "none"],
    ],
  );
  const body = { schemas: [text(schemaOf("Thing")["id"])], externalId: "X" };
  for (let i = 0; i < 2; i++) await create(client, "/Things", body);
});

Deno.test("A listing of common attributes can go while resources have values of them", async () => {
  await using server = await TestServer.start();
  const listed = schemaOf("Thing", { name: "externalId" }, { name: "a" });
  const uri = text(listed["id"]);
  await addSchema(server, listed);
  await addType(server, thing({ schema: uri }));
  const client = await server.client();
  await create(client, "/Things", { schemas: [uri], externalId: "X" });
  const put = await server.admin("PUT", `/schemas/${uri}`, {
    schema: schemaOf("Thing", { name: "a" }),
  });
  strictEqual(put.status, 200, put.text);
});

// The tenant.

Deno.test("The tenant of a new definition stands in the query or in the body", async () => {
  await using server = await TestServer.start();
  const schema = one({ name: "a" });
  const resourceType = thing();
  for (
    const [path, body] of [
      ["/schemas", { schema }],
      ["/resource-types", { resourceType }],
    ] as const
  ) {
    const inQuery = await server.admin("POST", `${path}?tenant=acme`, body);
    strictEqual(inQuery.status, 201, inQuery.text);
    strictEqual(inQuery.json["tenant"], "acme");
    const both = await server.admin("POST", `${path}?tenant=globex`, {
      ...body,
      tenant: "globex",
    });
    strictEqual(both.json["tenant"], "globex", both.text);
    const differ = await server.admin("POST", `${path}?tenant=acme`, {
      ...body,
      tenant: "default",
    });
    isProblem(differ, 400, /^\/tenant differs from the tenant in the query/);
    deepStrictEqual(pointers(differ), ["/tenant"]);
    const none = await server.admin("POST", `${path}?tenant=a/b`, body);
    isProblem(none, 400, /^\/tenant must be 1 to 63 letters/);
  }
  deepStrictEqual((await server.admin("GET", "/schemas")).json, {
    schemas: [],
  });
});

Deno.test("The tenant of a schema that changes stands in the query or in the body", async () => {
  await using server = await TestServer.start();
  await addSchema(server, BADGE, { extends: "User", tenant: "acme" });
  const path = `/schemas/${CUSTOM.badge}`;
  const inBody = await server.admin("PUT", path, {
    schema: BADGE,
    tenant: "acme",
  });
  strictEqual(inBody.status, 200, inBody.text);
  strictEqual(
    (await server.admin("PUT", path, { schema: BADGE })).status,
    404,
  );
  const differ = await server.admin("PUT", `${path}?tenant=default`, {
    schema: BADGE,
    tenant: "acme",
  });
  isProblem(differ, 400, /^\/tenant differs from the tenant in the query/);
});

// What is required, and other stricter rules.

Deno.test("What GET and POST show of a schema can be sent by PUT as it is", async () => {
  await using server = await TestServer.start();
  const { json } = await addSchema(server, BADGE, { extends: "User" });
  const path = `/schemas/${CUSTOM.badge}`;
  const first = await server.admin("PUT", path, json);
  strictEqual(first.status, 200, first.text);
  const { json: shown } = await server.admin("GET", path);
  const second = await server.admin("PUT", path, shown);
  deepStrictEqual(second.json, shown);
});

Deno.test("An extension is not required while a resource lacks it, and is when all have it", async () => {
  await using server = await TestServer.start();
  const client = await server.client({ profile: "rfc" });
  const ada = await client.user("ada");
  const before = await server.dump();
  const lacks = new RegExp(
    `lack the extension "${CUSTOM.badge}", User "${ada.id}" among them; add ` +
      "it as not required, fill it in, then make it required",
  );
  const whole = { schema: BADGE, extends: "User" };
  isProblem(
    await server.admin("POST", "/schemas", { ...whole, required: true }),
    409,
    lacks,
  );
  const after = await server.dump();
  deepStrictEqual(after.length, before.length + 1, "the settings' record");
  strictEqual((await client.get(`/Schemas/${CUSTOM.badge}`)).status, 404);

  await addSchema(server, BADGE, { extends: "User" });
  const path = `/schemas/${CUSTOM.badge}`;
  const required = { ...whole, required: true };
  isProblem(await server.admin("PUT", path, required), 409, lacks);
  strictEqual((await server.admin("GET", path)).json["required"], false);
  await client.patch(`/Users/${ada.id}`, [
    { op: "add", path: `${CUSTOM.badge}:level`, value: 1 },
  ]);
  const put = await server.admin("PUT", path, required);
  strictEqual(put.status, 200, put.text);
  strictEqual(put.json["required"], true);
  strictEqual((await client.post("/Users", user("bob"))).status, 400);
  const { json: type } = await client.get("/ResourceTypes/User");
  deepStrictEqual(
    objects(type["schemaExtensions"]).map(({ required }) => required),
    [false, true],
  );

  // As before when PUT does not say, and back when it does.
  await server.admin("PUT", path, { schema: BADGE });
  strictEqual((await client.post("/Users", user("bob"))).status, 400);
  await server.admin("PUT", path, { schema: BADGE, required: false });
  strictEqual((await client.post("/Users", user("bob"))).status, 201);
});

Deno.test("An extension is required from the beginning of a type that has no resources", async () => {
  await using server = await TestServer.start();
  const client = await server.client({ profile: "rfc" });
  await client.group("Sales");
  await addSchema(server, BADGE, { extends: "User", required: true });
  strictEqual((await client.post("/Users", user("ada"))).status, 400);
});

Deno.test("A schema that extends nothing is not required of anything", async () => {
  await using server = await TestServer.start();
  await addSchema(server, BADGE);
  isProblem(
    await server.admin("PUT", `/schemas/${CUSTOM.badge}`, {
      schema: BADGE,
      required: true,
    }),
    400,
    /"required" needs "extends"/,
  );
  const put = await server.admin("PUT", `/schemas/${CUSTOM.badge}`, {
    schema: BADGE,
    extends: "User",
  });
  isProblem(put, 400, /^\/extends must be left out, as before/);
});

/** Stricter forms of BADGE, what breaks them and what complies, and what is said. */
const STRICTER: readonly (readonly [
  string,
  readonly JsonObject[],
  JsonObject,
  JsonObject,
  RegExp,
])[] = [
  [
    "a required attribute",
    [{ name: "color", required: true }, { name: "level" }],
    { level: "1" },
    { level: "1", color: "red" },
    /"urn:.*:color" is required for User/,
  ],
  [
    "no blank values",
    [{ name: "color", required: true }, { name: "level" }],
    { color: " " },
    { color: "red" },
    /"urn:.*:color" is required and must not be empty/,
  ],
  [
    "a new attribute that is required",
    [{ name: "color" }, { name: "level" }, { name: "x", required: true }],
    { level: "1" },
    {},
    /"urn:.*:x" is required for User/,
  ],
  [
    "a closed list",
    [{
      name: "color",
      canonicalValues: ["red"],
      canonicalValuesOnly: true,
    }, { name: "level" }],
    { color: "blue" },
    { color: "RED" },
    /"urn:.*:color" must be one of red/,
  ],
];

for (const [what, attributes, breach, right, detail] of STRICTER) {
  Deno.test(`PUT /admin/schemas/{id} with ${what} is 409 while a resource does not comply, and not after`, async () => {
    await using server = await TestServer.start();
    const loose = badge({ name: "color" }, { name: "level" });
    await addSchema(server, loose, { extends: "User" });
    const client = await server.client({ profile: "rfc" });
    await client.user("bob");
    const ada = user("ada", {
      schemas: [URN.user, CUSTOM.badge],
      [CUSTOM.badge]: breach,
    });
    const { id, path } = await create(client, "/Users", ada);
    const url = `/schemas/${CUSTOM.badge}`;
    const { json: before } = await server.admin("GET", url);
    const schema = badge(...attributes);
    const refused = await server.admin("PUT", url, { schema });
    isProblem(refused, 409, detail);
    match(
      text(refused.json["detail"]),
      new RegExp(
        `^Resources do not comply with the new form, User "${id}" amo`,
      ),
    );
    deepStrictEqual((await server.admin("GET", url)).json, before);
    const put = await client.put(path, {
      ...ada,
      [CUSTOM.badge]: right,
    });
    strictEqual(put.status, 200, put.text);
    const again = await server.admin("PUT", url, { schema });
    strictEqual(again.status, 200, again.text);
    const broken = await client.post("/Users", { ...ada, userName: "eve" });
    strictEqual(broken.status, 400, broken.text);
  });
}

Deno.test("A stricter base schema is 409 while a resource of the type does not comply", async () => {
  await using server = await TestServer.start();
  await registerDevices(server);
  const client = await server.client({ profile: "rfc" });
  const { id, path } = await create(client, "/Devices", device("1"));
  const schema = {
    ...DEVICE,
    attributes: objects(DEVICE["attributes"]).map((attribute) =>
      attribute["name"] === "label"
        ? { ...attribute, required: true }
        : attribute
    ),
  };
  const url = `/schemas/${CUSTOM.device}`;
  isProblem(
    await server.admin("PUT", url, { schema }),
    409,
    new RegExp(`Device "${id}" among them: Attribute "label" is required`),
  );
  await client.patch(path, [{ op: "add", path: "label", value: "x" }]);
  strictEqual((await server.admin("PUT", url, { schema })).status, 200);
});

Deno.test("A stricter form asks nothing of resources that lack the extension", async () => {
  await using server = await TestServer.start();
  await addSchema(server, badge({ name: "color" }), { extends: "User" });
  const client = await server.client();
  await client.user("ada");
  const put = await server.admin("PUT", `/schemas/${CUSTOM.badge}`, {
    schema: badge({ name: "color", required: true }),
  });
  strictEqual(put.status, 200, put.text);
});

// What is told.

for (
  const [what, more, holder] of [
    ["never returned", { returned: "never" }, undefined],
    ["writeOnly", { mutability: "writeOnly" }, undefined],
    ["sensitive", { sensitive: true }, undefined],
    ["within one that is never returned", {}, { returned: "never" }],
    ["within a sensitive one", {}, { sensitive: true }],
  ] as const
) {
  Deno.test(`Duplicates of an attribute that is ${what} are told without their values`, async () => {
    await using server = await TestServer.start();
    const form = (unique: JsonObject) => {
      const number = { name: "number", ...more, ...unique };
      return badge(
        holder === undefined ? number : {
          name: "card",
          type: "complex",
          subAttributes: [number],
          ...holder,
        },
      );
    };
    await addSchema(server, form({}), { extends: "User" });
    const client = await server.client();
    const ids: string[] = [];
    for (const name of ["ada", "bob"]) {
      const values = { number: "hidden-7" };
      const { id } = await client.user(name, {
        schemas: [URN.user, CUSTOM.badge],
        [CUSTOM.badge]: holder === undefined ? values : { card: values },
      });
      ids.push(id);
    }
    const refused = await server.admin("PUT", `/schemas/${CUSTOM.badge}`, {
      schema: form({ uniqueness: "server" }),
    });
    isProblem(refused, 409, /cannot be made unique/);
    ok(!refused.text.includes("hidden-7"), refused.text);
    const [duplicate, ...others] = objects(refused.json["duplicates"]);
    deepStrictEqual(others, []);
    const { ids: told, ...rest } = object(duplicate);
    deepStrictEqual(rest, { resourceType: "User" });
    ok(Array.isArray(told));
    deepStrictEqual(told.map(String).sort(), ids.sort());
  });
}

Deno.test("EnterpriseUser as the base schema of a type shows the manager's name", async () => {
  await using server = await TestServer.start();
  await addType(server, thing({ schema: URN.enterprise }));
  const client = await server.client({ profile: "rfc" });
  const boss = await client.user("boss", { displayName: "The Boss" });
  const { path } = await create(client, "/Things", {
    schemas: [URN.enterprise],
    manager: { value: boss.id },
  });
  const { json } = await client.get(path);
  deepStrictEqual(json["manager"], {
    value: boss.id,
    $ref: boss.location,
    displayName: "The Boss",
  });
  const filter = encodeURIComponent('manager.displayName eq "the boss"');
  const found = await client.get(`/Things?filter=${filter}`);
  strictEqual(found.json["totalResults"], 1, found.text);
});

Deno.test("Members that exist but cannot be members are told to be so", async () => {
  await using server = await TestServer.start();
  await registerDevices(server);
  const client = await server.client();
  const one = await create(client, "/Devices", device("1"));
  const missing = crypto.randomUUID();
  const wrong = await client.post("/Groups", {
    schemas: [URN.group],
    displayName: "Sales",
    members: [{ value: one.id }, { value: missing }],
  });
  strictEqual(wrong.status, 400);
  match(
    text(wrong.json["detail"]),
    new RegExp(
      `"members" names resources that cannot be members of Group: Device ` +
        `"${one.id}"; members are User and Group resources`,
    ),
  );
  const none = await client.post("/Groups", {
    schemas: [URN.group],
    displayName: "Sales",
    members: [{ value: missing }],
  });
  match(text(none.json["detail"]), /names resources that do not exist/);
});

for (const profile of ["rfc", "compatible"] as const) {
  Deno.test(`An integer beyond the safe range is told to be too large (${profile})`, async () => {
    await using server = await TestServer.start();
    await registerDevices(server);
    const client = await server.client({ profile });
    const body = JSON.stringify(device("1", { ports: 7 }));
    for (const number of ["9007199254740993", "-9007199254740993"]) {
      const { status, json } = await client.post(
        "/Devices",
        body.replace(":7", `:${number}`),
      );
      strictEqual(status, 400);
      match(
        text(json["detail"]),
        /"ports" is too large: an integer is from -9007199254740991 to 9007199254740991/,
      );
    }
    const most = body.replace(":7", ":9007199254740991");
    strictEqual((await client.post("/Devices", most)).status, 201);
  });
}

Deno.test("43-3.2-4 An extension of Group with members of its own leaves those of the group alone", async () => {
  await using server = await TestServer.start();
  const extension = schemaOf("Board", { name: "displayName" }, {
    name: "members",
    type: "complex",
    multiValued: true,
    subAttributes: [{ name: "value" }],
  });
  const uri = text(extension["id"]);
  await addSchema(server, extension, { extends: "Group" });
  const client = await server.client({ profile: "rfc" });
  const ada = await client.user("ada");
  const bob = await client.user("bob");
  const own = { displayName: "Board", members: [{ value: "anybody" }] };
  const { path } = await create(client, "/Groups", {
    schemas: [URN.group, uri],
    displayName: "Staff",
    members: [{ value: ada.id }],
    [uri]: own,
  });
  for (
    const [filter, found] of [
      [`members.value eq "${ada.id}"`, 1],
      ['members.value eq "anybody"', 0],
      [`${uri}:members.value eq "anybody"`, 1],
      [`${uri}:members.value eq "${ada.id}"`, 0],
      ['displayName eq "Board"', 0],
    ] as const
  ) {
    const query = `/Groups?filter=${encodeURIComponent(filter)}`;
    deepStrictEqual(
      [filter, (await client.names(query)).length],
      [filter, found],
    );
  }
  const patched = await client.patch(path, [
    { op: "add", path: "members", value: [{ value: bob.id }] },
    { op: "add", path: `${uri}:members`, value: [{ value: "nobody" }] },
  ]);
  strictEqual(patched.status, 204, patched.text);
  const { json } = await client.get(path);
  deepStrictEqual(values(json["members"]).sort(), [ada.id, bob.id].sort());
  deepStrictEqual(json[uri], {
    ...own,
    members: [{ value: "anybody" }, { value: "nobody" }],
  });
  const groups = (await client.get(`/Users/${ada.id}`)).json["groups"];
  deepStrictEqual(objects(groups).map(({ display }) => display), ["Staff"]);
});
