import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import {
  type Client,
  isList,
  isScimError,
  objects,
  text,
  URN,
  user,
  values,
  withClient,
} from "../../routes/harness.ts";

const PROFILES = ["rfc", "compatible"] as const;
const SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema";

// What a schema says.

async function schemas(client: Client): Promise<JsonObject[]> {
  return objects((await client.get("/Schemas")).json["Resources"]);
}

function partsOf(attribute: JsonObject): JsonObject[] {
  const { subAttributes } = attribute;
  return subAttributes === undefined ? [] : objects(subAttributes);
}

/** Every attribute of every schema, and every sub-attribute at any depth. */
async function published(client: Client): Promise<JsonObject[]> {
  const walk = (attributes: JsonObject[]): JsonObject[] =>
    attributes.flatMap((a) => [a, ...walk(partsOf(a))]);
  const all = (await schemas(client)).flatMap(({ attributes }) =>
    walk(objects(attributes))
  );
  ok(all.length > 100);
  return all;
}

Deno.test(
  "43-7-1 Every schema URI of every resource and document is found under /Schemas",
  withClient(async (client) => {
    const { id } = await client.user("ada", {
      [URN.enterprise]: { department: "R" },
    });
    await client.group("staff", [id]);
    const found = new Set<string>();
    for (const path of ["/", "/ResourceTypes", "/Schemas"]) {
      const { json } = await client.get(path);
      for (const { schemas } of objects(json["Resources"])) {
        for (const uri of Array.isArray(schemas) ? schemas : []) {
          found.add(text(uri));
        }
      }
    }
    const { json: config } = await client.get("/ServiceProviderConfig");
    for (const uri of Object.values(config["schemas"] ?? [])) {
      found.add(text(uri));
    }
    strictEqual(found.size, 6);
    for (const uri of found) {
      const { status, json } = await client.get(`/Schemas/${uri}`);
      deepStrictEqual([status, json["id"]], [200, uri]);
    }
  }),
);

Deno.test(
  "43-7-3 A schema has its URI as id, a name and a description, in the list and by itself",
  withClient(async (client) => {
    for (const schema of await schemas(client)) {
      deepStrictEqual(schema["schemas"], [SCHEMA]);
      ok(text(schema["id"]).startsWith("urn:ietf:params:scim:schemas:"));
      ok(text(schema["name"]).trim() !== "");
      ok(text(schema["description"]).trim() !== "");
      const one = await client.get(`/Schemas/${schema["id"]}?attributes=name`);
      strictEqual(one.json["id"], schema["id"]);
    }
  }),
);

const TYPES = [
  "string",
  "boolean",
  "decimal",
  "integer",
  "dateTime",
  "binary",
  "reference",
  "complex",
];
const MUTABILITIES = ["readOnly", "readWrite", "immutable", "writeOnly"];
const RETURNED = ["always", "never", "default", "request"];
const UNIQUENESSES = ["none", "server", "global"];

Deno.test(
  "43-7-4 Every attribute states its characteristics, strings with caseExact and uniqueness",
  withClient(async (client) => {
    for (const attribute of await published(client)) {
      const { name, type, multiValued, required } = attribute;
      const says = JSON.stringify(attribute);
      ok(/^(\$ref|[A-Za-z][\w$-]*)$/.test(text(name)), says);
      ok(text(attribute["description"]).trim() !== "", says);
      ok(TYPES.includes(text(type)), says);
      strictEqual(typeof multiValued, "boolean", says);
      strictEqual(typeof required, "boolean", says);
      ok(MUTABILITIES.includes(text(attribute["mutability"])), says);
      ok(RETURNED.includes(text(attribute["returned"])), says);
      if (type !== "string" && type !== "reference") continue;
      strictEqual(typeof attribute["caseExact"], "boolean", says);
      ok(UNIQUENESSES.includes(text(attribute["uniqueness"])), says);
    }
  }),
);

Deno.test(
  "43-7-5 Complex attributes, and no others, list sub-attributes",
  withClient(async (client) => {
    for (const attribute of await published(client)) {
      const isComplex = attribute["type"] === "complex";
      strictEqual(partsOf(attribute).length > 0, isComplex);
      strictEqual("subAttributes" in attribute, isComplex);
    }
  }),
);

Deno.test(
  "43-7-6 binary is a type of attributes and of sub-attributes, and certificates have it",
  withClient(async (client) => {
    const { json } = await client.get(`/Schemas/${SCHEMA}`);
    const attributes = objects(json["attributes"])
      .find(({ name }) => name === "attributes") ?? {};
    const subAttributes = partsOf(attributes)
      .find(({ name }) => name === "subAttributes") ?? {};
    for (const holder of [attributes, subAttributes]) {
      const type = partsOf(holder).find(({ name }) => name === "type");
      ok(Object.values(type?.["canonicalValues"] ?? []).includes("binary"));
    }
    const binary = (await published(client)).filter(({ type }) =>
      type === "binary"
    );
    deepStrictEqual(binary.map(({ name, caseExact }) => [name, caseExact]), [
      ["value", true],
    ]);
  }),
);

Deno.test(
  "43-7-22 References, and no others, say what they refer to: resource types, external or uri",
  withClient(async (client) => {
    const { json } = await client.get("/ResourceTypes");
    const known = objects(json["Resources"]).map(({ name }) => name ?? null);
    for (const { type, referenceTypes } of await published(client)) {
      strictEqual(referenceTypes !== undefined, type === "reference");
      const named = Object.values(referenceTypes ?? []);
      strictEqual(named.length > 0, type === "reference");
      for (const name of named) {
        ok([...known, "external", "uri"].includes(name), String(name));
      }
    }
  }),
);

// caseExact.

Deno.test(
  "43-7-8 caseExact decides what a filter finds, and values come back in their case",
  withClient(async (client) => {
    const { id } = await client.user("JDoe", {
      externalId: "AbC",
      title: "Dr. Who",
      profileUrl: "https://example.com/Me",
      emails: [{ value: "J.Doe@Example.com", type: "Work" }],
    });
    for (
      const [filter, total] of [
        ['externalId eq "AbC"', 1],
        ['externalId eq "abc"', 0],
        ['externalId sw "ab"', 0],
        ['profileUrl ew "/me"', 0],
        [`id eq "${id.toUpperCase()}"`, 0],
        ['userName eq "jdoe"', 1],
        ['title co "WHO"', 1],
        ['emails[type eq "work" and value eq "j.doe@EXAMPLE.COM"]', 1],
      ] as const
    ) {
      const query = encodeURIComponent(filter);
      isList(await client.get(`/Users?filter=${query}`), { total });
    }
    const { json } = await client.get(`/Users/${id}`);
    strictEqual(json["externalId"], "AbC");
    strictEqual(json["profileUrl"], "https://example.com/Me");
  }, { profile: "rfc" }),
);

for (const profile of PROFILES) {
  Deno.test(
    `43-7-9 Values whose case does not count keep it, and take a new one (${profile})`,
    withClient(async (client) => {
      const emails = [{ value: "J.Doe@Example.COM", type: "WORK" }];
      const { id, json } = await client.user("JDoe", { title: "DR.", emails });
      const shown = ({ userName, title, emails }: JsonObject) => ({
        userName,
        title,
        emails,
      });
      const sent = { userName: "JDoe", title: "DR.", emails };
      deepStrictEqual(shown(json), sent);
      deepStrictEqual(shown((await client.get(`/Users/${id}`)).json), sent);
      const found = await client.get('/Users?filter=userName eq "jdoe"');
      deepStrictEqual(isList(found, { total: 1 }).map(shown), [sent]);
      const lower = { userName: "jdoe", title: "dr.", emails };
      const { json: put } = await client.put(
        `/Users/${id}`,
        user("jdoe", lower),
      );
      deepStrictEqual(shown(put), lower);
    }, { profile }),
  );
}

// uniqueness.

for (const profile of PROFILES) {
  for (
    const [endpoint, uri, name] of [
      ["/Users", URN.user, "userName"],
      ["/Groups", URN.group, "displayName"],
    ] as const
  ) {
    Deno.test(
      `43-7-19 43-7-21 A ${name} that is taken is 409 uniqueness by POST, PUT and PATCH, in any case of its letters (${profile})`,
      withClient(async (client, server) => {
        const named = (value: string): JsonObject => ({
          schemas: [uri],
          [name]: value,
        });
        await client.post(endpoint, named("Straße"));
        const { json } = await client.post(endpoint, named("mine"));
        const path = `${endpoint}/${json["id"]}`;
        const before = await server.dump();
        for (const value of ["Straße", "STRAßE", "straße", "Ｓtraße"]) {
          for (
            const answer of [
              await client.post(endpoint, named(value)),
              await client.put(path, { ...named(value), externalId: "7" }),
              await client.patch(path, [{ op: "replace", path: name, value }]),
              await client.patch(path, [{
                op: "add",
                value: { [name]: value },
              }]),
            ]
          ) {
            isScimError(
              answer,
              409,
              "uniqueness",
              new RegExp(`"${name}" must be unique`),
            );
          }
        }
        deepStrictEqual(await server.dump(), before);
        const own = await client.put(path, named("MINE"));
        strictEqual(own.json[name], "MINE");
      }, { profile }),
    );
  }
}

Deno.test(
  "43-7-21 What has no uniqueness may be shared, whatever caseExact says",
  withClient(async (client) => {
    const same = {
      externalId: "7",
      displayName: "Ada",
      emails: [{ value: "a@b.c" }],
    };
    await client.user("a", same);
    await client.user("b", same);
    const found = await client.get('/Users?filter=externalId eq "7"');
    deepStrictEqual(
      isList(found, { total: 2 }).map(({ emails }) => values(emails)),
      [["a@b.c"], ["a@b.c"]],
    );
  }, { profile: "rfc" }),
);
