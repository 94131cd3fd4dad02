import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import {
  create,
  CUSTOM,
  device,
  DEVICE_TYPE,
  networked,
  withDevices,
} from "../../routes/custom_types.ts";
import {
  BASE,
  type Client,
  group,
  isList,
  isScimError,
  object,
  objects,
  text,
  URN,
  user,
  withClient,
} from "../../routes/harness.ts";

// RFC 7643 section 3: the schemas attribute.

const PROFILES = ["rfc", "compatible"] as const;
const OTHER = "urn:example:params:scim:schemas:core:2.0:Other";

/** Sends a body by POST and by PUT of a user that is there. */
async function written(client: Client, id: string, body: JsonObject) {
  return [
    await client.post("/Users", body),
    await client.put(`/Users/${id}`, body),
  ];
}

const NO_SCHEMAS: readonly (readonly [string, JsonObject])[] = [
  ["no schemas", {}],
  ["null", { schemas: null }],
  ["an empty array", { schemas: [] }],
  ["a string", { schemas: URN.user }],
  ["an object", { schemas: { value: URN.user } }],
  ["a number beside the URI", { schemas: [URN.user, 5] }],
  ["null beside the URI", { schemas: [URN.user, null] }],
  ["an array in the array", { schemas: [[URN.user]] }],
  ["an object in the array", { schemas: [{ value: URN.user }] }],
];

for (const profile of PROFILES) {
  for (const [what, schemas] of NO_SCHEMAS) {
    Deno.test(
      `43-3-1 A user with ${what} for schemas is 400 invalidSyntax (${profile})`,
      withClient(async (client, server) => {
        const { id } = await client.user("ada");
        const before = await server.dump();
        const body = { userName: "eve", ...schemas };
        for (const answer of await written(client, id, body)) {
          isScimError(
            answer,
            400,
            "invalidSyntax",
            new RegExp(`must be an array of schema URIs; .* "${URN.user}"`),
          );
        }
        deepStrictEqual(await server.dump(), before);
      }, { profile }),
    );
  }
}

const WRONG_SCHEMAS: readonly (readonly [string, string[]])[] = [
  ["of a group", [URN.group]],
  ["of a group beside its own", [URN.user, URN.group]],
  ["that nobody knows", [OTHER]],
  ["that nobody knows beside its own", [URN.user, OTHER]],
  ["of an extension only", [URN.enterprise]],
  ["that is no URI", ["User"]],
  ["that is empty", [URN.user, ""]],
  ["with blanks", [` ${URN.user} `]],
];

for (const [what, schemas] of WRONG_SCHEMAS) {
  Deno.test(
    `43-3-2 43-3.2-2 A user with a schema ${what} is 400 for the strict profile`,
    withClient(async (client, server) => {
      const { id } = await client.user("ada");
      const before = await server.dump();
      const body = { schemas, userName: "eve" };
      for (const answer of await written(client, id, body)) {
        const detail = /does not belong to User|must hold the base schema/;
        isScimError(answer, 400, "invalidSyntax", detail);
      }
      deepStrictEqual(await server.dump(), before);
    }, { profile: "rfc" }),
  );

  Deno.test(
    `43-3-2 43-3.2-2 A user with a schema ${what} has that of users for the compatible profile`,
    withClient(async (client) => {
      const { id } = await client.user("ada");
      const put = await client.put(`/Users/${id}`, { schemas, userName: "a" });
      strictEqual(put.status, 200);
      const { json } = await client.user("eve", { schemas });
      for (const shown of [put.json, json]) {
        deepStrictEqual(shown["schemas"], [URN.user]);
      }
    }, { profile: "compatible" }),
  );
}

Deno.test(
  "43-3-2 The attributes of a schema that is not the type's are refused, or dropped by the compatible profile",
  withClient(async (client, server) => {
    const lenient = await server.client({ profile: "compatible" });
    const body = user("ada", {
      schemas: [URN.user, OTHER],
      [OTHER]: { colour: "red" },
    });
    const before = await server.dump();
    isScimError(await client.post("/Users", body), 400, "invalidSyntax");
    const bare = { ...body, schemas: [URN.user] };
    isScimError(await client.post("/Users", bare), 400, "invalidSyntax");
    deepStrictEqual(await server.dump(), before);
    const { status, json } = await lenient.post("/Users", body);
    strictEqual(status, 201);
    deepStrictEqual(
      Object.keys(json).sort(),
      ["id", "meta", "schemas", "userName"],
    );
    deepStrictEqual(json["schemas"], [URN.user]);
  }, { profile: "rfc" }),
);

Deno.test(
  "43-3-2 43-3.2-2 Groups and devices have their own schemas, and no others",
  withDevices(async (client, server) => {
    const before = await server.dump();
    for (
      const [path, body] of [
        ["/Groups", group("a", [], { schemas: [URN.user] })],
        ["/Groups", group("a", [], { schemas: [URN.group, URN.enterprise] })],
        ["/Devices", device("1", { schemas: [CUSTOM.lease] })],
        ["/Devices", device("1", { schemas: [CUSTOM.device, CUSTOM.badge] })],
      ] as const
    ) isScimError(await client.post(path, body), 400, "invalidSyntax");
    deepStrictEqual(await server.dump(), before);
    await client.group("a");
    await create(client, "/Devices", device("1"));
  }),
);

for (const profile of PROFILES) {
  Deno.test(
    `43-3-3 A URI that is sent twice, in any case, is there once (${profile})`,
    withClient(async (client) => {
      const body = user("ada", {
        schemas: [
          URN.user,
          URN.enterprise,
          URN.user,
          URN.user.toUpperCase(),
          URN.enterprise.toLowerCase(),
        ],
        [URN.enterprise]: { department: "R" },
      });
      const { id, json } = await client.user("ada", body);
      const path = `/Users/${id}`;
      for (
        const shown of [
          json,
          (await client.get(path)).json,
          (await client.put(path, { ...body, title: "x" })).json,
          (await client.patch(path, [
            { op: "add", path: "schemas", value: [URN.user, URN.enterprise] },
            { op: "add", value: { schemas: [URN.enterprise], title: "y" } },
          ])).json,
        ]
      ) deepStrictEqual(shown["schemas"], [URN.user, URN.enterprise]);
    }, { profile }),
  );

  Deno.test(
    `43-3-4 The order of schemas makes no difference, in any write (${profile})`,
    withDevices(async (client) => {
      const { device, lease, network } = CUSTOM;
      const orders = [
        [device, lease, network],
        [network, lease, device],
        [lease, network, device],
      ];
      const shown: JsonObject[] = [];
      for (const schemas of orders) {
        const body = networked("1", { address: "a" }, { schemas });
        const { json, path } = await create(client, "/Devices", body);
        const put = await client.put(path, { ...body, label: "x" });
        for (const { id: _, meta: __, ...rest } of [json, put.json]) {
          shown.push(rest);
        }
        await client.delete(path);
      }
      const [created, replaced] = shown;
      for (const [index, resource] of shown.entries()) {
        deepStrictEqual(resource, index % 2 === 0 ? created : replaced);
      }
      deepStrictEqual(created?.["schemas"], orders[0]);
      strictEqual(replaced?.["label"], "x");
    }, { profile }),
  );

  Deno.test(
    `43-3-4 A PUT with schemas in another order changes nothing (${profile})`,
    withClient(async (client, server) => {
      const extension = { [URN.enterprise]: { department: "R" } };
      const schemas = [URN.user, URN.enterprise];
      const { id, json } = await client.user("ada", { schemas, ...extension });
      server.pass({ hours: 1 });
      const reversed = { schemas: [URN.enterprise, URN.user], ...extension };
      const put = await client.put(`/Users/${id}`, user("ada", reversed));
      strictEqual(put.status, 200);
      deepStrictEqual(put.json, json);
    }, { profile }),
  );
}

// The common attributes.

for (
  const [endpoint, type, body] of [
    ["/Users", "User", user("ada", { schemas: [URN.user, URN.enterprise] })],
    ["/Users", "User", user("ada")],
    ["/Groups", "Group", group("staff")],
    ["/Devices", "Device", device("1")],
  ] as const
) {
  Deno.test(
    `43-3-5 43-3.1-1 A ${type} of ${
      JSON.stringify(body["schemas"])
    } has the common attributes`,
    withDevices(async (client) => {
      const sent = { ...body, externalId: "Ext-1" };
      const { id, json, path } = await create(client, endpoint, sent);
      ok(id.length > 0);
      strictEqual(json["externalId"], "Ext-1");
      deepStrictEqual(Object.keys(object(json["meta"])).sort(), [
        "created",
        "lastModified",
        "location",
        "resourceType",
        "version",
      ]);
      for (
        const filter of [
          `id eq "${id}"`,
          'externalId eq "Ext-1"',
          `meta.resourceType eq "${type}"`,
          "meta.created pr",
          "meta.lastModified pr",
          `meta.location eq "${BASE}${path}"`,
          "schemas pr",
        ]
      ) {
        const query = `${endpoint}?filter=${encodeURIComponent(filter)}`;
        deepStrictEqual(isList(await client.get(query), { total: 1 }), [json]);
      }
    }),
  );
}

// Extensions are objects by their URIs.

for (const profile of PROFILES) {
  Deno.test(
    `43-3-6 An extension is read by its URI in any case, and shown by it as it is registered (${profile})`,
    withDevices(async (client) => {
      for (const [index, spell] of SPELLINGS.entries()) {
        const body = user(`u${index}`, {
          schemas: [URN.user, spell(URN.enterprise), spell(CUSTOM.badge)],
          [spell(URN.enterprise)]: { department: "R" },
          [spell(CUSTOM.badge)]: { level: 1 },
        });
        const { json, path } = await create(client, "/Users", body);
        const patched = await client.patch(path, [
          { op: "add", value: { [spell(CUSTOM.badge)]: { level: 2 } } },
        ]);
        for (const [index, shown] of [json, patched.json].entries()) {
          deepStrictEqual(shown[URN.enterprise], { department: "R" });
          deepStrictEqual(shown[CUSTOM.badge], { level: index + 1 });
          strictEqual(Object.keys(shown).length, 6);
        }
      }
    }, { profile }),
  );

  Deno.test(
    `43-3-6 An extension in two spellings is 400 invalidSyntax (${profile})`,
    withClient(async (client, server) => {
      const { id } = await client.user("ada");
      const before = await server.dump();
      const twice = user("eve", {
        [URN.enterprise]: { department: "R" },
        [URN.enterprise.toUpperCase()]: { division: "D" },
      });
      for (const answer of await written(client, id, twice)) {
        isScimError(answer, 400, "invalidSyntax", /the same attribute.*once/);
      }
      deepStrictEqual(await server.dump(), before);
    }, { profile }),
  );

  Deno.test(
    `43-3-6 The value of an extension is an object, or 400 invalidValue (${profile})`,
    withClient(async (client, server) => {
      const { id } = await client.user("ada");
      const before = await server.dump();
      for (const value of ["R", 5, true, [{ department: "R" }]]) {
        const wrong = user("eve", { [URN.enterprise]: value });
        for (const answer of await written(client, id, wrong)) {
          isScimError(answer, 400, "invalidValue", /must be an object/);
        }
      }
      deepStrictEqual(await server.dump(), before);
    }, { profile }),
  );
}

const SPELLINGS: readonly ((uri: string) => string)[] = [
  (uri) => uri,
  (uri) => uri.toUpperCase(),
  (uri) => uri.toLowerCase(),
];

// What a representation lists.

/** Checks that schemas is the base schema and just the extensions that are shown. */
function listsWhatItCarries(shown: JsonObject, base: string): void {
  const containers = Object.keys(shown).filter((key) => key.includes(":"));
  const { schemas } = shown;
  ok(Array.isArray(schemas));
  deepStrictEqual(schemas.map(String).sort(), [base, ...containers].sort());
}

for (const profile of PROFILES) {
  Deno.test(
    `43-3-7 schemas follows what a user has through its life (${profile})`,
    withDevices(async (client) => {
      const both = {
        [URN.enterprise]: { department: "R" },
        [CUSTOM.badge]: { level: 1 },
      };
      const all = [URN.user, URN.enterprise, CUSTOM.badge];
      const { json, path } = await create(client, "/Users", user("ada", both));
      deepStrictEqual(json["schemas"], all);
      for (
        const [operation, left] of [
          [{ op: "remove", path: `${URN.enterprise}:department` }, [
            URN.user,
            CUSTOM.badge,
          ]],
          [{ op: "remove", path: CUSTOM.badge }, [URN.user]],
          [{ op: "add", value: both }, all],
          [{ op: "replace", path: CUSTOM.badge, value: { level: null } }, [
            URN.user,
            URN.enterprise,
          ]],
        ] as const
      ) {
        const { json: patched } = await client.patch(path, [operation]);
        deepStrictEqual(patched["schemas"], left);
        listsWhatItCarries(patched, URN.user);
        deepStrictEqual((await client.get(path)).json, patched);
      }
      const { json: put } = await client.put(path, user("ada", both));
      deepStrictEqual(put["schemas"], all);
    }, { profile }),
  );
}

Deno.test(
  "43-3-7 Each answer lists the schemas of what it shows, however it was asked",
  withDevices(async (client) => {
    await client.user("bob");
    const { path } = await create(
      client,
      "/Users",
      user("ada", {
        [URN.enterprise]: { department: "R" },
        [CUSTOM.badge]: { level: 1, code: "1mz050nq" },
      }),
    );
    let extended = 0;
    for (
      const query of [
        "",
        "?attributes=userName",
        `?attributes=${URN.enterprise}:department`,
        `?attributes=${CUSTOM.badge}`,
        `?attributes=${CUSTOM.badge}:code`,
        `?excludedAttributes=${URN.enterprise}`,
        `?excludedAttributes=${CUSTOM.badge}:level`,
      ]
    ) {
      const { json: list } = await client.get(`/Users${query}`);
      const { json } = await client.get(`${path}${query}`);
      const shown = [json, ...objects(list["Resources"])];
      strictEqual(shown.length, 3);
      for (const resource of shown) {
        listsWhatItCarries(resource, URN.user);
        if (Object.keys(resource).some((key) => key.includes(":"))) extended++;
      }
    }
    strictEqual(extended, 10);
  }),
);

Deno.test(
  "43-3-8 meta.resourceType leads to the type, and that to endpoint and schemas",
  withDevices(async (client) => {
    const { json: ada } = await client.user("ada", {
      [URN.enterprise]: { department: "R" },
    });
    const { json: staff } = await client.group("staff");
    const sent = networked("1", { address: "a" });
    const { json: phone } = await create(client, "/Devices", sent);
    for (const resource of [ada, staff, phone]) {
      const { resourceType, location } = object(resource["meta"]);
      const { status, json: type } = await client.get(
        `/ResourceTypes/${text(resourceType)}`,
      );
      strictEqual(status, 200);
      strictEqual(type["name"], resourceType);
      const url = `${BASE}${text(type["endpoint"])}/${text(resource["id"])}`;
      strictEqual(location, url);
      deepStrictEqual((await client.send(url)).json, resource);
      const uris = schemasOf(type);
      for (const uri of textsIn(resource["schemas"])) {
        ok(uris.includes(uri), uri);
        strictEqual((await client.get(`/Schemas/${uri}`)).json["id"], uri);
      }
    }
    strictEqual(object(phone["meta"])["resourceType"], DEVICE_TYPE["name"]);
  }),
);

function schemasOf(type: JsonObject): string[] {
  const extensions = objects(type["schemaExtensions"] ?? []);
  return [type, ...extensions].map(({ schema }) => text(schema));
}

function textsIn(value: JsonValue | undefined): string[] {
  ok(Array.isArray(value));
  return value.map(text);
}
