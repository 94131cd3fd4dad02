import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  BASE,
  group,
  isList,
  isScimError,
  object,
  text,
  URN,
  user,
  values,
  withClient,
} from "../harness.ts";

Deno.test(
  "44-3.3-4 44-3.3-5 44-3.3-6 POST /Users answers 201 with the whole user, Location and ETag",
  withClient(async (client) => {
    const answer = await client.post("/Users", user("ada", { title: "Dr." }));
    strictEqual(answer.status, 201);
    strictEqual(answer.headers.get("Content-Type"), "application/scim+json");
    const { id, meta, ...others } = answer.json;
    deepStrictEqual(others, {
      schemas: [URN.user],
      userName: "ada",
      title: "Dr.",
    });
    match(
      text(id),
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f-]{16}$/,
    );
    deepStrictEqual(meta, {
      resourceType: "User",
      created: "2026-06-01T08:00:00.000Z",
      lastModified: "2026-06-01T08:00:00.000Z",
      location: `${BASE}/Users/${text(id)}`,
      version: answer.headers.get("ETag"),
    });
    strictEqual(answer.headers.get("Location"), `${BASE}/Users/${text(id)}`);
  }),
);

Deno.test(
  "44-3.3-4 43-4.2-4 POST /Groups answers 201 with the members",
  withClient(async (client) => {
    const { id } = await client.user("ada", { displayName: "Ada" });
    const { json, location } = await client.group("staff", [id]);
    deepStrictEqual(json["members"], [{
      value: id,
      $ref: `${BASE}/Users/${id}`,
      type: "User",
      display: "Ada",
    }]);
    strictEqual(location, object(json["meta"])["location"]);
  }),
);

Deno.test(
  "44-3.3-7 43-4.1.1-2 A userName that another user has is 409, in any case of its letters",
  withClient(async (client) => {
    await client.user("ada@example.com");
    for (
      const name of ["ada@example.com", "ADA@Example.Com", "ａda@example.com"]
    ) {
      const answer = await client.post("/Users", user(name));
      isScimError(answer, 409, "uniqueness", /"userName" must be unique/);
    }
    isList(await client.get("/Users?count=0"), { total: 1, page: 0 });
  }),
);

Deno.test(
  "44-3.3-10 Parallel creates with one userName store one user, and the others get 409",
  withClient(async (client) => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => client.post("/Users", user("ada"))),
    );
    const [won, ...lost] = answers.sort((a, b) => a.status - b.status);
    strictEqual(won?.status, 201);
    for (const answer of lost) isScimError(answer, 409, "uniqueness");
    const listed = isList(await client.get("/Users"), { total: 1 });
    deepStrictEqual(listed, [won.json]);
  }),
);

Deno.test(
  "44-3.3-9 A missing required attribute is 400 invalidValue",
  withClient(async (client) => {
    const noUserName = await client.post("/Users", { schemas: [URN.user] });
    isScimError(noUserName, 400, "invalidValue", /"userName" is required/);
    const noName = await client.post("/Groups", { schemas: [URN.group] });
    isScimError(noName, 400, "invalidValue", /"displayName" is required/);
  }),
);

Deno.test(
  "A body without schemas is 400 and told which schema belongs there",
  withClient(async (client) => {
    const answer = await client.post("/Users", { userName: "ada" });
    isScimError(answer, 400, "invalidSyntax", new RegExp(URN.user));
  }),
);

Deno.test(
  "Names of attributes are read in any case and answered in the schema's",
  withClient(async (client) => {
    const { json } = await client.user("x", {
      NAME: { GIVENNAME: "Ada" },
      [URN.enterprise.toUpperCase()]: { DEPARTMENT: "R" },
    });
    deepStrictEqual(json["name"], { givenName: "Ada" });
    deepStrictEqual(json[URN.enterprise], { department: "R" });
  }),
);

Deno.test(
  "43-4.1.1-17 43-9-1 A password that a client sets or changes is not stored, not even for a while",
  withClient(async (client, server) => {
    const password = "1mz050nq";
    const { id } = await client.user("ada", { password });
    await client.put(`/Users/${id}`, user("ada", { password, title: "x" }));
    for (
      const operation of [{ path: "password", value: password }, {
        value: { password, title: "y" },
      }]
    ) {
      await client.patch(`/Users/${id}`, [{ op: "replace", ...operation }]);
    }
    await client.post("/Bulk", {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
      Operations: [{
        method: "PUT",
        path: `/Users/${id}`,
        data: user("ada", { password }),
      }],
    });
    const dump = await server.dump();
    ok(dump.some((line) => line.includes('"title"')));
    deepStrictEqual(dump.filter((line) => line.includes("1mz050nq")), []);
  }),
);

Deno.test(
  "A user that Okta sends is created as it is",
  withClient(async (client) => {
    const { json } = await client.user("test.user@okta.local", {
      name: { givenName: "Test", familyName: "User" },
      emails: [{ primary: true, value: "test.user@okta.local", type: "work" }],
      displayName: "Test User",
      locale: "en-US",
      externalId: "00ujl29u0le5T6Aj10h7",
      groups: [],
      password: "1mz050nq",
      active: true,
    });
    strictEqual(json["active"], true);
    strictEqual(json["externalId"], "00ujl29u0le5T6Aj10h7");
    deepStrictEqual(values(json["emails"]), ["test.user@okta.local"]);
  }),
);

Deno.test(
  "A member that does not exist is 400, is named, and no group is made",
  withClient(async (client) => {
    const answer = await client.post("/Groups", group("staff", ["nobody"]));
    isScimError(answer, 400, "invalidValue", /do not exist: "nobody"/);
    isList(await client.get("/Groups"), { total: 0 });
  }),
);

for (
  const type of [
    "application/json",
    "application/scim+json",
    "Application/SCIM+JSON; charset=UTF-8",
  ]
) {
  Deno.test(
    `44-3.8-8 A body is read with Content-Type: ${type}`,
    withClient(async (client) => {
      const { status } = await client.send("/Users", {
        method: "POST",
        headers: { "Content-Type": type },
        body: user("ada"),
      });
      strictEqual(status, 201);
    }),
  );
}

Deno.test(
  "44-3.2-6 PUT, PATCH and DELETE on the list are 405 with Allow",
  withClient(async (client) => {
    for (const endpoint of ["/Users", "/Groups"]) {
      for (const method of ["PUT", "PATCH", "DELETE", "OPTIONS"]) {
        const answer = await client.send(endpoint, { method });
        isScimError(answer, 405, undefined, new RegExp(method));
        strictEqual(answer.headers.get("Allow"), "GET, POST");
      }
    }
  }),
);

Deno.test(
  "44-3.2-6 POST on a resource is 405 with Allow",
  withClient(async (client) => {
    const answer = await client.post("/Users/x", user("a"));
    isScimError(answer, 405, undefined, /POST.*GET, PUT, PATCH, DELETE/);
    strictEqual(answer.headers.get("Allow"), "GET, PUT, PATCH, DELETE");
  }),
);
