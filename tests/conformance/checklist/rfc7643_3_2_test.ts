import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import {
  create,
  CUSTOM,
  device,
  networked,
  withDevices,
} from "../../routes/custom_types.ts";
import {
  isList,
  isScimError,
  object,
  objects,
  URN,
  user,
  withClient,
} from "../../routes/harness.ts";

// RFC 7643 section 3.2: resource types and extensions. 43-3.2-1 and 43-3.2-6 are in
// tests/routes/scim/custom_types_test.ts, 43-3.2-4 in tests/routes/definitions_test.ts,
// 43-3.2-2 in rfc7643_3_test.ts and here.

const PROFILES = ["rfc", "compatible"] as const;

/** Attempts to take the base schema from a device. */
const WITHOUT_BASE: readonly (readonly [JsonObject, string])[] = [
  [{ op: "remove", path: "schemas" }, "mutability"],
  [{ op: "remove", path: "schemas", value: [CUSTOM.device] }, "mutability"],
  [
    { op: "remove", path: `schemas[value eq "${CUSTOM.device}"]` },
    "mutability",
  ],
  [{ op: "replace", path: "schemas", value: [CUSTOM.lease] }, "invalidValue"],
  [{ op: "replace", path: "schemas", value: [] }, "invalidValue"],
];

for (const profile of PROFILES) {
  Deno.test(
    `43-3.2-2 The base schema is in every answer and cannot be taken away (${profile})`,
    withDevices(async (client, server) => {
      const body = networked("1", { address: "a" });
      const { path, json } = await create(client, "/Devices", body);
      const before = await server.dump();
      for (const [operation, scimType] of WITHOUT_BASE) {
        const answer = await client.patch(path, [operation]);
        isScimError(answer, 400, scimType, /must hold the base schema/);
      }
      deepStrictEqual(await server.dump(), before);
      deepStrictEqual((await client.get(path)).json, json);
      const partial = await client.get(`${path}?excludedAttributes=schemas`);
      const all = [CUSTOM.device, CUSTOM.lease, CUSTOM.network];
      deepStrictEqual(partial.json["schemas"], all);
    }, { profile }),
  );

  Deno.test(
    `43-3.2-3 schemas may announce an extension of which nothing is there (${profile})`,
    withClient(async (client) => {
      const announced = { schemas: [URN.user, URN.enterprise] };
      for (
        const [name, more] of [
          ["ada", {}],
          ["bob", { [URN.enterprise]: {} }],
          ["cyd", { [URN.enterprise]: null }],
          ["dan", { [URN.enterprise]: { department: null } }],
        ] as const
      ) {
        const sent = user(name, { ...announced, ...more });
        const { id, json } = await client.user(name, sent);
        const { status, json: put } = await client.put(`/Users/${id}`, sent);
        strictEqual(status, 200);
        deepStrictEqual(put, json);
        deepStrictEqual(json["schemas"], [URN.user]);
        strictEqual(Object.hasOwn(json, URN.enterprise), false);
        const { json: patched } = await client.patch(`/Users/${id}`, [
          { op: "add", path: "schemas", value: [URN.enterprise] },
          { op: "add", path: `${URN.enterprise}:department`, value: "R" },
        ]);
        deepStrictEqual(patched["schemas"], announced.schemas);
      }
    }, { profile }),
  );
}

Deno.test(
  "43-3.2-3 A resource type announces its extensions, and which of them a resource must have",
  withDevices(async (client, server) => {
    const { json: type } = await client.get("/ResourceTypes/Device");
    deepStrictEqual(type["schemaExtensions"], [
      { schema: CUSTOM.lease, required: true },
      { schema: CUSTOM.network, required: false },
    ]);
    const before = await server.dump();
    const schemas = [CUSTOM.device, CUSTOM.lease];
    const bare = { schemas, serialNumber: "1" };
    isScimError(
      await client.post("/Devices", bare),
      400,
      "invalidValue",
      /lease.*is required/,
    );
    deepStrictEqual(await server.dump(), before);
    const announced = [...schemas, CUSTOM.network];
    const body = device("1", { schemas: announced });
    const { json } = await create(client, "/Devices", body);
    deepStrictEqual(json["schemas"], schemas);
  }),
);

Deno.test(
  "43-3.2-5 Attributes of an extension are in its object, those of the base schema at the top",
  withDevices(async (client) => {
    const body = user("ada", {
      title: "Dr.",
      [URN.enterprise]: { department: "R", manager: { value: "m" } },
      [CUSTOM.badge]: { level: 1 },
    });
    const { json, path } = await create(client, "/Users", body);
    const keys = [
      CUSTOM.badge,
      URN.enterprise,
      "id",
      "meta",
      "schemas",
      "title",
      "userName",
    ].sort();
    const { json: put } = await client.put(path, body);
    const [listed] = isList(await client.get("/Users"), { total: 1 });
    for (const shown of [json, put, object(listed)]) {
      deepStrictEqual(Object.keys(shown).sort(), keys);
      deepStrictEqual(shown[CUSTOM.badge], { level: 1 });
      strictEqual(object(shown[URN.enterprise])["department"], "R");
    }
  }),
);

Deno.test(
  "43-3.2-5 An attribute at the wrong level is 400 invalidSyntax for the strict profile",
  withClient(async (client, server) => {
    const { id } = await client.user("ada");
    const before = await server.dump();
    for (
      const wrong of [
        { department: "R" },
        { manager: { value: "m" } },
        { [URN.enterprise]: { userName: "eve" } },
        { [URN.enterprise]: { title: "Dr." } },
        { [URN.enterprise]: { [URN.enterprise]: { department: "R" } } },
      ]
    ) {
      for (
        const answer of [
          await client.post("/Users", user("eve", wrong)),
          await client.put(`/Users/${id}`, user("eve", wrong)),
          await client.patch(`/Users/${id}`, [{ op: "add", value: wrong }]),
        ]
      ) isScimError(answer, 400, "invalidSyntax");
    }
    deepStrictEqual(await server.dump(), before);
  }, { profile: "rfc" }),
);

Deno.test(
  "43-3.2-5 An attribute at the wrong level is dropped by the compatible profile, and noted",
  withClient(async (client, server) => {
    const { json } = await client.user("ada", {
      department: "R",
      [URN.enterprise]: { title: "Dr.", division: "D" },
    });
    const { id: _, meta: __, ...shown } = json;
    deepStrictEqual(shown, {
      schemas: [URN.user, URN.enterprise],
      userName: "ada",
      [URN.enterprise]: { division: "D" },
    });
    const { json: log } = await server.admin("GET", "/changes");
    deepStrictEqual(objects(log["changes"])[0]?.["ignored"], [
      "department",
      `${URN.enterprise}:title`,
    ]);
  }, { profile: "compatible" }),
);

for (const profile of PROFILES) {
  Deno.test(
    `43-3.2-7 An extension that schemas does not list is taken and then listed, in POST, PUT and PATCH (${profile})`,
    withDevices(async (client) => {
      const schemas = [URN.user];
      const extension = { [URN.enterprise]: { department: "R" } };
      const sent = user("ada", { schemas, ...extension });
      const { json, path } = await create(client, "/Users", sent);
      const bob = await create(client, "/Users", user("bob"));
      const body = user("bob", { schemas, [CUSTOM.badge]: { level: 1 } });
      const { json: put } = await client.put(bob.path, body);
      const { json: patched } = await client.patch(bob.path, [
        { op: "add", value: { schemas, ...extension } },
      ]);
      for (
        const [shown, uris] of [
          [json, [URN.user, URN.enterprise]],
          [put, [URN.user, CUSTOM.badge]],
          [patched, [URN.user, URN.enterprise, CUSTOM.badge]],
          [(await client.get(path)).json, [URN.user, URN.enterprise]],
        ] as const
      ) {
        deepStrictEqual(shown["schemas"], uris);
        for (const uri of uris.slice(1)) {
          deepStrictEqual(
            shown[uri],
            uri === CUSTOM.badge ? { level: 1 } : { department: "R" },
          );
        }
      }
    }, { profile }),
  );
}
