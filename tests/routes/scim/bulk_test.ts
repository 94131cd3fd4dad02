import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import {
  type Answer,
  BASE,
  type Client,
  group,
  isList,
  isScimError,
  object,
  objects,
  ORIGIN,
  send,
  TestServer,
  text,
  URN,
  user,
  values,
  withClient,
} from "../harness.ts";

const REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

function request(operations: JsonValue, more: JsonObject = {}): JsonObject {
  return { schemas: [REQUEST], Operations: operations, ...more };
}

/** The results of a bulk request that was processed. */
async function bulk(
  client: Client,
  operations: JsonObject[],
  more: JsonObject = {},
): Promise<JsonObject[]> {
  const answer = await client.post("/Bulk", request(operations, more));
  strictEqual(answer.status, 200, answer.text);
  strictEqual(answer.headers.get("Content-Type"), "application/scim+json");
  const { schemas, Operations, ...others } = answer.json;
  deepStrictEqual(schemas, [RESPONSE]);
  deepStrictEqual(others, {});
  return objects(Operations);
}

/** The statuses of the results. */
async function statuses(
  client: Client,
  operations: JsonObject[],
  more: JsonObject = {},
): Promise<string> {
  const results = await bulk(client, operations, more);
  return results.map(({ status }) => text(status)).join(" ");
}

function create(bulkId: string, data: JsonObject): JsonObject {
  const path = Object.hasOwn(data, "userName") ? "/Users" : "/Groups";
  return { method: "POST", path, bulkId, data };
}

function patch(path: string, ...operations: JsonObject[]): JsonObject {
  const data = { schemas: [URN.patch], Operations: operations };
  return { method: "PATCH", path, data };
}

function managed(userName: string, manager: string): JsonObject {
  return user(userName, {
    schemas: [URN.user, URN.enterprise],
    [URN.enterprise]: { department: "Engines", manager: { value: manager } },
  });
}

/** Checks that a result is an error of an operation. */
function isFailure(
  result: JsonObject | undefined,
  status: number,
  scimType?: string,
  detail: RegExp = /\w+ \w+/,
): void {
  const response = object(result?.["response"]);
  strictEqual(result?.["status"], String(status), JSON.stringify(result));
  deepStrictEqual(response["schemas"], [URN.error]);
  strictEqual(response["status"], String(status));
  strictEqual(response["scimType"], scimType);
  match(text(response["detail"]), detail);
}

/** The id of the resource at a result's location. */
function idOf(result: JsonObject | undefined): string {
  return text(result?.["location"]).split("/").at(-1) ?? "";
}

async function membersOf(client: Client, id: string): Promise<string[]> {
  return values((await client.get(`/Groups/${id}`)).json["members"]);
}

async function managerOf(client: Client, id: string): Promise<JsonValue> {
  const { json } = await client.get(`/Users/${id}`);
  return object(object(json[URN.enterprise])["manager"])["value"] ?? null;
}

async function isEmpty(client: Client): Promise<void> {
  isList(await client.get("/Users"), { total: 0 });
  isList(await client.get("/Groups"), { total: 0 });
}

// Results.

Deno.test(
  "44-3.7-9 44-3.7-11 Each method is carried out, and its result says where and which version",
  withClient(async (client) => {
    const [bob, eve, joe] = [
      await client.user("bob"),
      await client.user("eve"),
      await client.user("joe"),
    ];
    const results = await bulk(client, [
      create("a", user("ada")),
      { method: "PUT", path: `/Users/${bob.id}`, data: user("bobby") },
      patch(`/Users/${eve.id}`, { op: "add", path: "title", value: "x" }),
      { method: "DELETE", path: `/Users/${joe.id}` },
    ]);
    const ada = await client.get(`/Users/${idOf(results[0])}`);
    strictEqual(ada.json["userName"], "ada");
    const versionOf = async (id: string) =>
      (await client.get(`/Users/${id}`)).headers.get("ETag");
    deepStrictEqual(results, [
      {
        method: "POST",
        bulkId: "a",
        location: `${BASE}/Users/${ada.json["id"]}`,
        version: ada.headers.get("ETag"),
        status: "201",
      },
      {
        method: "PUT",
        location: bob.location,
        version: await versionOf(bob.id),
        status: "200",
      },
      {
        method: "PATCH",
        location: eve.location,
        version: await versionOf(eve.id),
        status: "200",
      },
      { method: "DELETE", location: joe.location, status: "204" },
    ]);
    deepStrictEqual(await client.names("/Users"), ["ada", "bobby", "eve"]);
  }),
);

Deno.test(
  "44-3.7-15 A bulkId comes back with its operation, of whatever method",
  withClient(async (client) => {
    const { id, location } = await client.group("crew");
    const change = { op: "replace", path: "displayName", value: "Crew" };
    const results = await bulk(client, [
      { ...patch(`/Groups/${id}`, change), bulkId: "p" },
      { method: "delete", path: `/Groups/${id}`, bulkId: "d" },
      create("c", { schemas: [URN.user], userName: 5 }),
    ]);
    deepStrictEqual(results.map(({ bulkId }) => bulkId), ["p", "d", "c"]);
    strictEqual(results[0]?.["status"], "204");
    ok(results[0]?.["version"] !== undefined);
    deepStrictEqual(results[1], {
      method: "DELETE",
      bulkId: "d",
      location,
      status: "204",
    });
  }),
);

Deno.test(
  "44-3.7-9 44-3.7-10 44-3.7-11 44-3.7-24 A failed operation has an error, and a location if it is not POST",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const results = await bulk(client, [
      create("a", user("ADA")),
      { method: "DELETE", path: "/Users/nobody" },
      patch(`/Users/${ada.id}`, { op: "remove" }),
    ]);
    isFailure(results[0], 409, "uniqueness", /must be unique/);
    isFailure(results[1], 404, undefined, /nobody/);
    isFailure(results[2], 400, "noTarget");
    deepStrictEqual(results.map(({ location }) => location), [
      undefined,
      `${BASE}/Users/nobody`,
      ada.location,
    ]);
    ok(results.every((result) => result["version"] === undefined));
  }),
);

Deno.test(
  "44-3.7-12 A request without operations is processed",
  withClient(async (client) => {
    deepStrictEqual(await bulk(client, []), []);
  }),
);

Deno.test("Locations begin with the base that was asked, or with PUBLIC_URL", async () => {
  await using server = await TestServer.start();
  const short = (await server.client()).at(`${ORIGIN}/scim/v2`);
  const [first] = await bulk(short, [create("a", user("ada"))]);
  ok(text(first?.["location"]).startsWith(`${ORIGIN}/scim/v2/Users/`));
  const publicUrl = "https://id.example.org/x";
  await using other = await TestServer.start({ publicUrl });
  const [result, gone] = await bulk(await other.client(), [
    create("a", group("A", ["bulkId:b"])),
    { method: "DELETE", path: "/Users/x" },
    create("b", group("B", ["bulkId:a"])),
  ]);
  strictEqual(result?.["status"], "201");
  const base = `${publicUrl}/api/scim/v2`;
  ok(text(result?.["location"]).startsWith(`${base}/Groups/`));
  strictEqual(gone?.["location"], `${base}/Users/x`);
});

// References.

Deno.test(
  "44-3.7-19 References work backward and forward",
  withClient(async (client) => {
    const results = await bulk(client, [
      create("before", group("before", ["bulkId:ada"])),
      create("ada", user("ada")),
      create("after", group("after", ["bulkId:ada", "bulkId:before"])),
    ]);
    deepStrictEqual(results.map(({ status }) => status), ["201", "201", "201"]);
    const [before, ada, after] = results.map(idOf);
    deepStrictEqual(await membersOf(client, before ?? ""), [ada]);
    deepStrictEqual(
      (await membersOf(client, after ?? "")).sort(),
      [ada, before].sort(),
    );
  }),
);

Deno.test(
  "44-3.7-20 References work in an extension",
  withClient(async (client) => {
    const results = await bulk(client, [
      create("worker", managed("worker", "bulkId:boss")),
      create("boss", user("boss")),
    ]);
    strictEqual(await managerOf(client, idOf(results[0])), idOf(results[1]));
  }),
);

Deno.test(
  "44-3.7-22 References work in $ref beside value",
  withClient(async (client) => {
    const member = {
      value: "bulkId:ada",
      $ref: `${BASE}/Users/bulkId:ada`,
      type: "User",
    };
    const results = await bulk(client, [
      create("crew", group("crew", [], { members: [member] })),
      create("ada", user("ada")),
    ]);
    const { json } = await client.get(`/Groups/${idOf(results[0])}`);
    strictEqual(
      objects(json["members"])[0]?.["$ref"],
      results[1]?.["location"],
    );
  }),
);

Deno.test(
  "44-3.7-22 References work in the paths of PUT, PATCH and DELETE",
  withClient(async (client) => {
    const results = await bulk(client, [
      patch("/Users/bulkId:ada", { op: "add", path: "title", value: "x" }),
      create("ada", user("ada")),
      create("bob", user("bob")),
      { method: "PUT", path: "/Users/bulkId:bob", data: user("bobby") },
      { method: "DELETE", path: "/Groups/bulkId:crew" },
      create("crew", group("crew")),
    ]);
    strictEqual(
      results.map(({ status }) => status).join(" "),
      "200 201 201 200 204 201",
    );
    strictEqual(results[0]?.["location"], results[1]?.["location"]);
    strictEqual(results[4]?.["location"], results[5]?.["location"]);
    deepStrictEqual(await client.names("/Users"), ["ada", "bobby"]);
    deepStrictEqual(await client.names("/Groups"), []);
    deepStrictEqual(await client.names("/Users?filter=title pr"), ["ada"]);
  }),
);

Deno.test(
  "44-3.7-19 References work in the values and the filters of a PATCH",
  withClient(async (client) => {
    const crew = await client.group("crew");
    const path = `/Groups/${crew.id}`;
    const results = await bulk(client, [
      patch(path, {
        op: "add",
        path: "members",
        value: [{ value: "bulkId:a" }, { value: "bulkId:b" }],
      }),
      create("a", user("ada")),
      create("b", user("bob")),
      patch(path, { op: "remove", path: 'members[value eq "bulkId:a"]' }),
    ]);
    strictEqual(results[3]?.["status"], "204", JSON.stringify(results));
    deepStrictEqual(await membersOf(client, crew.id), [idOf(results[2])]);
  }),
);

Deno.test(
  "Text that is about a bulkId stays as it is",
  withClient(async (client) => {
    const displayName = "about bulkId:x";
    const [result] = await bulk(client, [
      create("x", user("ada", { displayName })),
    ]);
    const { json } = await client.get(`/Users/${idOf(result)}`);
    strictEqual(json["displayName"], displayName);
  }),
);

Deno.test(
  "44-3.7-21 A reference to an unknown bulkId fails that operation only",
  withClient(async (client) => {
    const results = await bulk(client, [
      create("g", group("crew", ["bulkId:nobody"])),
      { method: "DELETE", path: "/Users/bulkId:nobody" },
      create("a", user("ada")),
    ]);
    for (const result of results.slice(0, 2)) {
      isFailure(result, 400, "invalidValue", /"bulkId:nobody"/);
    }
    strictEqual(results[2]?.["status"], "201");
    deepStrictEqual(await client.names("/Groups"), []);
  }),
);

Deno.test(
  "44-3.7-21 A reference to a failed creation fails as well, in either direction",
  withClient(async (client) => {
    await client.user("ada");
    const results = await bulk(client, [
      create("before", group("before", ["bulkId:ada"])),
      create("ada", user("ada")),
      create("after", group("after", ["bulkId:ada"])),
      patch("/Groups/bulkId:after", { op: "remove", path: "members" }),
    ]);
    isFailure(results[0], 409, undefined, /"bulkId:ada" was not created/);
    isFailure(results[1], 409, "uniqueness");
    isFailure(results[2], 409, undefined, /"bulkId:ada" was not created/);
    isFailure(results[3], 409, undefined, /"bulkId:after" was not created/);
    deepStrictEqual(await client.names("/Groups"), []);
  }),
);

Deno.test(
  "References chain, however many there are",
  withClient(async (client) => {
    const chain = Array.from({ length: 300 }, (_, index) =>
      create(
        String(index),
        index === 299
          ? user(`u${index}`)
          : managed(`u${index}`, `bulkId:${index + 1}`),
      ));
    const results = await bulk(client, chain);
    ok(results.every(({ status }) => status === "201"));
    strictEqual(await managerOf(client, idOf(results[0])), idOf(results[1]));
  }),
);

Deno.test(
  "44-3.7-22 References to any bulkId work in paths, percent-encoded or not",
  withClient(async (client) => {
    const results = await bulk(client, [
      create("a b", user("ada")),
      create("x/y?z%", user("bob")),
      patch("/Users/bulkId:a b", { op: "add", path: "title", value: "1" }),
      patch("/Users/bulkId:a%20b", { op: "add", path: "title", value: "2" }),
      { method: "DELETE", path: "/Users/bulkId%3Ax%2Fy%3Fz%25" },
    ]);
    strictEqual(
      results.map(({ status }) => status).join(" "),
      "201 201 200 200 204",
    );
    strictEqual(results[2]?.["location"], results[0]?.["location"]);
    deepStrictEqual(await client.names('/Users?filter=title eq "2"'), ["ada"]);
    isList(await client.get("/Users"), { total: 1 });
  }),
);

Deno.test(
  "44-3.7-20 References work as bare managers and members, and below keys that are paths",
  withClient(async (client) => {
    const results = await bulk(client, [
      create("boss", user("boss")),
      create("a", user("a", { [URN.enterprise]: { manager: "bulkId:boss" } })),
      create(
        "b",
        user("b", { [`${URN.enterprise}:manager.value`]: "bulkId:boss" }),
      ),
      create("c", group("crew", [], { members: ["bulkId:a", "bulkId:b"] })),
      patch("/Users/bulkId:boss", {
        op: "add",
        path: `${URN.enterprise}:manager`,
        value: "bulkId:a",
      }),
    ]);
    const [boss = "", a = "", b = "", crew = ""] = results.map(idOf);
    strictEqual(await managerOf(client, a), boss);
    strictEqual(await managerOf(client, b), boss);
    strictEqual(await managerOf(client, boss), a);
    deepStrictEqual((await membersOf(client, crew)).sort(), [a, b].sort());
  }),
);

for (const profile of ["compatible", "rfc"] as const) {
  Deno.test(
    `Text that begins with bulkId: stays as it is where no id belongs (${profile})`,
    withClient(async (client) => {
      const data = {
        displayName: "bulkId:hello",
        externalId: "bulkId:a",
        password: "bulkId:hunter2",
      };
      const results = await bulk(client, [
        create("a", user("bulkId:b", data)),
        create("b", user("bob")),
        patch("/Users/bulkId:b", {
          op: "replace",
          path: "password",
          value: "bulkId:hunter2",
        }),
      ]);
      strictEqual(
        results.map(({ status }) => status).join(" "),
        "201 201 200",
        JSON.stringify(results),
      );
      const { json } = await client.get(`/Users/${idOf(results[0])}`);
      strictEqual(json["userName"], "bulkId:b");
      strictEqual(json["displayName"], "bulkId:hello");
      strictEqual(json["externalId"], "bulkId:a");
    }, { profile }),
  );
}

Deno.test(
  "44-3.7-17 A creation before its turn finds the name that an operation before it gives up",
  withClient(async (client) => {
    const { id } = await client.user("old");
    const results = await bulk(client, [
      create("g", group("crew", ["bulkId:n"])),
      patch(`/Users/${id}`, { op: "replace", path: "userName", value: "new" }),
      create("n", user("old")),
    ]);
    strictEqual(results.map(({ status }) => status).join(" "), "201 200 201");
    deepStrictEqual(await membersOf(client, idOf(results[0])), [
      idOf(results[2]),
    ]);
  }),
);

// Circular references.

Deno.test(
  "44-3.7-18 Groups that hold each other are created",
  withClient(async (client) => {
    const results = await bulk(client, [
      create("a", group("A", ["bulkId:b"])),
      create("b", group("B", ["bulkId:a"])),
    ]);
    deepStrictEqual(results.map(({ status }) => status), ["201", "201"]);
    const [a = "", b = ""] = results.map(idOf);
    deepStrictEqual(await membersOf(client, a), [b]);
    deepStrictEqual(await membersOf(client, b), [a]);
    for (const { location, version } of results) {
      const { headers } = await client.send(text(location));
      strictEqual(headers.get("ETag"), version);
    }
  }),
);

for (const profile of ["compatible", "rfc"] as const) {
  Deno.test(
    `44-3.7-18 Managers in a circle are created (${profile})`,
    withClient(async (client) => {
      const results = await bulk(client, [
        create("a", managed("a", "bulkId:b")),
        create("b", managed("b", "bulkId:c")),
        create("c", managed("c", "bulkId:a")),
      ]);
      strictEqual(
        results.map(({ status }) => status).join(" "),
        "201 201 201",
        JSON.stringify(results),
      );
      const [a = "", b = "", c = ""] = results.map(idOf);
      strictEqual(await managerOf(client, a), b);
      strictEqual(await managerOf(client, b), c);
      strictEqual(await managerOf(client, c), a);
      for (const id of [a, b, c]) {
        const { json } = await client.get(`/Users/${id}`);
        strictEqual(object(json[URN.enterprise])["department"], "Engines");
      }
      for (const { location, version } of results) {
        const { headers } = await client.send(text(location));
        strictEqual(headers.get("ETag"), version);
      }
    }, { profile }),
  );
}

Deno.test(
  "44-3.7-18 A user may be their own manager",
  withClient(async (client) => {
    const [result] = await bulk(client, [
      create("a", managed("ada", "bulkId:a")),
    ]);
    strictEqual(await managerOf(client, idOf(result)), idOf(result));
  }),
);

Deno.test(
  "A circle is closed at an endpoint in odd spelling, too",
  withClient(async (client) => {
    const results = await bulk(client, [
      { ...create("a", managed("a", "bulkId:b")), path: "/users/" },
      {
        ...create("b", managed("b", "bulkId:a")),
        path: "//USERS?attributes=id",
      },
    ]);
    const [a = "", b = ""] = results.map(idOf);
    strictEqual(await managerOf(client, a), b);
    strictEqual(await managerOf(client, b), a);
  }),
);

Deno.test(
  "44-3.7-18 A circle of which a part fails leaves nothing behind",
  withClient(async (client) => {
    const results = await bulk(client, [
      create("a", group("", ["bulkId:b"], { externalId: 5 })),
      create("b", group("B", ["bulkId:c"])),
      create("c", group("C", ["bulkId:a"])),
      create("d", group("D", ["bulkId:b"])),
    ]);
    isFailure(results[0], 400, "invalidValue");
    for (const [index, missing] of [[1, "c"], [2, "a"], [3, "b"]] as const) {
      isFailure(
        results[index],
        409,
        undefined,
        new RegExp(`"bulkId:${missing}" was not created`),
      );
      strictEqual(results[index]?.["location"], undefined);
    }
    await isEmpty(client);
  }),
);

Deno.test(
  "44-3.7-18 A reference that cannot be added at the end leaves nothing behind",
  withClient(async (client) => {
    const members = [{ value: "bulkId:a" }, { value: "nobody" }];
    const results = await bulk(client, [
      create("a", group("A", ["bulkId:b"])),
      create("b", group("B", [], { members })),
    ]);
    isFailure(results[0], 409, undefined, /"bulkId:b" was not created/);
    isFailure(results[1], 400, "invalidValue", /nobody/);
    await isEmpty(client);
  }),
);

Deno.test(
  "44-3.7-17 A circle is closed before the operations behind it",
  withClient(async (client) => {
    const results = await bulk(client, [
      create("a", group("A", ["bulkId:b"])),
      create("b", group("B", ["bulkId:a"])),
      patch("/Groups/bulkId:b", { op: "remove", path: "members" }),
      { method: "DELETE", path: "/Groups/bulkId:a" },
    ]);
    strictEqual(
      results.map(({ status }) => status).join(" "),
      "201 201 204 204",
    );
    deepStrictEqual(await membersOf(client, idOf(results[1])), []);
    deepStrictEqual(await client.names("/Groups"), ["B"]);
  }),
);

Deno.test(
  "44-3.7-18 A circle through an attribute that clients cannot set is none of their business (rfc)",
  withClient(async (client) => {
    const results = await bulk(client, [
      create("g", group("crew", ["bulkId:a"])),
      create(
        "a",
        user("ada", { id: "bulkId:a", groups: [{ value: "bulkId:g" }] }),
      ),
    ]);
    strictEqual(
      results.map(({ status }) => status).join(" "),
      "201 201",
      JSON.stringify(results),
    );
    const [crew = "", ada = ""] = results.map(idOf);
    deepStrictEqual(await membersOf(client, crew), [ada]);
    const { json } = await client.get(`/Users/${ada}`);
    strictEqual(json["id"], ada);
    deepStrictEqual(values(json["groups"]), [crew]);
  }, { profile: "rfc" }),
);

for (const reversed of [false, true]) {
  Deno.test(
    `44-3.7-18 Data in a circle is read as that of a POST, ${
      reversed ? "last" : "first"
    } operation first`,
    withClient(async (client) => {
      const operations = ["a", "b"].map((name) =>
        create(
          name,
          user(name, { manager: { value: "bulkId:a" }, title: "x" }),
        )
      );
      const alone = await client.user("alone", { manager: { value: "y" } });
      const results = await bulk(
        client,
        [
          ...reversed ? operations.reverse() : operations,
          create("c", group("C", ["bulkId:d"])),
          create("d", group("D", ["bulkId:c"])),
        ],
      );
      for (const result of results.slice(0, 2)) {
        const { json } = await client.get(`/Users/${idOf(result)}`);
        deepStrictEqual(
          Object.keys(json).filter((name) => name !== "title").sort(),
          Object.keys(alone.json).sort(),
        );
      }
      ok(results.every(({ status }) => status === "201"));
    }),
  );
}

Deno.test(
  "44-3.7-18 A circle of a thousand is closed",
  withClient(async (client) => {
    const ring = Array.from(
      { length: 1_000 },
      (_, index) =>
        create(
          String(index),
          managed(`u${index}`, `bulkId:${(index + 1) % 1_000}`),
        ),
    );
    const results = await bulk(client, ring);
    ok(results.every(({ status }) => status === "201"));
    strictEqual(
      await managerOf(client, idOf(results[999])),
      idOf(results[0]),
    );
  }),
);

Deno.test(
  "44-3.7-17 Nobody changes a circle before it is closed",
  withClient(async (client) => {
    const old = await client.user("old");
    const results = await bulk(client, [
      create("a", group("A", ["bulkId:b"])),
      create("b", group("B", ["bulkId:a", "bulkId:new"])),
      patch("/Groups/bulkId:b", { op: "remove", path: "members" }),
      { method: "DELETE", path: `/Users/${old.id}` },
      create("new", user("OLD")),
    ]);
    strictEqual(
      results.map(({ status }) => status).join(" "),
      "201 201 204 204 201",
    );
    deepStrictEqual(await membersOf(client, idOf(results[0])), [
      idOf(results[1]),
    ]);
    deepStrictEqual(await membersOf(client, idOf(results[1])), []);
  }),
);

// Failures.

Deno.test(
  "44-3.7-12 44-3.7-13 An operation that fails changes nothing, and the others go on",
  withClient(async (client) => {
    const { id, version } = await client.user("ada", { title: "x" });
    strictEqual(
      await statuses(client, [
        patch(
          `/Users/${id}`,
          { op: "replace", path: "title", value: "y" },
          { op: "replace", path: "userName", value: 5 },
        ),
        create("b", user("bob")),
      ]),
      "400 201",
    );
    const { json, headers } = await client.get(`/Users/${id}`);
    strictEqual(json["title"], "x");
    strictEqual(headers.get("ETag"), version);
    deepStrictEqual(await client.names("/Users"), ["ada", "bob"]);
  }),
);

const DELETE_NOBODY = { method: "DELETE", path: "/Users/nobody" };

for (
  const [failOnErrors, expected] of [
    [1, "201 404"],
    [2, "201 404 201 404"],
    [3, "201 404 201 404 201"],
    [null, "201 404 201 404 201"],
  ] as const
) {
  Deno.test(
    `44-3.7-3 44-3.7-14 failOnErrors ${failOnErrors} gives ${expected}`,
    withClient(async (client) => {
      const operations = [
        create("a", user("a")),
        DELETE_NOBODY,
        create("b", user("b")),
        DELETE_NOBODY,
        create("c", user("c")),
      ];
      strictEqual(
        await statuses(client, operations, { failOnErrors }),
        expected,
      );
      const created = expected.split(" ").filter((status) => status === "201");
      isList(await client.get("/Users"), { total: created.length });
    }),
  );
}

Deno.test(
  "44-3.7-14 Circles that fail count for failOnErrors",
  withClient(async (client) => {
    const operations = [
      create("a", managed("a", "bulkId:b")),
      create("b", group("B", ["bulkId:a", "nobody"])),
      create("c", user("c")),
    ];
    strictEqual(
      await statuses(client, operations, { failOnErrors: 1 }),
      "409 400",
    );
    await isEmpty(client);
  }),
);

Deno.test(
  "44-3.7-14 What was created early for an operation that failed does not stay when the run stops",
  withClient(async (client) => {
    const operations = [
      create("g", group("", ["bulkId:n", "bulkId:m"], { externalId: 5 })),
      { method: "DELETE", path: "/Users/nope" },
      create("n", managed("n", "bulkId:boss")),
      create("boss", user("boss")),
      create("m", group("M", ["bulkId:l"])),
      create("l", group("L", ["bulkId:m"])),
    ];
    strictEqual(await statuses(client, operations, { failOnErrors: 1 }), "400");
    await isEmpty(client);
    strictEqual(
      await statuses(client, operations),
      "400 404 201 201 201 201",
    );
  }),
);

Deno.test(
  "44-3.7-14 What was created early for an operation that succeeded stays when the run stops",
  withClient(async (client) => {
    const results = await bulk(client, [
      create("g", group("crew", ["bulkId:n"])),
      { method: "DELETE", path: "/Users/nope" },
      create("n", managed("n", "bulkId:boss")),
      create("c", user("c")),
      create("boss", user("boss")),
    ], { failOnErrors: 1 });
    strictEqual(
      results.map(({ status, bulkId }) => `${bulkId}:${status}`).join(" "),
      "g:201 undefined:404 n:201 boss:201",
    );
    deepStrictEqual(await client.names("/Users"), ["boss", "n"]);
  }),
);

for (const failOnErrors of [0, -1, 1.5, "1", true]) {
  Deno.test(
    `44-3.7-3 failOnErrors ${
      JSON.stringify(failOnErrors)
    } is 400, and nothing happens`,
    withClient(async (client) => {
      const body = request([create("a", user("ada"))], { failOnErrors });
      const answer = await client.post("/Bulk", body);
      isScimError(answer, 400, "invalidValue", /"failOnErrors" must be/);
      await isEmpty(client);
    }),
  );
}

Deno.test(
  "44-3.7-2 44-3.7-4 A message of another form or schema is 400, and nothing happens",
  withClient(async (client) => {
    const operations = [create("a", user("ada"))];
    for (
      const body of [
        {},
        { Operations: operations },
        { schemas: [RESPONSE], Operations: operations },
        { schemas: [REQUEST] },
        request({}),
      ]
    ) isScimError(await client.post("/Bulk", body), 400, "invalidSyntax");
    await isEmpty(client);
  }),
);

Deno.test(
  "44-3.7-4 44-3.7-5 44-3.7-8 Operations that are incomplete or of another form fail for themselves",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const path = `/Users/${id}`;
    const results = await bulk(client, [
      { method: "POST", path: "/Users", data: user("eve") },
      { method: "POST", path: "/Users", bulkId: "b" },
      { method: "PUT", path },
      { method: "GET", path },
      { method: "DELETE" },
      { method: "DELETE", path, version: 1 },
      { method: "DELETE", path, version: "W/\r\n" },
    ]);
    for (
      const [index, name] of [
        "bulkId",
        "data",
        "data",
        "method",
        "path",
        "version",
        "version",
      ].entries()
    ) {
      const detail = new RegExp(`Operations\\[${index}\\]\\.${name} `);
      isFailure(results[index], 400, "invalidSyntax", detail);
    }
    deepStrictEqual(await client.names("/Users"), ["ada"]);
  }),
);

Deno.test(
  "44-3.7-5 A bulkId that is used twice fails the second time",
  withClient(async (client) => {
    const results = await bulk(client, [
      create("a", user("ada")),
      create("a", user("bob")),
      create("g", group("crew", ["bulkId:a"])),
    ]);
    isFailure(results[1], 400, "invalidValue", /"a" is used twice/);
    deepStrictEqual(await membersOf(client, idOf(results[2])), [
      idOf(results[0]),
    ]);
  }),
);

Deno.test(
  "44-3.7-6 The version is checked as If-Match is",
  withClient(async (client) => {
    const { id, version } = await client.user("ada");
    const path = `/Users/${id}`;
    const data = user("ada", { title: "x" });
    const results = await bulk(client, [
      { method: "PUT", path, data, version },
      { method: "PUT", path, data, version },
      { ...patch(path, { op: "remove", path: "title" }), version },
      { method: "DELETE", path, version },
      { method: "DELETE", path, version: 'W/"other"' },
    ]);
    strictEqual(results[0]?.["status"], "200");
    for (const result of results.slice(1)) isFailure(result, 412);
    const present = text(results[0]?.["version"]);
    strictEqual(
      await statuses(client, [{ method: "DELETE", path, version: present }]),
      "204",
    );
  }),
);

/** Operations whose path is wrong. */
const WRONG_PATHS: readonly (readonly [string, string])[] = [
  ["POST", "/Nope"],
  ["POST", "/Users/x"],
  ["POST", "/"],
  ["POST", "/Users/a/b"],
  ["POST", "/ResourceTypesX"],
  ["PUT", "/Users"],
  ["PUT", "/Users/nobody"],
  ["PATCH", "/Nope/x"],
  ["PATCH", "/Users/%00"],
  ["DELETE", "/Users"],
  ["DELETE", "/Users/a/b/c"],
  ["DELETE", "/"],
  ["DELETE", "/../../../admin/tokens"],
];

for (const [method, path] of WRONG_PATHS) {
  Deno.test(
    `44-3.7-7 ${method} ${path} fails as the single request does`,
    withClient(async (client) => {
      const patches = { schemas: [URN.patch], Operations: [] };
      const data = method === "PATCH" ? patches : user("ada");
      const [result] = await bulk(client, [
        { method, path, bulkId: "a", ...(method === "DELETE" ? {} : { data }) },
      ]);
      ok(["404", "405"].includes(text(result?.["status"])));
      if (path.includes("..")) return;
      const single: Answer = await client.send(path, {
        method,
        ...(method === "DELETE" ? {} : { body: data }),
      });
      deepStrictEqual(result?.["response"], single.json);
    }),
  );
}

Deno.test(
  "44-3.7-4 An operation that is no object fails for itself, and its result has no method",
  withClient(async (client) => {
    const answer = await client.post(
      "/Bulk",
      request([null, "x", [], {}, create("a", user("ada"))]),
    );
    const results = objects(answer.json["Operations"]);
    for (const [index, result] of results.slice(0, 3).entries()) {
      const detail = new RegExp(`^Operations\\[${index}\\] must be an object`);
      isFailure(result, 400, "invalidSyntax", detail);
      strictEqual(Object.hasOwn(result, "method"), false);
    }
    isFailure(results[3], 400, "invalidSyntax", /\.method must be one of/);
    strictEqual(results[4]?.["status"], "201");
  }),
);

Deno.test(
  "44-3.7-21 A reference to a malformed creation is 409: it was not created",
  withClient(async (client) => {
    const results = await bulk(client, [
      create("g", group("crew", ["bulkId:a"])),
      { method: "POST", path: "/Users", bulkId: "a" },
      create("h", group("staff", ["bulkId:a"])),
    ]);
    isFailure(results[0], 409, undefined, /"bulkId:a" was not created/);
    isFailure(results[1], 400, "invalidSyntax", /data is required/);
    isFailure(results[2], 409, undefined, /"bulkId:a" was not created/);
  }),
);

Deno.test(
  "Nothing is created early for an operation that fails whatever it refers to",
  withClient(async (client) => {
    strictEqual(
      await statuses(client, [
        { ...create("g", group("crew", ["bulkId:a"])), version: 5 },
        { ...create("h", group("crew", ["bulkId:a"])), path: "/Bulk" },
        create("i", group("crew", ["bulkId:a", "bulkId:nobody"])),
        create("b", user("ada")),
        create("a", user("ada")),
      ]),
      "400 404 400 201 409",
    );
  }),
);

for (
  const path of [
    "/Me",
    "/me?attributes=id",
    "/ServiceProviderConfig",
    "/serviceProviderConfigs",
    "/ResourceTypes/User",
    "/Schemas",
    "/Users/.SEARCH",
  ]
) {
  Deno.test(
    `44-3.7-29 ${path} cannot be part of a bulk request, and the text says so`,
    withClient(async (client) => {
      const { id } = await client.user("ada");
      const me = await client.server.client({ userId: id });
      const results = await bulk(me, [
        { method: "PUT", path, data: user("eve") },
        { method: "DELETE", path },
      ]);
      for (const result of results) {
        isFailure(result, 404, undefined, /cannot be part of a bulk request/);
      }
      deepStrictEqual(await client.names("/Users"), ["ada"]);
    }),
  );
}

for (
  const path of [
    "/Bulk",
    "/bulk/",
    "//BULK",
    "/Users/../Bulk",
    "/Bulk?x",
    "/.search",
    "/.SEARCH/",
    "/Users/.search",
    "/Users/.search?attributes=id",
    "/%2Esearch",
    "/Users/.s%65arch",
  ]
) {
  Deno.test(
    `44-3.7-29 POST ${path} cannot be part of a bulk request`,
    withClient(async (client) => {
      const inner = [create("a", user("ada"))];
      const schemas = [
        REQUEST,
        "urn:ietf:params:scim:api:messages:2.0:SearchRequest",
      ];
      const [result] = await bulk(client, [
        {
          method: "POST",
          path,
          bulkId: "b",
          data: request(inner, { schemas }),
        },
      ]);
      isFailure(result, 404, undefined, /cannot be part of a bulk request/);
      await isEmpty(client);
    }),
  );
}

Deno.test(
  "44-3.7-8 The data of a PATCH is a whole message; an array is taken by the compatible profile only",
  withClient(async (client, server) => {
    const { id } = await client.user("ada");
    const path = `/Users/${id}`;
    const change = { op: "add", path: "title", value: "x" };
    const bare = { method: "PATCH", path, data: [change] };
    strictEqual(await statuses(client, [patch(path, change), bare]), "200 200");
    const strict = await server.client({ profile: "rfc" });
    const results = await bulk(strict, [
      patch(path, { ...change, value: "y" }),
      bare,
      create("b", user("bob", { nonsense: 1 })),
    ]);
    strictEqual(results[0]?.["status"], "200");
    isFailure(results[1], 400, "invalidSyntax", /data is required for PATCH/);
    isFailure(results[2], 400, "invalidSyntax", /nonsense/);
  }),
);

// Limits.

Deno.test(
  "44-3.7-25 A thousand operations are carried out",
  withClient(async (client) => {
    const operations = Array.from(
      { length: 1_000 },
      (_, index) => create(String(index), user(`user${index}`)),
    );
    const results = await bulk(client, operations);
    strictEqual(results.length, 1_000);
    ok(results.every(({ status }) => status === "201"));
    isList(await client.get("/Users?count=0"), { total: 1_000, page: 0 });
  }),
);

Deno.test(
  "44-3.7-25 44-3.7-26 One operation more is 413, names the limit, and nothing happens",
  withClient(async (client) => {
    const operations = Array.from(
      { length: 1_001 },
      (_, index) => create(String(index), user(`user${index}`)),
    );
    const answer = await client.post("/Bulk", request(operations));
    isScimError(answer, 413, undefined, /maxOperations is 1000/);
    await isEmpty(client);
  }),
);

Deno.test(
  "44-3.7-26 44-3.7-27 A body that is too large is 413 while it is read, and the text names the limit",
  withClient(async (client) => {
    const chunk = new TextEncoder().encode(" ".repeat(65_536));
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(chunk),
    });
    const answer = await client.send("/Bulk", { method: "POST", body });
    isScimError(answer, 413, undefined, /1048576 bytes.*maxPayloadSize/);
  }),
);

// Costs.

/** How many reads of the store a bulk request takes, and how much they bring. */
async function readsOf(
  client: Client,
  operations: JsonObject[],
): Promise<number> {
  const { kv } = client.server;
  let reads = 0;
  for (const name of ["get", "getMany", "list"] as const) {
    const read = kv[name];
    Object.defineProperty(kv, name, {
      configurable: true,
      value: (keys: unknown, ...options: unknown[]) => {
        reads += Array.isArray(keys) ? keys.length : 1;
        return Reflect.apply(read, kv, [keys, ...options]);
      },
    });
  }
  const results = await bulk(client, operations);
  for (const name of ["get", "getMany", "list"]) {
    Reflect.deleteProperty(kv, name);
  }
  ok(results.every(({ status }) => status === "200"), JSON.stringify(results));
  return reads;
}

Deno.test(
  "An operation reads nothing of memberships that its result does not show",
  withClient(async (client) => {
    const ids: string[] = [];
    for (let index = 0; index < 30; index++) {
      ids.push((await client.user(`user${index}`)).id);
    }
    const [first = "", ...others] = ids;
    const small = await client.group("small", [first]);
    const large = await client.group("large", ids);
    const rename = (id: string, displayName: string) =>
      patch(`/Groups/${id}?attributes=members`, {
        op: "replace",
        path: "displayName",
        value: displayName,
      });
    strictEqual(
      await readsOf(client, [rename(large.id, "L")]),
      await readsOf(client, [rename(small.id, "S")]),
    );
    for (let index = 0; index < 20; index++) {
      await client.group(`group${index}`, [first]);
    }
    const [second = ""] = others;
    const title = (id: string) =>
      patch(`/Users/${id}`, { op: "add", path: "title", value: "x" });
    strictEqual(
      await readsOf(client, [title(first)]),
      await readsOf(client, [title(second)]),
    );
  }),
);

Deno.test(
  "44-3.7-10 Parameters of an operation are checked, though nothing is shown",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const path = `/Users/${id}?attributes=id&excludedAttributes=meta`;
    const operation = { op: "add", path: "title", value: "x" };
    const [result] = await bulk(client, [patch(path, operation)]);
    isFailure(result, 400, "invalidValue", /cannot be used together/);
  }),
);

// Rights.

Deno.test("44-3.7-28 A bulk request needs a token, and one that may write", async () => {
  await using server = await TestServer.start();
  const body = request([create("a", user("ada"))]);
  const url = `${BASE}/Bulk`;
  isScimError(await send(server, url, { method: "POST", body }), 401);
  const reader = await server.client({ scopes: ["scim:read"] });
  isScimError(await reader.post("/Bulk", body), 403);
  await isEmpty(reader);
});

Deno.test("44-3.7-28 An operation reaches nothing of another tenant", async () => {
  await using server = await TestServer.start();
  const acme = await server.client({ tenant: "acme" });
  const globex = await server.client({ tenant: "globex" });
  const ada = await acme.user("ada");
  const before = await server.dump();
  const path = `/Users/${ada.id}`;
  strictEqual(
    await statuses(globex, [
      { method: "DELETE", path },
      { method: "PUT", path, data: user("x") },
      patch(path, { op: "remove", path: "externalId" }),
      create("g", group("crew", [ada.id])),
    ]),
    "404 404 404 400",
  );
  deepStrictEqual(await server.dump(), before);
});
