import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import {
  type Answer,
  type Client,
  group,
  isList,
  isScimError,
  objects,
  text,
  URN,
  user,
  withClient,
} from "../../routes/harness.ts";

const PROFILES = ["rfc", "compatible"] as const;
const SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

// mutability.

const MINE = {
  id: "mine",
  groups: [{ value: "mine" }],
  meta: {
    resourceType: "Group",
    created: "2001-01-01T00:00:00Z",
    lastModified: "2001-01-01T00:00:00Z",
    location: "https://example.com/mine",
    version: "mine",
  },
};

for (const profile of PROFILES) {
  Deno.test(
    `43-7-10 No write changes what is readOnly in a user (${profile})`,
    withClient(async (client, server) => {
      const { id } = await client.user("ada");
      await client.group("staff", [id]);
      const { json: before } = await client.get(`/Users/${id}`);
      server.pass({ hours: 1 });
      const put = await client.put(`/Users/${id}`, user("ada", MINE));
      deepStrictEqual(put.json, before);
      for (const [path, value] of Object.entries(MINE)) {
        for (const op of ["add", "replace", "remove"]) {
          const operation = { op, path, value };
          const answer = await client.patch(`/Users/${id}`, [operation]);
          isScimError(answer, 400, "mutability", /is readOnly/);
        }
        const whole = { op: "replace", value: { [path]: value } };
        await client.patch(`/Users/${id}`, [whole]);
      }
      deepStrictEqual((await client.get(`/Users/${id}`)).json, before);
    }, { profile }),
  );

  Deno.test(
    `43-7-10 No write changes what is readOnly in a member (${profile})`,
    withClient(async (client) => {
      const { id: ada } = await client.user("ada");
      const { id, json } = await client.group("staff", [ada]);
      const members = [{ value: ada, display: "mine" }];
      const body = group("staff", [], { members });
      const put = await client.put(`/Groups/${id}`, body);
      deepStrictEqual(put.json["members"], json["members"]);
      for (const op of ["add", "replace"]) {
        const operation = { op, path: "members", value: members };
        await client.patch(`/Groups/${id}`, [operation]);
        const read = await client.get(`/Groups/${id}`);
        deepStrictEqual(read.json["members"], json["members"]);
      }
    }, { profile }),
  );
}

Deno.test(
  "43-7-11 What is readWrite is set, changed, taken away and set again",
  withClient(async (client) => {
    const { id } = await client.user("ada", { title: "Dr.", active: true });
    const shows = async (title: JsonValue | undefined) => {
      const { json } = await client.get(`/Users/${id}`);
      strictEqual(json["title"], title);
      isList(await client.get("/Users?filter=title pr"), {
        total: title === undefined ? 0 : 1,
      });
    };
    await shows("Dr.");
    const path = "title";
    await client.patch(`/Users/${id}`, [{
      op: "replace",
      path,
      value: "Prof.",
    }]);
    await shows("Prof.");
    await client.put(`/Users/${id}`, user("ada", { title: "Dean" }));
    await shows("Dean");
    await client.patch(`/Users/${id}`, [{ op: "remove", path }]);
    await shows(undefined);
    await client.patch(`/Users/${id}`, [{
      op: "add",
      value: { title: "Dr." },
    }]);
    await shows("Dr.");
    await client.put(`/Users/${id}`, user("ada"));
    await shows(undefined);
  }, { profile: "rfc" }),
);

// returned.

/** A value of each attribute of User that is returned by default, but groups. */
const FULL: JsonObject = user("ada", {
  externalId: "7",
  name: { givenName: "Ada" },
  displayName: "Ada King",
  nickName: "Countess",
  profileUrl: "https://example.com/ada",
  title: "Dr.",
  userType: "Employee",
  preferredLanguage: "en",
  locale: "en-GB",
  timezone: "Europe/London",
  active: true,
  emails: [{ value: "a@b.c" }],
  phoneNumbers: [{ value: "1" }],
  ims: [{ value: "a" }],
  photos: [{ value: "https://example.com/ada.png" }],
  addresses: [{ locality: "London" }],
  entitlements: [{ value: "a" }],
  roles: [{ value: "a" }],
  x509Certificates: [{ value: "MAkwADAAAwMAAAA=" }],
});

async function fullUser(client: Client): Promise<string> {
  const { id } = await client.user("ada", FULL);
  await client.group("staff", [id]);
  return id;
}

/** What a user shows, asked for in each way to ask. */
async function shown(
  client: Client,
  id: string,
  selection: Readonly<Record<string, string>>,
): Promise<JsonObject[]> {
  const query = new URLSearchParams(selection);
  const lists = Object.fromEntries(
    Object.entries(selection).map(([name, text]) => [name, text.split(",")]),
  );
  const search = (path: string): Promise<Answer> =>
    client.post(path, { schemas: [SEARCH], filter: `id eq "${id}"`, ...lists });
  return [
    (await client.get(`/Users/${id}?${query}`)).json,
    ...isList(await client.get(`/Users?${query}`), { total: 1 }),
    ...isList(await search("/Users/.search"), { total: 1 }),
    ...isList(await search("/.search"), { total: 1 }),
    (await client.patch(`/Users/${id}?${query}`, [
      { op: "replace", path: "nickName", value: "Countess" },
    ])).json,
  ];
}

Deno.test(
  "43-7-14 What is returned always is there, whatever the lists of attributes say",
  withClient(async (client) => {
    const id = await fullUser(client);
    const { json } = await client.get(`/Schemas/${URN.user}`);
    const always = objects(json["attributes"])
      .filter(({ returned }) => returned === "always");
    deepStrictEqual(always, []); // id and schemas are common to all types
    for (
      const selection of [
        { attributes: "title" },
        { attributes: "nonsense" },
        { excludedAttributes: "id,schemas" },
        { excludedAttributes: `${URN.user}:id,${URN.user}` },
      ]
    ) {
      for (const resource of await shown(client, id, selection)) {
        strictEqual(resource["id"], id);
        deepStrictEqual(resource["schemas"], [URN.user]);
      }
    }
  }, { profile: "rfc" }),
);

Deno.test(
  "43-7-16 What is returned by default is there unless it is excluded or others are named",
  withClient(async (client) => {
    const id = await fullUser(client);
    const { json } = await client.get(`/Schemas/${URN.user}`);
    const names = objects(json["attributes"])
      .filter(({ returned }) => returned === "default").map((a) =>
        text(a["name"])
      );
    const expected = ["id", "meta", "schemas", ...names].sort();
    for (const resource of await shown(client, id, {})) {
      deepStrictEqual(Object.keys(resource).sort(), expected);
    }
    for (const name of [...names, "meta"]) {
      for (
        const resource of await shown(client, id, { excludedAttributes: name })
      ) {
        deepStrictEqual(
          Object.keys(resource).sort(),
          expected.filter((other) => other !== name),
        );
      }
      for (const resource of await shown(client, id, { attributes: name })) {
        deepStrictEqual(
          Object.keys(resource).sort(),
          ["id", "schemas", name].sort(),
        );
      }
    }
  }, { profile: "rfc" }),
);

Deno.test(
  "43-7-15 What is returned never is absent though it was sent and is asked for by name",
  withClient(async (client) => {
    const id = await fullUser(client);
    const password = "1mz050nqZq7";
    const body = user("ada", { password });
    for (
      const query of [
        "",
        "?attributes=password",
        `?attributes=${URN.user}:password,title`,
        "?excludedAttributes=title",
      ]
    ) {
      const { json: put } = await client.put(`/Users/${id}${query}`, body);
      strictEqual("password" in put, false);
      const { json: patched } = await client.patch(`/Users/${id}${query}`, [
        { op: "add", path: "password", value: password },
      ]);
      strictEqual("password" in patched, false);
    }
    for (
      const resource of await shown(client, id, { attributes: "password" })
    ) {
      deepStrictEqual(Object.keys(resource).sort(), ["id", "schemas"]);
    }
  }, { profile: "rfc" }),
);
