import { strictEqual } from "node:assert/strict";
import {
  isList,
  isScimError,
  objects,
  TestServer,
  URN,
} from "../../routes/harness.ts";

const PERSON = "urn:example:params:scim:schemas:extension:person:2.0:User";

for (const profile of ["rfc", "compatible"] as const) {
  Deno.test(`44-7-8 A filter on a sensitive attribute is 403 in a URL and answered by .search (${profile})`, async () => {
    await using server = await TestServer.start();
    const { status } = await server.admin("POST", "/schemas", {
      extends: "User",
      schema: {
        id: PERSON,
        attributes: [
          { name: "taxNumber", sensitive: true },
          {
            name: "passport",
            type: "complex",
            sensitive: true,
            subAttributes: [{ name: "number" }],
          },
          { name: "hat" },
        ],
      },
    });
    strictEqual(status, 201);
    const client = await server.client({ profile });
    const { id } = await client.user("ada", {
      schemas: [URN.user, PERSON],
      [PERSON]: { taxNumber: "77", passport: { number: "P1" }, hat: "red" },
    });
    for (
      const filter of [
        `${PERSON}:taxNumber eq "77"`,
        `userName eq "ada" or not (${PERSON}:taxNumber pr)`,
        `${PERSON}:passport.number sw "P"`,
        `${PERSON}:passport[number eq "P1"]`,
      ]
    ) {
      for (const path of ["/Users", "/"]) {
        const query = `?filter=${encodeURIComponent(filter)}`;
        const answer = await client.get(`${path}${query}`);
        isScimError(answer, 403, "sensitive", /\.search/);
      }
      const found = await client.post("/Users/.search", {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        filter,
      });
      strictEqual(isList(found, { total: 1 })[0]?.["id"], id);
    }
    const hats = encodeURIComponent(`${PERSON}:hat eq "red"`);
    isList(await client.get(`/Users?filter=${hats}`), { total: 1 });
  });
}

Deno.test("44-7-8 The published schema says that an attribute is sensitive", async () => {
  await using server = await TestServer.start();
  await server.admin("POST", "/schemas", {
    schema: { id: PERSON, attributes: [{ name: "x", sensitive: true }] },
  });
  const client = await server.client();
  const { json } = await client.get(`/Schemas/${PERSON}`);
  strictEqual(
    objects(json["attributes"])[0]?.["description"],
    "Filters on it are taken by POST /.search only.",
  );
});
