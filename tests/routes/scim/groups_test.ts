import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  group,
  isList,
  isScimError,
  object,
  objects,
  values,
  withClient,
} from "../harness.ts";

Deno.test(
  "Members come and go one by one, as Entra sends them",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const bob = await client.user("bob");
    const { id } = await client.group("staff");
    for (const { id: value } of [ada, bob]) {
      const { status } = await client.patch(`/Groups/${id}`, [
        { op: "Add", path: "members", value: [{ $ref: null, value }] },
      ]);
      strictEqual(status, 204);
    }
    await client.patch(`/Groups/${id}`, [
      { op: "Remove", path: "members", value: [{ $ref: null, value: ada.id }] },
    ]);
    const { json } = await client.get(`/Groups/${id}`);
    deepStrictEqual(values(json["members"]), [bob.id]);
  }),
);

Deno.test(
  "Members are removed by a value path and exchanged in one message, as Okta sends it",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const bob = await client.user("bob");
    const { id } = await client.group("staff", [ada.id]);
    const { status } = await client.patch(`/Groups/${id}`, [
      { op: "remove", path: `members[value eq "${ada.id}"]` },
      { op: "add", path: "members", value: [{ value: bob.id, display: "B" }] },
    ]);
    strictEqual(status, 204);
    const { json } = await client.get(`/Groups/${id}`);
    deepStrictEqual(values(json["members"]), [bob.id]);
  }),
);

Deno.test(
  "Okta's rename, with the id in the value, is accepted",
  withClient(async (client) => {
    const { id } = await client.group("staff");
    const { status } = await client.patch(`/Groups/${id}`, [
      { op: "replace", value: { id, displayName: "team" } },
    ]);
    strictEqual(status, 204);
    deepStrictEqual(await client.names("/Groups"), ["team"]);
  }),
);

Deno.test(
  "44-3.5.2.1-9 A member that is added twice is there once",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const { id } = await client.group("staff", [ada.id, ada.id]);
    const value = [{ value: ada.id }, { value: ada.id }];
    await client.patch(`/Groups/${id}`, [{
      op: "add",
      path: "members",
      value,
    }]);
    const { json } = await client.get(`/Groups/${id}`);
    deepStrictEqual(values(json["members"]), [ada.id]);
  }),
);

Deno.test(
  "44-3.5.2.2-7 Removing a member that is not there succeeds and changes nothing",
  withClient(async (client, server) => {
    const { id, version } = await client.group("staff");
    const before = await server.dump();
    for (
      const operation of [
        { op: "remove", path: "members", value: [{ value: "nobody" }] },
        { op: "remove", path: 'members[value eq "nobody"]' },
        { op: "remove", path: "members" },
      ]
    ) {
      const answer = await client.patch(`/Groups/${id}`, [operation]);
      strictEqual(answer.status, 204);
      strictEqual(answer.headers.get("ETag"), version);
    }
    deepStrictEqual(await server.dump(), before);
  }),
);

Deno.test(
  "An empty array of members to remove removes nobody",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const { id } = await client.group("staff", [ada.id]);
    const { status } = await client.patch(`/Groups/${id}`, [
      { op: "remove", path: "members", value: [] },
    ]);
    strictEqual(status, 204);
    const { json } = await client.get(`/Groups/${id}`);
    deepStrictEqual(values(json["members"]), [ada.id]);
  }),
);

Deno.test(
  "Members that do not exist are 400, named, and nobody is added",
  withClient(async (client, server) => {
    const ada = await client.user("ada");
    const { id } = await client.group("staff");
    const before = await server.dump();
    const answer = await client.patch(`/Groups/${id}`, [
      {
        op: "add",
        path: "members",
        value: [{ value: ada.id }, { value: "no" }],
      },
    ]);
    isScimError(answer, 400, "invalidValue", /do not exist: "no"/);
    deepStrictEqual(await server.dump(), before);
  }),
);

for (const profile of ["compatible", "rfc"] as const) {
  Deno.test(
    `A member whose value is no string is 400 (${profile})`,
    withClient(async (client) => {
      const { id } = await client.group("staff");
      for (const value of [[{ value: 5 }], [7], [{ value: [] }]]) {
        const answer = await client.patch(`/Groups/${id}`, [
          { op: "add", path: "members", value },
        ]);
        const detail = /members\[0\]\.value" is required/;
        isScimError(answer, 400, "invalidValue", detail);
      }
    }, { profile }),
  );
}

for (const profile of ["rfc", "compatible"] as const) {
  Deno.test(
    `43-4.2-6 Members without a usable id are 400 and empty no group (${profile})`,
    withClient(async (client) => {
      const ada = await client.user("ada");
      const { id } = await client.group("staff", [ada.id]);
      const wrong = [
        [{ type: "User" }],
        [{ value: "" }],
        [{ id: ada.id }],
        [{ foo: 1 }],
        [{}],
      ];
      for (const value of wrong) {
        for (const op of ["add", "replace"]) {
          const operation = { op, path: "members", value };
          const { status } = await client.patch(`/Groups/${id}`, [operation]);
          strictEqual(status, 400);
        }
        const put = await client.put(
          `/Groups/${id}`,
          { ...group("staff"), members: value },
        );
        strictEqual(put.status, 400);
      }
      const { json } = await client.get(`/Groups/${id}`);
      deepStrictEqual(values(json["members"]), [ada.id]);
    }, { profile }),
  );
}

Deno.test(
  "A member cannot be edited in place",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const { id } = await client.group("staff", [ada.id]);
    const answer = await client.patch(`/Groups/${id}`, [
      {
        op: "replace",
        path: `members[value eq "${ada.id}"].display`,
        value: "x",
      },
    ]);
    isScimError(answer, 400, "mutability", /members cannot be edited; remove/);
  }),
);

Deno.test(
  "Thirty parallel PATCHes of one member each all succeed",
  withClient(async (client) => {
    const users = [];
    for (let i = 0; i < 30; i++) users.push(await client.user(`u${i}`));
    const { id } = await client.group("staff");
    const answers = await Promise.all(
      users.map((user) =>
        client.patch(`/Groups/${id}`, [
          { op: "Add", path: "members", value: [{ value: user.id }] },
        ])
      ),
    );
    deepStrictEqual(new Set(answers.map((a) => a.status)), new Set([204]));
    const { json } = await client.get(`/Groups/${id}`);
    deepStrictEqual(
      values(json["members"]).sort(),
      users.map((user) => user.id).sort(),
    );
  }),
);

Deno.test(
  "43-4.1.2-12 43-4.1.2-13 groups of a user shows direct and indirect memberships",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const inner = await client.group("inner", [ada.id]);
    const outer = await client.group("outer", [inner.id]);
    const { json } = await client.get(`/Users/${ada.id}`);
    deepStrictEqual(
      objects(json["groups"]).map(({ value, type }) => [value, type]),
      [[inner.id, "direct"], [outer.id, "indirect"]],
    );
  }),
);

Deno.test(
  "43-4.1.2-13 Groups that are members of each other and of themselves do no harm",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const a = await client.group("a", [ada.id]);
    const b = await client.group("b", [a.id]);
    await client.patch(`/Groups/${a.id}`, [
      { op: "add", path: "members", value: [{ value: b.id }, { value: a.id }] },
    ]);
    const { json } = await client.get(`/Users/${ada.id}`);
    deepStrictEqual(
      objects(json["groups"]).map(({ value, type }) => [value, type]),
      [[a.id, "direct"], [b.id, "indirect"]],
    );
    isList(await client.get("/Groups"), { total: 2 });
  }),
);

Deno.test(
  "A renamed user is shown by its new name in its groups, and so is a group in its users",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const { id } = await client.group("staff", [ada.id]);
    await client.patch(`/Users/${ada.id}`, [
      { op: "add", path: "displayName", value: "Ada King" },
    ]);
    await client.patch(`/Groups/${id}`, [
      { op: "replace", path: "displayName", value: "team" },
    ]);
    const group = await client.get(`/Groups/${id}`);
    const user = await client.get(`/Users/${ada.id}`);
    strictEqual(
      object(objects(group.json["members"])[0])["display"],
      "Ada King",
    );
    strictEqual(object(objects(user.json["groups"])[0])["display"], "team");
  }),
);

Deno.test(
  "A disabled user stays readable and stays in its groups",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const { id } = await client.group("staff", [ada.id]);
    await client.patch(`/Users/${ada.id}`, [
      { op: "Replace", path: "active", value: "False" },
    ]);
    deepStrictEqual(await client.names("/Users"), ["ada"]);
    const { json } = await client.get(`/Groups/${id}`);
    deepStrictEqual(values(json["members"]), [ada.id]);
  }),
);
