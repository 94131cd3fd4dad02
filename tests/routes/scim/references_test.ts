import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  BASE,
  isList,
  isScimError,
  object,
  objects,
  TestServer,
  URN,
} from "../harness.ts";

const OWNED = "urn:example:params:scim:schemas:extension:owned:2.0:Group";

const reference = [
  { name: "value" },
  { name: "$ref", type: "reference", referenceTypes: ["User"] },
];

/** A server whose groups have owners, with a group that has some. */
async function owned(server: TestServer) {
  await server.admin("POST", "/schemas", {
    extends: "Group",
    schema: {
      id: OWNED,
      attributes: [
        { name: "owner", type: "complex", subAttributes: reference },
        {
          name: "others",
          type: "complex",
          multiValued: true,
          subAttributes: reference,
        },
      ],
    },
  });
  const client = await server.client({ profile: "rfc" });
  const ada = await client.user("ada");
  const bob = await client.user("bob");
  const group = await client.group("staff", [], {
    schemas: [URN.group, OWNED],
    [OWNED]: { owner: { value: ada.id }, others: [{ value: bob.id }] },
  });
  await client.group("nobody's");
  return { client, ada, bob, group };
}

Deno.test("43-2.1-5 43-2.4-7 Filters find references of custom schemas by their URIs", async () => {
  await using server = await TestServer.start();
  const { client, ada, bob, group } = await owned(server);
  for (
    const [filter, total] of [
      [`${OWNED}:owner.$ref pr`, 1],
      [`${OWNED}:owner.$ref eq "${BASE}/Users/${ada.id}"`, 1],
      [`${OWNED}:owner.$ref eq "/Users/${ada.id}"`, 1],
      [`${OWNED}:owner.$ref eq "/Users/${bob.id}"`, 0],
      [`${OWNED}:owner.$ref co "/Users/"`, 1],
      [`${OWNED}:others[$ref pr]`, 1],
      [`${OWNED}:others.$ref eq "/Users/${bob.id}"`, 1],
      [`${OWNED}:others[$ref eq "/Users/${bob.id}"]`, 1],
    ] as const
  ) {
    const answer = await client.get(
      `/Groups?filter=${encodeURIComponent(filter)}`,
    );
    const [found] = isList(answer, { total });
    if (total === 1) strictEqual(found?.["id"], group.id, filter);
  }
});

Deno.test("PATCH chooses references by value, and says so to who tries by URI", async () => {
  await using server = await TestServer.start();
  const { client, bob, group } = await owned(server);
  const path = `/Groups/${group.id}?attributes=${OWNED}`;
  const answer = await client.patch(path, [
    { op: "remove", path: `${OWNED}:others[$ref eq "/Users/${bob.id}"]` },
  ]);
  isScimError(answer, 400, "invalidFilter", /by "value"/);
  const { json } = await client.patch(path, [
    { op: "remove", path: `${OWNED}:others[value eq "${bob.id}"]` },
  ]);
  strictEqual(object(json[OWNED])["others"], undefined);
});

Deno.test("43-2.3-13 43-2.3-15 PATCH of a $ref takes the URI of such a resource only", async () => {
  await using server = await TestServer.start();
  const { client, ada, bob, group } = await owned(server);
  const path = `/Groups/${group.id}?attributes=${OWNED}`;
  for (
    const uri of [
      "https://evil.example",
      `/Groups/${group.id}`,
      "urn:x:y",
      "/Users/",
    ]
  ) {
    for (const attribute of ["owner.$ref", "owner"]) {
      const value = attribute === "owner" ? { $ref: uri } : uri;
      const answer = await client.patch(path, [
        { op: "replace", path: `${OWNED}:${attribute}`, value },
      ]);
      // A complex value keeps what is not named, so that a lone $ref is read first.
      isScimError(answer, 400, "invalidValue", /\/Users\/\{id\}/);
    }
  }
  const { json } = await client.patch(path, [
    { op: "replace", path: `${OWNED}:owner.$ref`, value: `/Users/${bob.id}` },
  ]);
  deepStrictEqual(object(json[OWNED])["owner"], {
    value: bob.id,
    $ref: `${BASE}/Users/${bob.id}`,
  });
  strictEqual(ada.id === bob.id, false);
});

Deno.test("What was kept from everybody does not come out by another form of its schema", async () => {
  await using server = await TestServer.start();
  const id = "urn:example:params:scim:schemas:extension:vault:2.0:User";
  const form = (more: Record<string, string>) => ({
    schema: { id, attributes: [{ name: "pin", ...more }, { name: "hat" }] },
  });
  await server.admin("POST", "/schemas", {
    extends: "User",
    ...form({ mutability: "writeOnly" }),
  });
  const client = await server.client();
  const ada = await client.user("ada", {
    [id]: { pin: "SECRET-1", hat: "red" },
  });
  for (const more of [{}, { returned: "request" }]) {
    const { status } = await server.admin("PUT", `/schemas/${id}`, form(more));
    strictEqual(status, 409);
  }
  await client.patch(`/Users/${ada.id}`, [
    { op: "replace", path: `${id}:hat`, value: "SECRET-2" },
  ]);
  const changes = () => server.admin("GET", "/changes");
  strictEqual((await changes()).text.includes("SECRET-2"), true);
  const { status } = await server.admin("PUT", `/schemas/${id}`, {
    schema: {
      id,
      attributes: [
        { name: "pin", mutability: "writeOnly" },
        { name: "hat", returned: "never" },
      ],
    },
  });
  strictEqual(status, 200);
  const { text, json } = await changes();
  strictEqual(/SECRET/.test(text), false);
  strictEqual(objects(json["changes"]).length, 2);
});
