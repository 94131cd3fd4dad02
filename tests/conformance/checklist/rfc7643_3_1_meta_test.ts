import {
  deepStrictEqual,
  match,
  notStrictEqual,
  ok,
  strictEqual,
} from "node:assert/strict";
import type { JsonValue } from "../../../domain/json.ts";
import { create, withDevices } from "../../routes/custom_types.ts";
import {
  type Answer,
  BASE,
  type Client,
  isList,
  isScimError,
  object,
  objects,
  text,
  URN,
  user,
  withClient,
} from "../../routes/harness.ts";
import { BODIES, isNew, MINE, query } from "./common_attributes.ts";

// RFC 7643 section 3.1: meta.

const PROFILES = ["rfc", "compatible"] as const;
const BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/** Values of meta that no client can set; none of them costs a request anything. */
const METAS: readonly JsonValue[] = [
  MINE,
  { created: "2001-01-01T00:00:00Z" },
  { created: "no date" },
  {},
  null,
  "mine",
  [MINE],
];

for (const profile of PROFILES) {
  for (const [endpoint, body] of Object.entries(BODIES)) {
    Deno.test(
      `43-3.1-14 meta has no effect in POST and PUT ${endpoint}, whatever it is (${profile})`,
      withDevices(async (client, server) => {
        const type = endpoint.slice(1, -1);
        for (const meta of METAS) {
          const sent = { ...body, meta };
          const { path, json } = await create(client, endpoint, sent);
          isNew(json, type, path);
          server.pass({ hours: 1 });
          const put = await client.put(path, sent);
          strictEqual(put.status, 200, put.text);
          deepStrictEqual(put.json, json);
          deepStrictEqual((await client.get(path)).json, json);
          await client.delete(path);
          server.pass({ hours: -1 });
        }
      }, { profile }),
    );

    Deno.test(
      `43-3.1-14 meta has no effect in a PATCH of ${endpoint} without a path, whatever it is (${profile})`,
      withDevices(async (client, server) => {
        const { path, json } = await create(client, endpoint, body);
        server.pass({ hours: 1 });
        for (const meta of METAS) {
          for (const op of ["add", "replace"]) {
            const answer = await client.patch(path, [{ op, value: { meta } }]);
            ok([200, 204].includes(answer.status), answer.text);
            deepStrictEqual((await client.get(path)).json, json);
          }
        }
        const operation = { op: "add", value: { META: MINE, externalId: "x" } };
        await client.patch(path, [operation]);
        const { json: after } = await client.get(path);
        strictEqual(after["externalId"], "x");
        const { created, lastModified } = object(after["meta"]);
        strictEqual(created, "2026-06-01T08:00:00.000Z");
        strictEqual(lastModified, "2026-06-01T09:00:00.000Z");
      }, { profile }),
    );
  }

  Deno.test(
    `43-3.1-14 meta has no effect in a value without a path under its full name (${profile})`,
    withClient(async (client, server) => {
      const { id, json } = await client.user("ada");
      const path = `/Users/${id}`;
      server.pass({ hours: 1 });
      for (
        const value of [
          { [`${URN.user}:meta`]: MINE },
          { [`${URN.user}:META`]: "mine" },
          { [`${URN.user}:meta.created`]: "2001-01-01T00:00:00Z" },
        ]
      ) {
        const patched = await client.patch(path, [{ op: "add", value }]);
        const put = await client.put(path, user("ada", value));
        for (const answer of [patched, put, await client.get(path)]) {
          strictEqual(answer.status, 200, answer.text);
          deepStrictEqual(answer.json, json);
        }
      }
    }, { profile }),
  );

  Deno.test(
    `43-3.1-15 No sub-attribute of meta is to be set by its path (${profile})`,
    withClient(async (client, server) => {
      const { id } = await client.user("ada");
      const before = await server.dump();
      for (const [name, value] of Object.entries(MINE)) {
        for (const op of ["add", "replace", "remove"]) {
          const operation = { op, path: `meta.${name}`, value };
          const answer = await client.patch(`/Users/${id}`, [operation]);
          isScimError(answer, 400, "mutability", /"meta(\.\w+)?" is readOnly/);
        }
      }
      deepStrictEqual(await server.dump(), before);
    }, { profile }),
  );
}

Deno.test(
  "43-3.1-7 43-3.1-14 The compatible profile ignores id and meta as keys of any form",
  withClient(async (client) => {
    const { id, json } = await client.user("ada");
    for (
      const value of [
        { id: "mine", meta: MINE },
        { [`${URN.user}:id`]: "mine" },
        { "meta.created": "2001-01-01T00:00:00Z" },
        { "meta[version pr].version": "mine" },
      ]
    ) {
      const answer = await client.patch(`/Users/${id}`, [
        { op: "replace", value },
      ]);
      strictEqual(answer.status, 200, answer.text);
      deepStrictEqual(answer.json, json);
    }
  }, { profile: "compatible" }),
);

Deno.test(
  "43-3.1-15 meta is shown by default, left out of other attributes, and shown part by part",
  withClient(async (client) => {
    const { id, json } = await client.user("ada");
    const meta = object(json["meta"]);
    const shown = async (query: string) =>
      (await client.get(`/Users/${id}?${query}`)).json["meta"];
    deepStrictEqual(await shown(""), meta);
    for (const absent of ["attributes=userName", "excludedAttributes=meta"]) {
      strictEqual(await shown(absent), undefined);
    }
    deepStrictEqual(await shown("attributes=meta"), meta);
    for (const [name, value] of Object.entries(meta)) {
      const { [name]: _, ...others } = meta;
      deepStrictEqual(await shown(`attributes=meta.${name}`), {
        [name]: value,
      });
      deepStrictEqual(await shown(`excludedAttributes=meta.${name}`), others);
    }
    const [listed] = isList(await client.get("/Users?attributes=userName"), {
      total: 1,
    });
    deepStrictEqual(listed, { schemas: [URN.user], id, userName: "ada" });
  }),
);

Deno.test(
  "43-3.1-16 meta.resourceType is the name of the type, and compared exactly",
  withDevices(async (client) => {
    const { json: types } = await client.get("/ResourceTypes");
    const named = objects(types["Resources"]).map(({ name }) => name);
    for (const [endpoint, body] of Object.entries(BODIES)) {
      const { id, json } = await create(client, endpoint, body);
      const { resourceType } = object(json["meta"]);
      const name = text(resourceType);
      ok(named.includes(name));
      for (
        const [value, total] of [
          [name, 1],
          [name.toLowerCase(), 0],
          [name.toUpperCase(), 0],
        ] as const
      ) {
        const filter = `meta.resourceType eq "${value}"`;
        isList(await client.get(query(endpoint, filter)), { total });
        const found = isList(await client.get(query("", filter)), { total });
        if (total === 1) strictEqual(found[0]?.["id"], id);
      }
    }
  }),
);

/** Changes of a user that has a title, one an hour. */
const CHANGES: Readonly<
  Record<string, (client: Client, path: string) => Promise<Answer>>
> = {
  PUT: (client, path) => client.put(path, user("ada", { title: "Prof." })),
  "PATCH of one attribute": (client, path) =>
    client.patch(path, [{ op: "replace", path: "title", value: "Prof." }]),
  "PATCH without a path": (client, path) =>
    client.patch(path, [{ op: "add", value: { nickName: "A" } }]),
  "PATCH that removes": (client, path) =>
    client.patch(path, [{ op: "remove", path: "title" }]),
};

for (const [name, change] of Object.entries(CHANGES)) {
  Deno.test(
    `43-3.1-17 43-3.1-18 created stays and lastModified moves with a ${name}`,
    withClient(async (client, server) => {
      const { id, json } = await client.user("ada", { title: "Dr." });
      const { created, lastModified } = object(json["meta"]);
      strictEqual(created, server.now.toISOString());
      strictEqual(lastModified, created);
      server.pass({ hours: 1 });
      const path = `/Users/${id}`;
      const read = await client.get(path);
      deepStrictEqual(read.json, json);
      const changed = await change(client, path);
      const meta = object(changed.json["meta"]);
      strictEqual(meta["created"], created);
      strictEqual(meta["lastModified"], server.now.toISOString());
      deepStrictEqual((await client.get(path)).json["meta"], meta);
    }),
  );
}

Deno.test(
  "43-3.1-17 43-3.1-18 What changes nothing, and what fails, moves neither created nor lastModified",
  withDevices(async (client, server) => {
    for (const [endpoint, body] of Object.entries(BODIES)) {
      const { path, json } = await create(client, endpoint, body);
      server.pass({ hours: 1 });
      const same = [{
        op: "add",
        path: "schemas",
        value: body["schemas"] ?? [],
      }];
      for (
        const [answer, status] of [
          [await client.put(path, body), 200],
          [await client.patch(path, same), endpoint === "/Groups" ? 204 : 200],
          [await client.put(path, { schemas: [] }), 400],
          [await client.patch(path, [{ op: "remove", path: "id" }]), 400],
          [await client.put(path, body, { "If-Match": '"x"' }), 412],
        ] as const
      ) {
        strictEqual(answer.status, status, answer.text);
        deepStrictEqual((await client.get(path)).json, json);
      }
    }
  }),
);

Deno.test(
  "43-3.1-17 43-3.1-18 A group's lastModified moves with its members, and created stays",
  withClient(async (client, server) => {
    const { id: ada } = await client.user("ada");
    const { id, json } = await client.group("staff");
    const { created, lastModified } = object(json["meta"]);
    strictEqual(lastModified, created);
    for (
      const operation of [
        { op: "add", path: "members", value: [{ value: ada }] },
        { op: "remove", path: `members[value eq "${ada}"]` },
      ]
    ) {
      server.pass({ hours: 1 });
      await client.patch(`/Groups/${id}`, [operation]);
      const meta = object((await client.get(`/Groups/${id}`)).json["meta"]);
      strictEqual(meta["created"], created);
      strictEqual(meta["lastModified"], server.now.toISOString());
    }
  }),
);

Deno.test(
  "43-3.1-19 meta.location is where the resource is; no Location and no Content-Location says otherwise",
  withDevices(async (client) => {
    for (const [endpoint, body] of Object.entries(BODIES)) {
      const created = await client.post(endpoint, body);
      const { id, meta } = created.json;
      const url = `${BASE}${endpoint}/${text(id)}`;
      strictEqual(object(meta)["location"], url);
      deepStrictEqual((await client.send(url)).json, created.json);
      for (
        const { status, headers } of [
          created,
          await client.get(url),
          await client.get(`${url}?attributes=id`),
          await client.put(url, body),
          await client.patch(url, [{ op: "add", value: { externalId: "x" } }]),
        ]
      ) {
        ok(status < 300);
        strictEqual(headers.get("Location"), url);
        strictEqual(headers.get("Content-Location") ?? url, url);
      }
    }
  }),
);

Deno.test(
  "43-3.1-20 43-3.1-21 meta.version is the ETag to the letter, and weak with an upper-case W/",
  withDevices(async (client) => {
    for (const [endpoint, body] of Object.entries(BODIES)) {
      const first = await client.post(endpoint, body);
      const path = `${endpoint}/${text(first.json["id"])}`;
      const put = await client.put(path, { ...body, externalId: "x" });
      const patched = await client.patch(path, [
        { op: "replace", path: "externalId", value: "y" },
      ]);
      const read = await client.get(path);
      const versions = [first, put, read].map(({ json, headers }) => {
        const version = text(object(json["meta"])["version"]);
        strictEqual(version, headers.get("ETag"));
        match(version, /^W\/"[\x21\x23-\x7e]+"$/);
        return version;
      });
      strictEqual(new Set(versions).size, 3);
      strictEqual(patched.headers.get("ETag"), versions.at(-1));
      const [listed] = isList(await client.get(endpoint), { total: 1 });
      deepStrictEqual(listed, read.json);
    }
  }),
);

Deno.test(
  "43-3.1-20 43-3.1-21 The version that a bulk request and a 304 tell is that of meta",
  withClient(async (client) => {
    const { json } = await client.post("/Bulk", {
      schemas: [BULK],
      Operations: [
        { method: "POST", path: "/Users", bulkId: "1", data: user("ada") },
      ],
    });
    const [created] = objects(json["Operations"]);
    const [ada] = isList(await client.get("/Users"), { total: 1 });
    const version = text(object(object(ada)["meta"])["version"]);
    strictEqual(created?.["version"], version);
    const path = `/Users/${text(object(ada)["id"])}`;
    const unchanged = await client.get(path, { "If-None-Match": version });
    strictEqual(unchanged.status, 304);
    strictEqual(unchanged.headers.get("ETag"), version);
  }),
);

Deno.test(
  "43-3.1-20 A version is compared exactly in filters",
  withClient(async (client) => {
    const { id, version } = await client.user("ada");
    const found = async (value: string) => {
      const filter = `meta.version eq ${JSON.stringify(value)}`;
      const { json } = await client.get(query("/Users", filter));
      return objects(json["Resources"]).map((resource) => resource["id"]);
    };
    deepStrictEqual(await found(version), [id]);
    for (const other of [version.replace("W", "w"), version.slice(2), "mine"]) {
      notStrictEqual(other, version);
      deepStrictEqual(await found(other), []);
    }
  }, { profile: "rfc" }),
);
