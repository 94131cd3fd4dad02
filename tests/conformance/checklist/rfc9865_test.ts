// RFC 9865, beyond what tests/routes/scim/cursor_test.ts shows.

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  type Answer,
  type Client,
  isList,
  isScimError,
  object,
  objects,
  TestServer,
  text,
  user,
  withClient,
} from "../../routes/harness.ts";

const RFC = { profile: "rfc" } as const;
const BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const NAMES = ["ada", "bob", "cyd", "dan", "eve"];

async function five(client: Client): Promise<void> {
  for (const name of NAMES) {
    await client.user(name, { displayName: `${name} ✓ü/+?` });
  }
}

function namesOf({ json }: Answer): string[] {
  return objects(json["Resources"]).map(({ userName }) => text(userName));
}

/** All pages of a walk; `next` is put into each follow-up request as it is. */
async function walk(client: Client, query: string): Promise<Answer[]> {
  const pages = [await client.get(`/Users?cursor&${query}`)];
  for (;;) {
    const last = pages.at(-1);
    strictEqual(last?.status, 200, last?.text);
    const next = last.json["nextCursor"];
    if (next === undefined) return pages;
    ok(pages.length < 20, "the walk does not end");
    pages.push(await client.get(`/Users?cursor=${text(next)}&${query}`));
  }
}

for (const profile of ["rfc", "compatible"] as const) {
  for (const first of ["cursor&count=2", "cursor=&count=2", "count=2&cursor"]) {
    Deno.test(
      `65-1 ?${first} begins a walk (${profile})`,
      withClient(async (client) => {
        await five(client);
        const { status, json } = await client.get(`/Users?${first}`);
        strictEqual(status, 200);
        strictEqual(objects(json["Resources"]).length, 2);
        strictEqual(typeof json["nextCursor"], "string");
      }, { profile }),
    );
  }
}

for (const sortBy of ["", "userName", "displayName", "meta.created"]) {
  Deno.test(
    `65-2 65-4 65-5 Pages have cursors of unreserved characters, but the last, and none backward${
      sortBy === "" ? "" : `, sorted by ${sortBy}`
    }`,
    withClient(async (client) => {
      await five(client);
      const sorting = sortBy === "" ? "" : `&sortBy=${sortBy}`;
      const pages = await walk(client, `count=2${sorting}`);
      strictEqual(pages.length, 3);
      for (const { json } of pages.slice(0, -1)) {
        match(text(json["nextCursor"]), /^[A-Za-z0-9._~-]+$/);
      }
      for (const { json } of pages) {
        strictEqual(json["previousCursor"], undefined);
        strictEqual(json["startIndex"], undefined);
        strictEqual(objects(json["Resources"]).length, json["itemsPerPage"]);
      }
      const met = pages.flatMap(namesOf);
      deepStrictEqual(sortBy === "userName" ? met : met.sort(), NAMES);
    }, RFC),
  );
}

for (
  const [count, page] of [["-5", 0], ["0", 0], ["3", 3], ["9", 5]] as const
) {
  Deno.test(
    `65-3 count=${count} shows ${page} of five, by cursor as by index`,
    withClient(async (client) => {
      await five(client);
      for (const cursor of ["", "&cursor"]) {
        const { json } = await client.get(`/Users?count=${count}${cursor}`);
        strictEqual(objects(json["Resources"]).length, page);
        strictEqual(json["itemsPerPage"], page);
        strictEqual(json["totalResults"], 5);
      }
    }, RFC),
  );
}

Deno.test(
  "65-4 A page can be empty: what was to come has gone, and nextCursor is absent then",
  withClient(async (client) => {
    await five(client);
    const first = await client.get("/Users?cursor&count=3&sortBy=userName");
    for (const name of ["dan", "eve"]) {
      const found = await client.get(`/Users?filter=userName eq "${name}"`);
      const [gone] = objects(found.json["Resources"]);
      await client.delete(`/Users/${gone?.["id"]}`);
    }
    const next = text(first.json["nextCursor"]);
    const last = await client.get(
      `/Users?cursor=${next}&count=3&sortBy=userName`,
    );
    strictEqual(last.status, 200, last.text);
    deepStrictEqual(namesOf(last), []);
    ok(!Object.hasOwn(last.json, "nextCursor"));
  }, RFC),
);

Deno.test(
  "65-7 A count above maxPageSize is no error, it is lowered",
  withClient(async (client) => {
    await five(client);
    const first = await client.get("/Users?cursor&count=100000");
    deepStrictEqual(namesOf(first).sort(), NAMES);
    strictEqual(first.json["nextCursor"], undefined);
  }, RFC),
);

for (const sortOrder of ["ascending", "descending"]) {
  Deno.test(
    `65-9 A walk by userName is ${sortOrder} from end to end`,
    withClient(async (client) => {
      await five(client);
      const query = `count=2&sortBy=userName&sortOrder=${sortOrder}`;
      const met = (await walk(client, query)).flatMap(namesOf);
      const expected = sortOrder === "ascending" ? NAMES : NAMES.toReversed();
      deepStrictEqual(met, expected);
    }, RFC),
  );
}

Deno.test(
  "65-10 totalResults is exact on each page of a whole list",
  withClient(async (client) => {
    await five(client);
    const pages = await walk(client, "count=2");
    deepStrictEqual(pages.map(({ json }) => json["totalResults"]), [5, 5, 5]);
  }, RFC),
);

Deno.test(
  "65-10 totalResults is left out where a filter would have to look at everything",
  withClient(async (client) => {
    await five(client);
    const pages = await walk(client, 'count=2&filter=displayName co "b"');
    for (const { json } of pages) ok(!Object.hasOwn(json, "totalResults"));
    deepStrictEqual(pages.flatMap(namesOf), ["bob"]);
    const counted = await client.get(
      '/Users?cursor&count=0&filter=displayName co "b"',
    );
    strictEqual(counted.json["totalResults"], 1);
  }, RFC),
);

Deno.test(
  "65-11 65-12 Index is announced as the default, and is what a request without cursor gets",
  withClient(async (client) => {
    await five(client);
    const { json } = await client.get("/ServiceProviderConfig");
    const { defaultPaginationMethod } = object(json["pagination"]);
    strictEqual(defaultPaginationMethod, "index");
    for (const query of ["", "?count=2", "?count=2&startIndex=2"]) {
      const page = await client.get(`/Users${query}`);
      ok(!Object.hasOwn(page.json, "nextCursor"));
      strictEqual(page.json["startIndex"], query.includes("=2&") ? 2 : 1);
    }
  }, RFC),
);

Deno.test(
  "65-16 A cursor is no key: each page needs a token of the tenant, of whatever client",
  withClient(async (client, server) => {
    await five(client);
    const first = await client.get("/Users?cursor&count=2");
    const path = `/Users?count=2&cursor=${text(first.json["nextCursor"])}`;
    isScimError(await client.send(path, { token: null }), 401);
    isScimError(await client.send(path, { token: "x" }), 401);
    const other = await server.client({ ...RFC, tenant: "other" });
    await other.user("zoe");
    const refused = await other.get(path);
    isScimError(refused, 400, "invalidCursor");
    for (const name of NAMES) ok(!refused.text.includes(name));
  }, RFC),
);

Deno.test("65-17 A walk ends with the rights of its token", async () => {
  await using server = await TestServer.start();
  await five(await server.client(RFC));
  const reader = await server.client({ ...RFC, expiresInDays: 1 });
  server.pass({ hours: 23, seconds: 3_000 });
  const first = await reader.get("/Users?cursor&count=2");
  const path = `/Users?count=2&cursor=${text(first.json["nextCursor"])}`;
  strictEqual((await reader.get(path)).status, 200);
  server.pass({ seconds: 600 });
  isScimError(await reader.get(path), 401);
});

Deno.test(
  "65-18 65-19 A cursor with any sign changed is refused, always in the same words",
  withClient(async (client) => {
    await five(client);
    const first = await client.get("/Users?cursor&count=2");
    const cursor = text(first.json["nextCursor"]);
    const texts = new Set<string>();
    for (let place = 0; place < cursor.length; place += 3) {
      const sign = cursor.charAt(place) === "A" ? "B" : "A";
      const forged = cursor.slice(0, place) + sign + cursor.slice(place + 1);
      const answer = await client.get(`/Users?count=2&cursor=${forged}`);
      isScimError(answer, 400, "invalidCursor");
      texts.add(answer.text);
    }
    const other = await client.get(`/Groups?count=2&cursor=${cursor}`);
    isScimError(other, 400, "invalidCursor");
    deepStrictEqual([...texts], [other.text]);
  }, RFC),
);

Deno.test(
  "65-3 65-7 65-20 A page holds a thousand resources at the most, and cursors take no room",
  withClient(async (client) => {
    for (const [from, to] of [[0, 600], [600, 1_001]] as const) {
      const Operations = Array.from({ length: to - from }, (_, index) => ({
        method: "POST",
        path: "/Users",
        bulkId: `${index}`,
        data: user(`user${from + index}`),
      }));
      const { status } = await client.post("/Bulk", {
        schemas: [BULK],
        Operations,
      });
      strictEqual(status, 200);
    }
    const before = await client.server.dump();
    const [first, last] = await walk(client, "count=5000&attributes=userName");
    strictEqual(first?.json["itemsPerPage"], 1_000);
    strictEqual(last?.json["itemsPerPage"], 1);
    strictEqual((await client.server.dump()).length, before.length);
  }),
);

Deno.test(
  "65-15 65-21 The schema of the ServiceProviderConfig describes all that pagination holds",
  withClient(async (client) => {
    const config = await client.get("/ServiceProviderConfig");
    const shown = object(config.json["pagination"]);
    const { json } = await client.get(
      "/Schemas/urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig",
    );
    const attribute = objects(json["attributes"]).find(({ name }) =>
      name === "pagination"
    );
    const subAttributes = objects(attribute?.["subAttributes"]);
    deepStrictEqual(
      subAttributes.map(({ name, type, required }) => [name, type, required]),
      [
        ["cursor", "boolean", true],
        ["index", "boolean", true],
        ["defaultPaginationMethod", "string", false],
        ["defaultPageSize", "integer", false],
        ["maxPageSize", "integer", false],
        ["cursorTimeout", "integer", false],
      ],
    );
    const names = subAttributes.map(({ name }) => text(name));
    deepStrictEqual(Object.keys(shown), names);
  }, RFC),
);

Deno.test(
  "65-15 A page and a cursor keep to what the ServiceProviderConfig promises",
  withClient(async (client, server) => {
    const { json } = await client.get("/ServiceProviderConfig");
    const { cursorTimeout } = object(json["pagination"]);
    await five(client);
    const first = await client.get("/Users?cursor&count=4");
    const path = `/Users?count=4&cursor=${text(first.json["nextCursor"])}`;
    server.pass({ seconds: Number(cursorTimeout) });
    isList(await client.get("/Users"), { total: 5 });
    strictEqual(namesOf(await client.get(path)).length, 1);
    server.pass({ seconds: 1 });
    isScimError(await client.get(path), 400, "expiredCursor");
  }, RFC),
);
