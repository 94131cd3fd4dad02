import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  isList,
  isScimError,
  URN,
  user,
  values,
  withClient,
} from "../harness.ts";

Deno.test(
  "44-3.6-5 DELETE is 204 without a body",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const answer = await client.delete(`/Users/${id}`);
    strictEqual(answer.status, 204);
    strictEqual(answer.text, "");
  }),
);

Deno.test(
  "44-3.6-2 Every method on a deleted id is 404",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    await client.delete(`/Users/${id}`);
    const path = `/Users/${id}`;
    isScimError(await client.get(path), 404);
    isScimError(await client.put(path, user("ada")), 404);
    isScimError(
      await client.patch(path, [{ op: "remove", path: "title" }]),
      404,
    );
    isScimError(await client.delete(path), 404);
  }),
);

Deno.test(
  "44-3.6-4 43-3.1-6 The userName of a deleted user is free at once, and the id is not used again",
  withClient(async (client) => {
    const first = await client.user("ada");
    await client.delete(`/Users/${first.id}`);
    const second = await client.user("ada");
    strictEqual(first.id === second.id, false);
    isScimError(await client.get(`/Users/${first.id}`), 404);
  }),
);

Deno.test(
  "44-3.6-6 A deleted user is in no group",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const bob = await client.user("bob");
    const { id } = await client.group("staff", [ada.id, bob.id]);
    await client.delete(`/Users/${ada.id}`);
    const { json } = await client.get(`/Groups/${id}`);
    deepStrictEqual(values(json["members"]), [bob.id]);
    isList(
      await client.get(`/Groups?filter=members.value eq "${ada.id}"`),
      { total: 0 },
    );
  }),
);

Deno.test(
  "A deleted group is in no user",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const { id } = await client.group("staff", [ada.id]);
    await client.delete(`/Groups/${id}`);
    const { json } = await client.get(`/Users/${ada.id}`);
    strictEqual(json["groups"], undefined);
  }),
);

Deno.test(
  "44-3.6-6 A deleted manager is shown by id alone",
  withClient(async (client) => {
    const boss = await client.user("boss");
    const { id } = await client.user("ada", {
      [URN.enterprise]: { manager: { value: boss.id } },
    });
    await client.delete(`/Users/${boss.id}`);
    const { json } = await client.get(`/Users/${id}`);
    deepStrictEqual(json[URN.enterprise], { manager: { value: boss.id } });
  }),
);

Deno.test(
  "A body that comes with DELETE is not looked at",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const { status } = await client.send(`/Users/${id}`, {
      method: "DELETE",
      body: "{",
    });
    strictEqual(status, 204);
  }),
);
