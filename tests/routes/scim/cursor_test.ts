import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  type Answer,
  type Client,
  isScimError,
  objects,
  text,
  withClient,
} from "../harness.ts";

const SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

async function five(client: Client): Promise<void> {
  for (const name of ["a", "b", "c", "d", "e"]) {
    await client.user(name, name < "d" ? { title: name } : {});
  }
}

function cursorOf({ json }: Answer): string {
  return text(json["nextCursor"]);
}

function namesOf({ json }: Answer): string[] {
  return objects(json["Resources"]).map(({ userName, displayName }) =>
    String(userName ?? displayName)
  );
}

/** Goes from page to page; ends with the page that has no nextCursor. */
async function walk(client: Client, path: string): Promise<Answer[]> {
  const pages: Answer[] = [];
  let cursor: string | undefined = "";
  while (cursor !== undefined) {
    const page = await client.get(`${path}&cursor=${cursor}`);
    strictEqual(page.status, 200, page.text);
    pages.push(page);
    ok(pages.length < 20, "the walk does not end");
    const next = page.json["nextCursor"];
    cursor = next === undefined ? undefined : text(next);
  }
  return pages;
}

for (const first of ["cursor", "cursor=", "CURSOR="]) {
  Deno.test(
    `65-1 65-2 65-5 65-13 ?${first} begins a walk`,
    withClient(async (client) => {
      await five(client);
      const page = await client.get(`/Users?${first}&count=2`);
      strictEqual(page.status, 200, page.text);
      deepStrictEqual(Object.keys(page.json).sort(), [
        "Resources",
        "itemsPerPage",
        "nextCursor",
        "schemas",
        "totalResults",
      ]);
      strictEqual(page.json["totalResults"], 5);
      strictEqual(page.json["itemsPerPage"], 2);
      match(cursorOf(page), /^[A-Za-z0-9._~-]+$/);
    }),
  );
}

Deno.test(
  "65-11 65-12 Without the parameter a list is paged by index",
  withClient(async (client) => {
    await five(client);
    const { json } = await client.get("/Users?count=2");
    strictEqual(json["startIndex"], 1);
    strictEqual(json["nextCursor"], undefined);
  }),
);

for (const count of [1, 2, 3, 4, 5, 6]) {
  for (
    const query of [
      "",
      "&sortBy=userName&sortOrder=descending",
      "&sortBy=title",
      "&filter=userName+pr",
      "&filter=userName+sw+%22%22&sortBy=meta.created",
    ]
  ) {
    Deno.test(
      `${
        query.includes("sortBy") ? "65-4 65-9" : "65-4"
      } Steps of ${count} meet each of five users once${query}`,
      withClient(async (client) => {
        await five(client);
        const pages = await walk(client, `/Users?count=${count}${query}`);
        strictEqual(pages.length, Math.ceil(5 / count));
        const whole = namesOf(await client.get(`/Users?${query}`));
        deepStrictEqual(pages.flatMap(namesOf), whole);
      }),
    );
  }
}

for (const filter of ["", "&filter=meta.created+pr"]) {
  for (const [users, groups] of [[3, 2], [0, 2], [3, 0], [0, 0]] as const) {
    for (const count of [1, 2, 3, 4]) {
      Deno.test(
        `65-4 Steps of ${count} at the root meet ${users} users and ${groups} groups${filter}`,
        withClient(async (client) => {
          for (let i = 0; i < users; i++) await client.user(`u${i}`);
          for (let i = 0; i < groups; i++) await client.group(`g${i}`);
          const pages = await walk(client, `?count=${count}${filter}`);
          const whole = namesOf(await client.get(`?${filter}`));
          deepStrictEqual(pages.flatMap(namesOf), whole);
        }),
      );
    }
  }
}

Deno.test(
  "65-4 The last page at the root is known when it is not full",
  withClient(async (client) => {
    await client.user("a");
    const pages = await walk(client, "?count=2");
    strictEqual(pages.length, 1);
  }),
);

Deno.test(
  "A sorted walk over several types is refused",
  withClient(async (client) => {
    await five(client);
    isScimError(
      await client.get("?cursor&sortBy=meta.created"),
      400,
      "invalidValue",
      /ask for one type/,
    );
    strictEqual((await client.get("?cursor&sortBy=")).status, 200);
  }),
);

for (
  const query of ["", "&filter=title+pr", "&sortBy=userName", "&filter=id+pr"]
) {
  for (const count of ["0", "-1"]) {
    Deno.test(
      `65-3 count=${count} counts and nothing else${query}`,
      withClient(async (client) => {
        await five(client);
        const total = query === "&filter=title+pr" ? 3 : 5;
        for (const path of ["/Users", ""]) {
          if (path === "" && query.includes("sortBy")) continue;
          const { status, json } = await client.get(
            `${path}?cursor&count=${count}${query}`,
          );
          strictEqual(status, 200);
          const { schemas: _, ...rest } = json;
          deepStrictEqual(rest, {
            totalResults: total,
            itemsPerPage: 0,
            Resources: [],
          });
        }
      }),
    );
  }
}

Deno.test(
  "65-3 Without count a page has 100 resources",
  withClient(async (client) => {
    const creates = Array.from({ length: 101 }, (_, i) => client.user(`u${i}`));
    await Promise.all(creates);
    const first = await client.get("/Users?cursor");
    strictEqual(namesOf(first).length, 100);
    const rest = await client.get(`/Users?cursor=${cursorOf(first)}`);
    strictEqual(namesOf(rest).length, 1);
    const all = await client.get("/Users?cursor&count=5000");
    strictEqual(namesOf(all).length, 101);
    strictEqual(all.json["nextCursor"], undefined);
  }),
);

/** The items of the checklist that a refusal shows. */
const SHOWN = {
  invalidCursor: "65-6 65-8",
  invalidCount: "65-7 65-8",
  invalidValue: "65-13",
} as const;

/** What a follow-up request changes, and how that is refused. */
const CHANGES: readonly (readonly [string, string, keyof typeof SHOWN])[] = [
  ["/Users", "filter=title+pr&count=1", "invalidCursor"],
  ["/Users", "filter=id+pr&sortBy=title&count=1", "invalidCursor"],
  ["/Users", "filter=id+pr&sortOrder=descending&count=1", "invalidCursor"],
  ["/Users", "filter=id+pr&attributes=title&count=1", "invalidCursor"],
  ["/Users", "count=1", "invalidCursor"],
  ["/Groups", "filter=id+pr&count=1", "invalidCursor"],
  ["", "filter=id+pr&count=1", "invalidCursor"],
  ["/Users", "filter=id+pr&count=2", "invalidCount"],
  ["/Users", "filter=id+pr&count=0", "invalidCount"],
  ["/Users", "filter=id+pr&count=1&startIndex=1", "invalidValue"],
];

for (const [path, query, scimType] of CHANGES) {
  Deno.test(
    `${
      SHOWN[scimType]
    } A cursor of /Users?filter=id+pr&count=1 at ${path}?${query} is 400 ${scimType}`,
    withClient(async (client) => {
      await five(client);
      const first = await client.get("/Users?cursor&filter=id+pr&count=1");
      const cursor = cursorOf(first);
      isScimError(
        await client.get(`${path}?${query}&cursor=${cursor}`),
        400,
        scimType,
      );
      const next = await client.get(
        `/Users?cursor=${cursor}&filter=id+pr&count=1`,
      );
      strictEqual(next.status, 200);
      const uncounted = await client.get(
        `/Users?cursor=${cursor}&filter=id+pr`,
      );
      deepStrictEqual(uncounted.json["Resources"], next.json["Resources"]);
    }),
  );
}

Deno.test(
  "65-13 cursor and startIndex in one request are 400 invalidValue",
  withClient(async (client) => {
    for (const query of ["cursor&startIndex=1", "startIndex=2&cursor=x"]) {
      isScimError(
        await client.get(`/Users?${query}`),
        400,
        "invalidValue",
        /cannot be used together/,
      );
    }
  }),
);

for (
  const cursor of ["x", "0", "null", ".", "a.b", "%00", "%F0%9F%98%80", "+"]
) {
  Deno.test(
    `65-8 65-18 cursor=${cursor} is 400 invalidCursor`,
    withClient(async (client) => {
      isScimError(
        await client.get(`/Users?cursor=${cursor}`),
        400,
        "invalidCursor",
      );
    }),
  );
}

Deno.test(
  "65-16 65-19 A cursor of another tenant is refused like a forged one",
  withClient(async (client, server) => {
    await five(client);
    const first = await client.get("/Users?cursor&count=1");
    await server.admin("POST", "/tenants", { id: "other" });
    const other = await server.client({ tenant: "other" });
    const path = `/Users?count=1&cursor=${cursorOf(first)}`;
    const refused = await other.get(path);
    isScimError(refused, 400, "invalidCursor");
    const forged = await other.get("/Users?count=1&cursor=x");
    deepStrictEqual(refused.json, forged.json);
  }),
);

Deno.test(
  "65-16 65-17 Another token of the tenant goes on with a cursor, a revoked one does not",
  withClient(async (client, server) => {
    await five(client);
    const first = await client.get("/Users?cursor&count=2");
    const path = `/Users?count=2&cursor=${cursorOf(first)}`;
    const reader = await server.client({ scopes: ["scim:read"] });
    deepStrictEqual(
      (await reader.get(path)).json["Resources"],
      (await client.get(path)).json["Resources"],
    );
    isScimError(await client.send(path, { token: null }), 401);
    const { json } = await server.admin("GET", "/tokens");
    for (const { id } of objects(json["tokens"])) {
      await server.admin("DELETE", `/tokens/${id}`);
    }
    isScimError(await reader.get(path), 401);
  }),
);

Deno.test(
  "65-8 A cursor is good for an hour, then it is 400 expiredCursor",
  withClient(async (client, server) => {
    await five(client);
    const first = await client.get("/Users?cursor&count=2");
    const path = `/Users?count=2&cursor=${cursorOf(first)}`;
    server.pass({ seconds: 3_600 });
    strictEqual((await client.get(path)).status, 200);
    server.pass({ seconds: 1 });
    isScimError(await client.get(path), 400, "expiredCursor", /begin again/);
  }),
);

Deno.test(
  "65-13 65-14 A search takes cursor and count in its body, and they go with those of GET",
  withClient(async (client) => {
    await five(client);
    for (const path of ["/Users", ""]) {
      const found: string[] = [];
      let cursor: string | undefined = "";
      while (cursor !== undefined) {
        const page = await client.post(`${path}/.search`, {
          schemas: [SEARCH],
          cursor,
          count: 2,
        });
        strictEqual(page.status, 200, page.text);
        found.push(...namesOf(page));
        strictEqual(page.json["startIndex"], undefined);
        const next = page.json["nextCursor"];
        cursor = next === undefined ? undefined : text(next);
      }
      deepStrictEqual(found, namesOf(await client.get("/Users")));
    }
    const first = await client.get("/Users?cursor&count=2");
    const next = await client.post("/Users/.search", {
      schemas: [SEARCH],
      cursor: cursorOf(first),
      count: 2,
    });
    strictEqual(namesOf(next).length, 2);
  }),
);

Deno.test(
  "A walk goes on where its last resource has been deleted or has changed its place",
  withClient(async (client) => {
    await five(client);
    const first = await client.get("/Users?cursor&count=2&sortBy=userName");
    const [, b] = objects(first.json["Resources"]);
    const path = `/Users?count=2&sortBy=userName&cursor=${cursorOf(first)}`;
    await client.patch(`/Users/${b?.["id"]}`, [
      { op: "replace", path: "userName", value: "z" },
    ]);
    deepStrictEqual(namesOf(await client.get(path)), ["c", "d"]);
    await client.delete(`/Users/${b?.["id"]}`);
    deepStrictEqual(namesOf(await client.get(path)), ["c", "d"]);
  }),
);

Deno.test(
  "65-12 65-15 ServiceProviderConfig tells of cursors what they do",
  withClient(async (client) => {
    const { json } = await client.get("/ServiceProviderConfig");
    deepStrictEqual(json["pagination"], {
      cursor: true,
      index: true,
      defaultPaginationMethod: "index",
      defaultPageSize: 100,
      maxPageSize: 1_000,
      cursorTimeout: 3_600,
    });
  }),
);
