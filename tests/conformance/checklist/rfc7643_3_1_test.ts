import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import { create, device, withDevices } from "../../routes/custom_types.ts";
import {
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
import { BODIES, isNew, MINE, query } from "./common_attributes.ts";

// RFC 7643 section 3.1: id and externalId. 43-3.1-1 and 43-3.1-3 are in
// rfc7643_3_test.ts and tests/routes/scim/custom_types_test.ts.

const PROFILES = ["rfc", "compatible"] as const;
const BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f-]{16}$/;

for (const profile of PROFILES) {
  for (const [endpoint, body] of Object.entries(BODIES)) {
    Deno.test(
      `43-3.1-2 43-3.1-7 POST ${endpoint} gets id and meta from the server, whatever is sent (${profile})`,
      withDevices(async (client) => {
        const type = endpoint.slice(1, -1);
        const wishes = ["mine", "", 5, null, ["x"], { value: "x" }];
        const ids = new Set<string>();
        for (const id of wishes) {
          const sent = { ...body, id, meta: MINE };
          const answer = await create(client, endpoint, sent);
          match(answer.id, UUID);
          isNew(answer.json, type, answer.path);
          isScimError(await client.get(`${endpoint}/mine`), 404);
          ids.add(answer.id);
          await client.delete(answer.path);
        }
        strictEqual(ids.size, wishes.length);
      }, { profile }),
    );
  }

  Deno.test(
    `43-3.1-2 43-3.1-7 43-3.1-8 A bulk request creates under ids of the server (${profile})`,
    withClient(async (client) => {
      const bulkIds = ["bulkId", "bulkId:qwerty", "qwerty"];
      const { json } = await client.post("/Bulk", {
        schemas: [BULK],
        Operations: bulkIds.map((bulkId) => ({
          method: "POST",
          path: "/Users",
          bulkId,
          data: user(`user of ${bulkId}`, { id: bulkId, externalId: bulkId }),
        })),
      });
      const results = objects(json["Operations"]);
      deepStrictEqual(
        results.map(({ status }) => status),
        Array(3).fill("201"),
      );
      for (const resource of isList(await client.get("/Users"), { total: 3 })) {
        match(text(resource["id"]), UUID);
      }
    }, { profile }),
  );
}

Deno.test(
  "43-3.1-8 An id is a UUID, so that none contains the word bulkId, whatever a client calls things",
  withDevices(async (client) => {
    const more = { id: "bulkId:1", externalId: "bulkId:1" };
    for (const [endpoint, body] of Object.entries(BODIES)) {
      const { id } = await create(client, endpoint, { ...body, ...more });
      match(id, UUID);
    }
    const { id } = await client.user("bulkId:1", more);
    match(id, UUID);
  }),
);

// id.

Deno.test(
  "43-3.1-4 Every representation has an id, also a partial one",
  withDevices(async (client) => {
    const shown: JsonObject[] = [];
    for (const [endpoint, body] of Object.entries(BODIES)) {
      for (
        const query of [
          "",
          "?attributes=meta.created",
          "?attributes=nonsense",
          "?excludedAttributes=id",
          `?excludedAttributes=id,ID,${URN.user}:id,meta,userName`,
        ]
      ) {
        const { json } = await client.post(`${endpoint}${query}`, body);
        const path = `${endpoint}/${text(json["id"])}${query}`;
        const put = await client.put(path, body);
        const patch = [{ op: "add", path: "externalId", value: "x" }];
        const { json: patched } = await client.patch(path, patch);
        const { json: list } = await client.get(`${endpoint}${query}`);
        const listed = objects(list["Resources"]);
        strictEqual(listed.length, 1);
        shown.push(json, put.json, (await client.get(path)).json, ...listed);
        if (Object.keys(patched).length > 0) shown.push(patched);
        await client.delete(path);
      }
    }
    ok(shown.length >= 60);
    for (const { id } of shown) match(text(id), UUID);
  }),
);

Deno.test(
  "43-3.1-4 What a search finds has an id, whatever is asked for",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    for (
      const asked of [
        { attributes: ["userName"] },
        { excludedAttributes: ["id", "userName"] },
      ]
    ) {
      for (const path of ["/.search", "/Users/.search"]) {
        const answer = await client.post(path, { schemas: [SEARCH], ...asked });
        deepStrictEqual(isList(answer, { total: 1 }).map((r) => r["id"]), [id]);
      }
    }
  }),
);

Deno.test(
  "43-3.1-5 No two resources have one id, of whatever type they are",
  withDevices(async (client) => {
    for (let index = 0; index < 20; index++) {
      await client.user(`u${index}`);
      await client.group(`g${index}`);
      await create(client, "/Devices", device(`d${index}`));
    }
    const resources = isList(await client.get("?count=100"), { total: 60 });
    const ids = resources.map(({ id }) => text(id));
    strictEqual(new Set(ids).size, 60);
    for (const id of ids) {
      const found = isList(await client.get(query("", `id eq "${id}"`)), {
        total: 1,
      });
      strictEqual(found[0]?.["id"], id);
      const statuses: number[] = [];
      for (const endpoint of Object.keys(BODIES)) {
        statuses.push((await client.get(`${endpoint}/${id}`)).status);
      }
      deepStrictEqual(statuses.sort(), [200, 404, 404]);
    }
  }),
);

for (const profile of PROFILES) {
  Deno.test(
    `43-3.1-6 43-3.1-7 An id stays through every update that succeeds, and no other succeeds (${profile})`,
    withClient(async (client) => {
      const { id } = await client.user("ada");
      const other = "2819c223-7f76-453a-919d-413861904646";
      const path = `/Users/${id}`;
      for (
        const answer of [
          await client.put(path, user("bob", { id: other })),
          await client.put(path, user("cyd", { ID: other, externalId: "x" })),
          await client.patch(path, [
            { op: "replace", path: "userName", value: "dan" },
          ]),
        ]
      ) {
        strictEqual(answer.status, 200, answer.text);
        strictEqual(answer.json["id"], id);
      }
      for (const op of ["add", "replace", "remove"]) {
        const answer = await client.patch(path, [
          { op, path: "id", value: other },
        ]);
        isScimError(answer, 400, "mutability", /"id" is readOnly/);
      }
      await client.patch(path, [{ op: "replace", value: { id: other } }]);
      isScimError(await client.get(`/Users/${other}`), 404);
      const [found] = isList(await client.get("/Users"), { total: 1 });
      strictEqual(found?.["id"], id);
      strictEqual(found["userName"], "dan");
    }, { profile }),
  );
}

Deno.test(
  "43-3.1-6 An id that was deleted comes back for nobody, even for the same resource",
  withDevices(async (client) => {
    const gone = new Set<string>();
    for (const [endpoint, body] of Object.entries(BODIES)) {
      for (let round = 0; round < 5; round++) {
        const { id, path } = await create(client, endpoint, {
          ...body,
          id: [...gone].at(-1) ?? null,
        });
        strictEqual(gone.has(id), false);
        gone.add(id);
        await client.delete(path);
        isScimError(await client.put(path, body), 404);
        isScimError(await client.get(path), 404);
      }
    }
    strictEqual(gone.size, 15);
    isList(await client.get(""), { total: 0 });
  }),
);

for (const profile of PROFILES) {
  Deno.test(`43-3.1-9 An id is compared exactly, in filters and in URLs (${profile})`, async () => {
    const ids: string[] = [];
    await using server = await TestServer.start({
      newId: () => ids.shift() ?? crypto.randomUUID(),
    });
    const client = await server.client({ profile });
    const id = "2819c223-7f76-453a-919d-413861904646";
    const upper = id.toUpperCase();
    ids.push(id);
    strictEqual((await client.user("ada")).id, id);
    for (
      const [filter, total] of [
        [`id eq "${id}"`, 1],
        [`id eq "${upper}"`, 0],
        [`id ne "${upper}"`, 1],
        [`id sw "${id.slice(0, 18)}"`, 1],
        [`id sw "${upper.slice(0, 18)}"`, 0],
        [`id co "${upper}"`, 0],
      ] as const
    ) {
      for (const path of ["", "/Users"]) {
        isList(await client.get(query(path, filter)), { total });
      }
    }
    isScimError(await client.get(`/Users/${upper}`), 404);
    const { json } = await client.get(`/Users/${id}?excludedAttributes=id`);
    strictEqual(json["id"], id);
  });
}

// externalId.

for (const profile of PROFILES) {
  Deno.test(
    `43-3.1-10 43-3.1-13 externalId is there when a client has sent it, and only then (${profile})`,
    withDevices(async (client) => {
      for (const [endpoint, body] of Object.entries(BODIES)) {
        const { json, path } = await create(client, endpoint, body);
        const shows = async (externalId: string | undefined) =>
          strictEqual((await client.get(path)).json["externalId"], externalId);
        strictEqual(Object.hasOwn(json, "externalId"), false);
        await client.put(path, { ...body, id: "mine", meta: MINE });
        await shows(undefined);
        await client.put(path, { ...body, externalId: " Ext/1 " });
        await shows(" Ext/1 ");
        await client.patch(path, [
          { op: "replace", path: "externalId", value: "Ext-2" },
        ]);
        await shows("Ext-2");
        await client.patch(path, [{ op: "remove", path: "externalId" }]);
        await shows(undefined);
        await client.patch(path, [{ op: "add", value: { externalId: "3" } }]);
        await shows("3");
        await client.put(path, body);
        await shows(undefined);
        const filter = "externalId pr";
        isList(await client.get(query(endpoint, filter)), { total: 0 });
      }
    }, { profile }),
  );

  Deno.test(
    `43-3.1-11 43-3.1-12 Resources, clients and tenants share an externalId without a conflict (${profile})`,
    withClient(async (client, server) => {
      const others = [
        await server.client({ profile }),
        await server.client({ profile, tenant: "globex" }),
      ];
      const externalId = "701984";
      const ids: string[] = [];
      for (const [index, each] of [client, client, ...others].entries()) {
        ids.push((await each.user(`u${index}`, { externalId })).id);
      }
      await client.group("staff", [], { externalId });
      const { id } = await client.user("late");
      const late = await client.patch(`/Users/${id}`, [
        { op: "add", path: "externalId", value: externalId },
      ]);
      strictEqual(late.status, 200);
      const filter = query("/Users", `externalId eq "${externalId}"`);
      deepStrictEqual(await client.names(filter), ["late", "u0", "u1", "u2"]);
      for (const other of others.slice(1)) {
        const found = isList(await other.get(filter), { total: 1 });
        deepStrictEqual(found.map((resource) => resource["id"]), ids.slice(-1));
      }
    }, { profile }),
  );

  Deno.test(
    `43-3.1-13 externalId is compared exactly (${profile})`,
    withDevices(async (client) => {
      for (const [endpoint, body] of Object.entries(BODIES)) {
        await create(client, endpoint, { ...body, externalId: "AbC" });
        for (
          const [filter, total] of [
            ['externalId eq "AbC"', 1],
            ['externalId eq "abc"', 0],
            ['externalId ne "abc"', 1],
            ['externalId co "b"', 1],
            ['externalId sw "ab"', 0],
            ['externalId ew "c"', 0],
            ['externalId eq "AbC "', 0],
            ['externalId gt "AbB"', 1],
            ['externalId eq "abc" or externalId eq "ABC"', 0],
          ] as const
        ) isList(await client.get(query(endpoint, filter)), { total });
      }
    }, { profile }),
  );
}

Deno.test(
  "43-3.1-13 externalId is published as optional, readWrite and caseExact",
  withClient(async (client) => {
    for (const uri of [URN.user, URN.group]) {
      const { json } = await client.get(`/Schemas/${uri}`);
      const externalId = objects(json["attributes"]).find(({ name }) =>
        name === "externalId"
      );
      const { description: _, ...published } = object(externalId);
      deepStrictEqual(published, {
        name: "externalId",
        type: "string",
        multiValued: false,
        required: false,
        caseExact: true,
        mutability: "readWrite",
        returned: "default",
        uniqueness: "none",
      });
    }
  }),
);
