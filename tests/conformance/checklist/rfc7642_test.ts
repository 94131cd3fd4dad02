import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import { addSchema, create } from "../../routes/custom_types.ts";
import {
  type Client,
  group,
  isList,
  isScimError,
  objects,
  ORIGIN,
  send,
  type TestServer,
  URN,
  user,
  withClient,
} from "../../routes/harness.ts";

// 42-4-2 is shown by tests/routes/authentication_test.ts.

const PROFILES = ["rfc", "compatible"] as const;

const bulk = (client: Client, operations: JsonObject[]) =>
  client.post("/Bulk", {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
    Operations: operations,
  });

async function changes(server: TestServer): Promise<JsonObject[]> {
  return objects((await server.admin("GET", "/changes")).json["changes"]);
}

const PERSONAL = "urn:example:params:scim:schemas:extension:personal:2.0:User";

for (const profile of PROFILES) {
  Deno.test(
    `42-4-3 A tenant decides of its attributes which are shown to nobody or on request only (${profile})`,
    withClient(async (client, server) => {
      const attributes = [
        { name: "taxNumber", returned: "never" },
        { name: "pin", mutability: "writeOnly" },
        { name: "birthday", returned: "request" },
      ];
      const schema = { id: PERSONAL, attributes };
      await addSchema(server, schema, { extends: "User" });
      const secret = { taxNumber: "1mz050nq", pin: "1mz050nq" };
      const sent = { ...secret, birthday: "1815-12-10" };
      const body = user("ada", { [PERSONAL]: sent });
      const { path, json } = await create(client, "/Users", body);
      strictEqual(json[PERSONAL], undefined);
      const asked = await client.get(`${path}?attributes=${PERSONAL}:birthday`);
      deepStrictEqual(asked.json[PERSONAL], { birthday: "1815-12-10" });
      const all = `${PERSONAL}:taxNumber,${PERSONAL}:pin,${PERSONAL}`;
      for (
        const answer of [
          await client.put(path, { ...body, title: "x" }),
          await client.get(path),
          await client.get(`${path}?attributes=${all}`),
          await client.get(`/Users?attributes=${all}`),
          await server.admin("GET", "/changes"),
        ]
      ) strictEqual(answer.text.includes("1mz050nq"), false, answer.text);
      const filter = encodeURIComponent(`${PERSONAL}:taxNumber eq "1mz050nq"`);
      const search = await client.get(`/Users?filter=${filter}`);
      isScimError(search, 400, "invalidFilter");
    }, { profile }),
  );
}

Deno.test(
  "42-4-3 A record needs no personal data, and an answer leaves out what a request does not want",
  withClient(async (client) => {
    const { id, json } = await client.user("a81f");
    deepStrictEqual(Object.keys(json).sort(), [
      "id",
      "meta",
      "schemas",
      "userName",
    ]);
    const personal = { name: { familyName: "King" }, displayName: "Ada" };
    await client.put(`/Users/${id}`, user("a81f", personal));
    const { json: obscured } = await client.get(
      "/Users?excludedAttributes=name,displayName",
    );
    deepStrictEqual(obscured["Resources"], [{
      ...json,
      meta: objects(obscured["Resources"])[0]?.["meta"],
    }]);
  }),
);

Deno.test(
  "42-4-4 A consumer fetches only what has changed since its last visit",
  withClient(async (client, server) => {
    const ada = await client.user("ada");
    const bob = await client.user("bob");
    await client.user("cy");
    await client.group("quiet");
    const staff = await client.group("staff", [ada.id]);
    server.pass({ hours: 1 });
    await client.patch(`/Users/${bob.id}`, [
      { op: "add", path: "title", value: "Dr." },
    ]);
    await client.patch(`/Groups/${staff.id}`, [
      { op: "add", path: "members", value: [{ value: bob.id }] },
    ]);
    await client.user("new");
    const since = encodeURIComponent(
      'meta.lastModified gt "2026-06-01T08:00:00Z"',
    );
    for (
      const [path, names] of [
        ["/Users", ["bob", "new"]],
        ["/Groups", ["staff"]],
        ["", ["bob", "new", "staff"]],
      ] as const
    ) deepStrictEqual(await client.names(`${path}?filter=${since}`), names);
  }),
);

/** A community as one bulk request: users, and a group of them. */
const COMMUNITY: JsonObject[] = [
  ...["ada", "bob", "eve"].map((name) => ({
    method: "POST",
    path: "/Users",
    bulkId: name,
    data: user(name, { externalId: `old-${name}` }),
  })),
  {
    method: "POST",
    path: "/Groups",
    bulkId: "staff",
    data: group("staff", ["bulkId:ada", "bulkId:eve"], { externalId: "old-s" }),
  },
];

for (const profile of PROFILES) {
  Deno.test(
    `42-4-5 A community is moved in at once, and moved again ends in 409, not in doubles (${profile})`,
    withClient(async (client, server) => {
      const first = await bulk(client, COMMUNITY);
      deepStrictEqual(
        objects(first.json["Operations"]).map(({ status }) => status),
        ["201", "201", "201", "201"],
      );
      const before = await server.dump();
      const again = await bulk(client, COMMUNITY);
      strictEqual(again.status, 200);
      for (const { status, response } of objects(again.json["Operations"])) {
        strictEqual(status, "409", JSON.stringify(response));
      }
      deepStrictEqual(await server.dump(), before);
      const moved = encodeURIComponent('externalId eq "old-eve"');
      deepStrictEqual(await client.names(`/Users?filter=${moved}`), ["eve"]);
      isList(await client.get(""), { total: 4 });
    }, { profile }),
  );
}

Deno.test(
  "42-4-5 A create that is sent again is 409 and leaves the first one alone",
  withClient(async (client) => {
    const { id, json } = await client.user("ada", { externalId: "old-1" });
    const again = user("ada", { externalId: "old-1", title: "Dr." });
    isScimError(await client.post("/Users", again), 409, "uniqueness");
    deepStrictEqual((await client.get(`/Users/${id}`)).json, json);
    isList(await client.get("/Users"), { total: 1 });
  }),
);

Deno.test(
  "42-4-6 Every write leaves one record of who did what to which resource, and when",
  withClient(async (client, server) => {
    const { id } = await client.user("ada");
    const { id: staff } = await client.group("staff");
    server.pass({ hours: 1 });
    await client.put(`/Users/${id}`, user("ada", { title: "Dr." }));
    await client.patch(`/Groups/${staff}`, [
      { op: "add", path: "members", value: [{ value: id }] },
    ]);
    await bulk(client, [
      { method: "DELETE", path: `/Groups/${staff}` },
      { method: "DELETE", path: `/Users/${id}` },
    ]);
    const [token] = objects(
      (await server.admin("GET", "/tokens")).json["tokens"],
    );
    const [early, late] = [
      "2026-06-01T08:00:00.000Z",
      "2026-06-01T09:00:00.000Z",
    ];
    deepStrictEqual(
      (await changes(server)).map((c) => [c["operation"], c["id"], c["at"]]),
      [
        ["create", id, early],
        ["create", staff, early],
        ["replace", id, late],
        ["patch", staff, late],
        ["delete", staff, late],
        ["delete", id, late],
      ],
    );
    for (const { actor } of await changes(server)) {
      strictEqual(actor, token?.["id"]);
    }
  }),
);

Deno.test(
  "42-4-6 What is refused or only read leaves no record, and no record holds a password",
  withClient(async (client, server) => {
    const { id } = await client.user("ada", { password: "1mz050nq" });
    const before = await changes(server);
    isScimError(await client.post("/Users", user("ada")), 409, "uniqueness");
    isScimError(await client.put("/Users/nobody", user("x")), 404);
    isScimError(await client.delete("/Users/nobody"), 404);
    isScimError(
      await client.patch(`/Users/${id}`, [{ op: "remove", path: "userName" }]),
      400,
      "mutability",
    );
    await client.get(`/Users/${id}`);
    deepStrictEqual(await changes(server), before);
    strictEqual(JSON.stringify(before).includes("1mz050nq"), false);
  }),
);

Deno.test(
  "42-4-6 The log is open to the administrator only",
  withClient(async (client, server) => {
    await client.user("ada");
    const url = `${ORIGIN}/admin/changes`;
    for (const token of [client.token, null, "wrong"]) {
      const answer = await send(server, url, { token });
      strictEqual(answer.status, 401);
      strictEqual(answer.text.includes("create"), false);
    }
    strictEqual((await changes(server)).length, 1);
  }),
);

for (const profile of PROFILES) {
  Deno.test(
    `42-4-7 A password is pushed by PUT or PATCH, and is neither shown nor kept (${profile})`,
    withClient(async (client, server) => {
      const { id } = await client.user("ada");
      const path = `/Users/${id}`;
      const password = "1mz050nq";
      const answers = [
        await client.put(path, user("ada", { password })),
        await client.patch(path, [
          { op: "replace", path: "password", value: password },
        ]),
        await client.patch(path, [{ op: "replace", value: { password } }]),
        await client.patch(path, [
          { op: "add", path: `${URN.user}:password`, value: password },
        ]),
        await client.get(`${path}?attributes=password`),
      ];
      for (const { status, text } of answers) {
        strictEqual(status, 200, text);
        strictEqual(text.includes("password"), false, text);
      }
      strictEqual((await server.dump()).join("").includes(password), false);
    }, { profile }),
  );
}
