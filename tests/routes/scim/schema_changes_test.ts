import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  type Answer,
  type Client,
  isScimError,
  TestServer,
  URN,
  user,
} from "../harness.ts";

const HAT = "urn:example:params:scim:schemas:extension:hat:2.0:User";

/**
 * Sends a request whose body ends only after something else has happened, so that
 * it was begun under the rules of before.
 */
async function slowly(
  client: Client,
  method: string,
  path: string,
  body: unknown,
  meanwhile: () => Promise<unknown>,
): Promise<Answer> {
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  const stream = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(bytes.slice(0, 5));
      await meanwhile();
      controller.enqueue(bytes.slice(5));
      controller.close();
    },
  });
  return await client.send(path, { method, body: stream });
}

function addHat(server: TestServer, attribute = {}, more = {}) {
  return server.admin("POST", "/schemas", {
    extends: "User",
    schema: { id: HAT, attributes: [{ name: "size", ...attribute }] },
    ...more,
  });
}

Deno.test("A user that is sent while an extension goes is stored without it", async () => {
  await using server = await TestServer.start();
  await addHat(server);
  const client = await server.client();
  const { status, json } = await slowly(
    client,
    "POST",
    "/Users",
    { ...user("ada"), [HAT]: { size: "L" } },
    async () => {
      strictEqual(
        (await server.admin("DELETE", `/schemas/${HAT}`)).status,
        204,
      );
    },
  );
  strictEqual(status, 201);
  strictEqual(json[HAT], undefined);
  const { id } = json;
  const patched = await client.patch(`/Users/${id}`, [
    { op: "replace", value: { active: false } },
  ]);
  strictEqual(patched.status, 200);
  deepStrictEqual(patched.json["schemas"], [URN.user]);
});

Deno.test("A value that is sent while its attribute becomes another is read by the new rule", async () => {
  await using server = await TestServer.start();
  await addHat(server);
  const client = await server.client();
  const answer = await slowly(
    client,
    "POST",
    "/Users",
    { ...user("ada"), [HAT]: { size: "L" } },
    () =>
      server.admin("PUT", `/schemas/${HAT}`, {
        schema: { id: HAT, attributes: [{ name: "size", type: "integer" }] },
      }),
  );
  isScimError(answer, 400, "invalidValue", /size" must be an integer/);
});

Deno.test("A user that is sent while an extension becomes required has to have it", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  const answer = await slowly(
    client,
    "POST",
    "/Users",
    user("ada"),
    () => addHat(server, {}, { required: true }),
  );
  isScimError(answer, 400, "invalidValue", /is required for User/);
});

Deno.test("A change that is sent while a schema is added keeps what others set by it", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  const { id } = await client.user("ada");
  const { status, json } = await slowly(
    client,
    "PATCH",
    `/Users/${id}`,
    {
      schemas: [URN.patch],
      Operations: [{ op: "replace", path: "displayName", value: "Ada" }],
    },
    async () => {
      await addHat(server, { mutability: "immutable" });
      await client.patch(`/Users/${id}`, [
        { op: "add", path: `${HAT}:size`, value: "L" },
      ]);
    },
  );
  strictEqual(status, 200);
  strictEqual(json["displayName"], "Ada");
  deepStrictEqual(json[HAT], { size: "L" });
});

Deno.test("A write that would use what is about to go waits for the outcome", async () => {
  await using server = await TestServer.start();
  await addHat(server);
  const client = await server.client();
  await client.user("bob", { [HAT]: { size: "S" } });
  for (let i = 0; i < 20; i++) {
    const [removal, creation] = await Promise.all([
      server.admin("DELETE", `/schemas/${HAT}`),
      client.post("/Users", { ...user(`u${i}`), [HAT]: { size: "L" } }),
    ]);
    strictEqual(removal.status, 409, removal.text);
    strictEqual(creation.status, 201, creation.text);
    deepStrictEqual(creation.json[HAT], { size: "L" });
  }
});
