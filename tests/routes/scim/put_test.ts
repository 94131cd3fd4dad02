import {
  deepStrictEqual,
  notStrictEqual,
  strictEqual,
} from "node:assert/strict";
import {
  BASE,
  group,
  isList,
  isScimError,
  object,
  URN,
  user,
  values,
  withClient,
} from "../harness.ts";

Deno.test(
  "44-3.5-1 44-3.5.1-10 PUT answers 200 with the whole resource, Location and ETag",
  withClient(async (client) => {
    const { id, version } = await client.user("ada", { title: "Dr." });
    const answer = await client.put(
      `/Users/${id}`,
      user("ada", { nickName: "A" }),
    );
    strictEqual(answer.status, 200);
    strictEqual(answer.json["title"], undefined);
    strictEqual(answer.json["nickName"], "A");
    strictEqual(answer.headers.get("Location"), `${BASE}/Users/${id}`);
    notStrictEqual(answer.headers.get("ETag"), version);
    deepStrictEqual((await client.get(`/Users/${id}`)).json, answer.json);
  }),
);

Deno.test(
  "44-3.5.1-1 PUT on an unknown id is 404 and creates nothing",
  withClient(async (client) => {
    isScimError(await client.put("/Users/nobody", user("ada")), 404);
    isList(await client.get("/Users"), { total: 0 });
  }),
);

Deno.test(
  "44-3.5.1-8 What Okta echoes in a PUT (id, meta, groups) is ignored",
  withClient(async (client) => {
    const { id, json } = await client.user("ada");
    const { id: staff } = await client.group("staff", [id]);
    const { json: read } = await client.get(`/Users/${id}`);
    const echo = { ...read, id: "other", active: false };
    const answer = await client.put(`/Users/${id}`, echo);
    strictEqual(answer.json["id"], id);
    strictEqual(answer.json["active"], false);
    deepStrictEqual(values(answer.json["groups"]), [staff]);
    strictEqual(
      object(answer.json["meta"])["created"],
      object(json["meta"])["created"],
    );
  }),
);

Deno.test(
  "44-3.5.1-11 A PUT that changes nothing keeps version and lastModified",
  withClient(async (client, server) => {
    const { id, version, json } = await client.user("ada", { title: "Dr." });
    server.pass({ hours: 1 });
    const answer = await client.put(
      `/Users/${id}`,
      user("ada", { title: "Dr." }),
    );
    strictEqual(answer.status, 200);
    strictEqual(answer.headers.get("ETag"), version);
    deepStrictEqual(answer.json, json);
  }),
);

Deno.test(
  "A PUT that changes something moves lastModified and not created",
  withClient(async (client, server) => {
    const { id } = await client.user("ada");
    server.pass({ hours: 1 });
    const { json } = await client.put(
      `/Users/${id}`,
      user("ada", { title: "x" }),
    );
    const { created, lastModified } = object(json["meta"]);
    strictEqual(created, "2026-06-01T08:00:00.000Z");
    strictEqual(lastModified, "2026-06-01T09:00:00.000Z");
  }),
);

Deno.test(
  "44-3.5.1-12 A PUT that takes the userName of another user is 409",
  withClient(async (client) => {
    await client.user("ada");
    const { id } = await client.user("bob");
    const answer = await client.put(`/Users/${id}`, user("ADA"));
    isScimError(answer, 409, "uniqueness");
    strictEqual((await client.get(`/Users/${id}`)).json["userName"], "bob");
    const own = await client.put(`/Users/${id}`, user("BOB"));
    strictEqual(own.json["userName"], "BOB");
  }),
);

Deno.test(
  "44-3.5.1-9 A PUT without a required attribute is 400",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const answer = await client.put(`/Users/${id}`, { schemas: [URN.user] });
    isScimError(answer, 400, "invalidValue", /"userName" is required/);
  }),
);

Deno.test(
  "44-3.5.1-13 A PUT that leaves an extension out takes its data away",
  withClient(async (client) => {
    const { id } = await client.user("ada", {
      [URN.enterprise]: { department: "R" },
    });
    const { json } = await client.put(`/Users/${id}`, user("ada"));
    deepStrictEqual(json["schemas"], [URN.user]);
    strictEqual(json[URN.enterprise], undefined);
  }),
);

Deno.test(
  "44-3.5.1-2 A PUT of a group replaces its members",
  withClient(async (client) => {
    const [a, b, c] = [
      await client.user("a"),
      await client.user("b"),
      await client.user("c"),
    ];
    const { id } = await client.group("staff", [a.id, b.id]);
    const answer = await client.put(
      `/Groups/${id}`,
      group("staff", [c.id, b.id]),
    );
    deepStrictEqual(values(answer.json["members"]).sort(), [b.id, c.id].sort());
    const emptied = await client.put(`/Groups/${id}`, group("staff"));
    strictEqual(emptied.json["members"], undefined);
    deepStrictEqual((await client.get(`/Groups/${id}`)).json, emptied.json);
  }),
);

Deno.test(
  "A PUT with a member that does not exist changes nothing",
  withClient(async (client, server) => {
    const { id } = await client.group("staff");
    const before = await server.dump();
    const body = group("renamed", ["nobody"]);
    isScimError(await client.put(`/Groups/${id}`, body), 400, "invalidValue");
    deepStrictEqual(await server.dump(), before);
  }),
);
