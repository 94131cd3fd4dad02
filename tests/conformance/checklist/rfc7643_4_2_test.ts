import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
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
  values,
  withClient,
} from "../../routes/harness.ts";

const PROFILES = ["rfc", "compatible"] as const;

// Section 4.2: groups.

for (const profile of PROFILES) {
  for (
    const [what, attributes] of [
      ["missing", {}],
      ["null", { displayName: null }],
      ["empty", { displayName: "" }],
      ["blank", { displayName: " \n" }],
    ] as const
  ) {
    Deno.test(
      `43-4.2-1 A displayName of a group that is ${what} is refused by POST, PUT and PATCH, and nothing changes (${profile})`,
      withClient(async (client, server) => {
        const { id } = await client.group("staff");
        const before = await server.dump();
        const body = { schemas: [URN.group], externalId: "7", ...attributes };
        const required = /"displayName" is required/;
        const posted = await client.post("/Groups", body);
        isScimError(posted, 400, "invalidValue", required);
        const put = await client.put(`/Groups/${id}`, body);
        isScimError(put, 400, "invalidValue", required);
        const path = "displayName";
        const patched = await client.patch(`/Groups/${id}`, [
          "displayName" in attributes
            ? { op: "replace", path, value: attributes.displayName }
            : { op: "remove", path },
        ]);
        const scimType = what === "missing" ? "mutability" : "invalidValue";
        isScimError(patched, 400, scimType, required);
        deepStrictEqual(await server.dump(), before);
      }, { profile }),
    );
  }

  Deno.test(
    `43-4.2-2 members may be absent or empty, and come and go (${profile})`,
    withClient(async (client) => {
      const { id: ada } = await client.user("ada");
      for (const members of [undefined, [], null]) {
        const more = members === undefined ? {} : { members };
        const { id, json } = await client.group(`g${members}`, [], more);
        strictEqual(json["members"], undefined);
        const path = `/Groups/${id}`;
        const value = [{ value: ada }];
        await client.patch(path, [{ op: "add", path: "members", value }]);
        deepStrictEqual(values((await client.get(path)).json["members"]), [
          ada,
        ]);
        await client.patch(path, [{ op: "remove", path: "members", value }]);
        strictEqual((await client.get(path)).json["members"], undefined);
      }
      isList(await client.get("/Groups?filter=members.value pr"), { total: 0 });
    }, { profile }),
  );

  for (const sub of ["value", "type", "$ref", "display"]) {
    Deno.test(
      `43-4.2-3 43-7-12 A PATCH on ${sub} of a member is 400 mutability and changes nothing (${profile})`,
      withClient(async (client, server) => {
        const ada = await client.user("ada");
        const bob = await client.user("bob");
        const { id } = await client.group("staff", [ada.id]);
        const before = await server.dump();
        const chosen = `members[value eq "${ada.id}"]`;
        const value = { value: bob.id, type: "Group", $ref: bob.location };
        for (
          const operation of [
            { op: "replace", path: `${chosen}.${sub}`, value: bob.id },
            { op: "add", path: `${chosen}.${sub}`, value: bob.id },
            { op: "remove", path: `${chosen}.${sub}` },
            { op: "replace", path: `members.${sub}`, value: bob.id },
            { op: "replace", path: chosen, value },
          ]
        ) {
          const renamed = { op: "replace", path: "displayName", value: "x" };
          const patched = await client.patch(`/Groups/${id}`, [
            renamed,
            operation,
          ]);
          isScimError(patched, 400, "mutability", /members cannot be edited/);
        }
        deepStrictEqual(await server.dump(), before);
      }, { profile }),
    );
  }

  Deno.test(
    `43-4.2-4 43-4.2-5 $ref and type of a member are the server's, whatever the client says of them (${profile})`,
    withClient(async (client) => {
      const ada = await client.user("ada");
      const inner = await client.group("inner");
      const sent = [
        {
          value: ada.id,
          type: "Group",
          $ref: `${BASE}/Groups/x`,
          display: "x",
        },
        { value: inner.id },
      ];
      const { id } = await client.group("outer", [], { members: sent });
      const { json } = await client.get(`/Groups/${id}`);
      const members = objects(json["members"]);
      strictEqual(members.length, 2);
      deepStrictEqual(members.find(({ value }) => value === ada.id), {
        value: ada.id,
        $ref: ada.location,
        display: "ada",
        type: "User",
      });
      deepStrictEqual(members.find(({ value }) => value === inner.id), {
        value: inner.id,
        $ref: inner.location,
        display: "inner",
        type: "Group",
      });
      for (const member of members) {
        const read = await client.send(text(member["$ref"]));
        strictEqual(read.json["id"], member["value"]);
        strictEqual(object(read.json["meta"])["resourceType"], member["type"]);
      }
    }, { profile }),
  );

  Deno.test(
    `43-4.2-4 A member that is the id of no resource is 400, and no group is made (${profile})`,
    withClient(async (client) => {
      const ada = await client.user("ada", { externalId: "7" });
      for (const wrong of ["nobody", "ada", "7", ada.location]) {
        const answer = await client.post(
          "/Groups",
          group("staff", [ada.id, wrong]),
        );
        isScimError(answer, 400, "invalidValue", /do not exist/);
      }
      isList(await client.get("/Groups"), { total: 0 });
    }, { profile }),
  );
}

// Section 4.3: the enterprise extension.

const ENTERPRISE = {
  employeeNumber: "90417",
  costCenter: "4130",
  organization: "Universal Studios",
  division: "Theme Park",
  department: "Tour Operations",
};

Deno.test(
  "43-4.3-1 The enterprise attributes stand under their URI, and are found by it",
  withClient(async (client) => {
    const boss = await client.user("boss");
    const { id } = await client.user("ada", {
      schemas: [URN.user, URN.enterprise],
      [URN.enterprise]: { ...ENTERPRISE, manager: { value: boss.id } },
    });
    const { json } = await client.get(`/Users/${id}`);
    deepStrictEqual(json["schemas"], [URN.user, URN.enterprise]);
    deepStrictEqual(json[URN.enterprise], {
      ...ENTERPRISE,
      manager: { value: boss.id, $ref: boss.location, displayName: "boss" },
    });
    for (const [name, value] of Object.entries(ENTERPRISE)) {
      strictEqual(json[name], undefined);
      const filter = `${URN.enterprise}:${name} eq "${value}"`;
      deepStrictEqual(await client.names(`/Users?filter=${filter}`), ["ada"]);
    }
  }, { profile: "rfc" }),
);

Deno.test(
  "43-4.3-1 The enterprise schema has five strings and the complex manager",
  withClient(async (client) => {
    const { json } = await client.get(`/Schemas/${URN.enterprise}`);
    const shown = (attributes: JsonObject[]) =>
      attributes.map((
        { name, type, multiValued },
      ) => [name, type, multiValued]);
    const attributes = objects(json["attributes"]);
    deepStrictEqual(shown(attributes), [
      ...Object.keys(ENTERPRISE).map((name) => [name, "string", false]),
      ["manager", "complex", false],
    ]);
    deepStrictEqual(shown(objects(attributes.at(-1)?.["subAttributes"])), [
      ["value", "string", false],
      ["$ref", "reference", false],
      ["displayName", "string", false],
    ]);
  }),
);

function managerOf(
  { [URN.enterprise]: values }: JsonObject,
): JsonValue | undefined {
  return values === undefined ? undefined : object(values)["manager"];
}

for (const profile of PROFILES) {
  Deno.test(
    `43-4.3-2 A manager may be given by value, by $ref, or not at all (${profile})`,
    withClient(async (client) => {
      const boss = await client.user("boss");
      const whole = {
        value: boss.id,
        $ref: boss.location,
        displayName: "boss",
      };
      for (
        const [manager, expected] of [
          [{ value: boss.id }, whole],
          [{ $ref: boss.location }, whole],
          [{ value: boss.id, $ref: boss.location }, whole],
          [{}, undefined],
          [null, undefined],
        ] as const
      ) {
        const body = user("ada", {
          [URN.enterprise]: { department: "R", manager },
        });
        const { status, json } = await client.post("/Users", body);
        strictEqual(status, 201);
        deepStrictEqual(managerOf(json), expected);
        await client.delete(`/Users/${json["id"]}`);
      }
    }, { profile }),
  );

  Deno.test(
    `43-4.3-3 displayName of a manager is not taken from a client (${profile})`,
    withClient(async (client, server) => {
      const boss = await client.user("boss", { displayName: "The Boss" });
      const manager = { value: boss.id, displayName: "mine" };
      const body = user("ada", { [URN.enterprise]: { manager } });
      const { id, json: created } = await client.user("ada", body);
      const { json: put } = await client.put(`/Users/${id}`, body);
      const path = `${URN.enterprise}:manager`;
      const { json: patched } = await client.patch(`/Users/${id}`, [
        { op: "replace", path, value: manager },
      ]);
      for (const json of [created, put, patched]) {
        strictEqual(object(managerOf(json))["displayName"], "The Boss");
      }
      const before = await server.dump();
      for (const op of ["add", "replace", "remove"]) {
        const operation = { op, path: `${path}.displayName`, value: "mine" };
        const answer = await client.patch(`/Users/${id}`, [operation]);
        isScimError(answer, 400, "mutability", /displayName" is readOnly/);
      }
      deepStrictEqual(await server.dump(), before);
    }, { profile }),
  );
}

async function shownManagers(client: Client, id: string): Promise<unknown[]> {
  const [listed] = isList(await client.get(`/Users?filter=id eq "${id}"`), {
    total: 1,
  });
  const { json } = await client.get(`/Users/${id}`);
  return [listed ?? {}, json].map((user) =>
    object(managerOf(user))["displayName"]
  );
}

Deno.test(
  "43-4.3-3 displayName of a manager follows the manager",
  withClient(async (client) => {
    const boss = await client.user("boss");
    const { id } = await client.user("ada", {
      [URN.enterprise]: { manager: { value: boss.id } },
    });
    deepStrictEqual(await shownManagers(client, id), ["boss", "boss"]);
    const path = "displayName";
    for (const value of ["The Boss", "The old Boss"]) {
      await client.patch(`/Users/${boss.id}`, [{ op: "replace", path, value }]);
      deepStrictEqual(await shownManagers(client, id), [value, value]);
    }
    await client.put(`/Users/${boss.id}`, user("chief"));
    deepStrictEqual(await shownManagers(client, id), ["chief", "chief"]);
    await client.delete(`/Users/${boss.id}`);
    deepStrictEqual(await shownManagers(client, id), [undefined, undefined]);
  }, { profile: "rfc" }),
);
