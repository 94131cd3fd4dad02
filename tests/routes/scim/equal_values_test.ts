import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import { object, TestServer, URN, user } from "../harness.ts";

const ROLES = "urn:example:params:scim:schemas:extension:roles:2.0:User";

/** A client of a server whose users have roles in applications. */
async function withRoles(server: TestServer) {
  await server.admin("POST", "/schemas", {
    extends: "User",
    schema: {
      id: ROLES,
      attributes: [{
        name: "ent",
        type: "complex",
        multiValued: true,
        subAttributes: [
          { name: "value" },
          { name: "app" },
          { name: "secret", mutability: "writeOnly" },
        ],
      }],
    },
  });
  return await server.client({ profile: "rfc" });
}

function body(...ent: JsonObject[]): JsonObject {
  return user("ada", { schemas: [URN.user, ROLES], [ROLES]: { ent } });
}

function entOf(json: JsonObject): JsonValue | undefined {
  return object(json[ROLES])["ent"];
}

const A = { value: "admin", app: "A" };
const B = { value: "admin", app: "B" };

Deno.test("Values that differ in an attribute of the operator's own are kept apart", async () => {
  await using server = await TestServer.start();
  const client = await withRoles(server);
  const { status, json } = await client.post("/Users", body(A, B, A));
  strictEqual(status, 201);
  deepStrictEqual(entOf(json), [A, B]);
});

for (
  const [what, operation, expected] of [
    ["add another", { op: "add", value: [{ value: "admin", app: "Z" }] }, [
      A,
      B,
      { value: "admin", app: "Z" },
    ]],
    ["add one that is there", { op: "add", value: [B] }, [A, B]],
    ["remove one", { op: "remove", value: [B] }, [A]],
    [
      "remove all of a value",
      { op: "remove", value: [{ value: "admin" }] },
      [],
    ],
  ] as const
) {
  Deno.test(`Of values that differ in an own attribute PATCH can ${what}`, async () => {
    await using server = await TestServer.start();
    const client = await withRoles(server);
    const { json } = await client.post("/Users", body(A, B));
    const answer = await client.patch(`/Users/${json["id"]}`, [
      JSON.parse(JSON.stringify({ ...operation, path: `${ROLES}:ent` })),
    ]);
    strictEqual(answer.status, 200, answer.text);
    deepStrictEqual(
      expected.length === 0 ? answer.json[ROLES] : entOf(answer.json),
      expected.length === 0 ? undefined : [...expected],
    );
  });
}

Deno.test("A rename that makes two values alike keeps both", async () => {
  await using server = await TestServer.start();
  const client = await withRoles(server);
  const other = { value: "user", app: "B" };
  const { json } = await client.post("/Users", body(A, other));
  const answer = await client.patch(`/Users/${json["id"]}`, [
    { op: "replace", path: `${ROLES}:ent[app eq "B"].value`, value: "admin" },
  ]);
  deepStrictEqual(entOf(answer.json), [A, B]);
});
